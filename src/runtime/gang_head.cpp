// SPDX-License-Identifier: Apache-2.0
// The head's messages about gangs.
#include <vector>

#include "runtime/arguments.hpp"
#include "runtime/body.hpp"
#include "runtime/head.hpp"

namespace rankine::runtime {

void Head::submit_gang(Rank submitter, const detail::Submission& submission, const Names& names,
                       Blob* arguments) {
  scheduler::GangSubmitted event;
  event.gang = names.first;
  event.ranks = submission.gang.ranks;
  event.all = submission.gang.all;
  event.parent = names.parent;
  event.key = names.key;
  event.submitter = submitter;
  event.task_class = class_of(submission);
  event.payload = as_payload(arguments);
  event.dependencies = submission.dependencies;
  event.pins = submission.inside;
  handle(event);
}

void Head::on_gang_finished(Rank source, MessageReader& reader) {
  const auto message = reader.record<FinishedMessage>();
  const auto attempt = static_cast<std::uint16_t>(message.attempt);
  const auto [blob, failed] = read_body(reader, blobs_);
  const std::vector<ObjectId> inside = take_refs(source);
  if (failed) {
    gangs_.broken(message.first, attempt);
  } else {
    const GangDesk::Running over = gangs_.returned(message.first, attempt);
    for (const Rank member : over.members)
      send_note(member, MessageType::gang_over, ObjectId{over.serial}, 1, 0, false);
  }
  scheduler::GangMemberFinished event;
  event.gang = message.first;
  event.worker = source;
  event.attempt = attempt;
  event.outcome = {as_value(blob), failed};
  event.inside = inside;
  handle(event);
}

void Head::carry_out(const scheduler::PrepareGang& prepare) {
  const GangDesk::Running& running =
      prepare.member == 0 ? gangs_.begin(prepare.gang, prepare.attempt, scheduler_.gang_members(prepare.gang))
                          : gangs_.at(prepare.gang);
  const bool plain = is_plain_for(prepare.worker, prepare.task_class);
  const Blob& arguments = *as_blob(prepare.payload);
  for (const ObjectId id : dependencies_of(arguments))
    send_dependency(prepare.worker, id, MessageType::dependency);

  PrepareGangMessage message;
  message.header.type = MessageType::prepare_gang;
  message.header.count = prepare.size;
  message.gang = prepare.gang;
  message.key = prepare.key;
  message.function = static_cast<std::uint32_t>(scheduler_.task_class(prepare.task_class).function);
  message.member = prepare.member;
  message.serial = running.serial;
  message.attempt = prepare.attempt;
  message.plain = plain;
  message.task_class = static_cast<std::uint32_t>(prepare.task_class);
  message.value_wanted = prepare.all || prepare.member == 0;
  const std::size_t ranks_bytes = running.members.size() * sizeof(Rank);
  MessageWriter writer(
      transport_.append(prepare.worker, sizeof message + padded(ranks_bytes) + body_bytes(arguments)));
  writer.record(message);
  writer.bytes(running.members.data(), ranks_bytes);
  write_body(writer, arguments, false);
}

void Head::carry_out(const scheduler::RunGang& run) {
  send_note(run.worker, MessageType::run_gang, run.gang, 1, run.attempt, false);
}

void Head::carry_out(const scheduler::BreakGang& broken) {
  gangs_.broken(broken.gang, broken.attempt);
  send_note(broken.worker, MessageType::break_gang, broken.gang, 1, broken.attempt, false);
}

}  // namespace rankine::runtime

// SPDX-License-Identifier: Apache-2.0
#include "say.hpp"

#include <sstream>
#include <variant>

namespace rankine::scheduler {

std::string say(const Command& command) {
  std::ostringstream out;
  const auto piece = [&](const char* what, const auto& c) {
    out << what << ' ' << number(c.first) << '+' << c.count << " on " << index(c.worker) << " attempt "
        << c.attempt;
  };
  if (const auto* start = std::get_if<Start>(&command)) {
    piece("start", *start);
  } else if (const auto* recall = std::get_if<Recall>(&command)) {
    piece("recall", *recall);
  } else if (const auto* interrupt = std::get_if<Interrupt>(&command)) {
    piece("interrupt", *interrupt);
    if (interrupt->force) out << " by force";
  } else if (const auto* deliver = std::get_if<Deliver>(&command)) {
    out << "deliver " << number(deliver->first) << '+' << deliver->count << " to " << index(deliver->rank);
  } else if (const auto* value = std::get_if<FreeValue>(&command)) {
    out << "free value " << static_cast<std::uint64_t>(value->value.payload);
  } else if (const auto* payload = std::get_if<FreePayload>(&command)) {
    out << "free arguments " << static_cast<std::uint64_t>(payload->payload);
  } else if (const auto* timer = std::get_if<SetTimer>(&command)) {
    out << "timer " << timer->at.ns / kMicrosecond << " us";
  } else if (const auto* actor = std::get_if<StartActor>(&command)) {
    out << "start actor " << number(actor->actor) << " on " << index(actor->worker) << " attempt "
        << actor->attempt;
    if (actor->checkpoint.payload != kNoPayload)
      out << " from state " << static_cast<std::uint64_t>(actor->checkpoint.payload);
  } else if (const auto* stop = std::get_if<StopActor>(&command)) {
    out << "stop actor " << number(stop->actor) << " on " << index(stop->worker);
  } else if (const auto* prepare = std::get_if<PrepareGang>(&command)) {
    out << "prepare gang " << number(prepare->gang) << " member " << prepare->member << " of "
        << prepare->size << " on " << index(prepare->worker) << " attempt " << prepare->attempt;
  } else if (const auto* run = std::get_if<RunGang>(&command)) {
    out << "run gang " << number(run->gang) << " on " << index(run->worker);
  } else if (const auto* leave = std::get_if<BreakGang>(&command)) {
    out << "break gang " << number(leave->gang) << " on " << index(leave->worker);
  } else {
    out << "command " << command.index();
  }
  return out.str();
}

}  // namespace rankine::scheduler

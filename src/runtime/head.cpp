// SPDX-License-Identifier: Apache-2.0
#include "runtime/head.hpp"

#include <limits>
#include <utility>
#include <variant>

#include <rankine/core/check.hpp>
#include <rankine/core/clock.hpp>

#include "runtime/account.hpp"
#include "runtime/arguments.hpp"
#include "runtime/body.hpp"
#include "runtime/client.hpp"
#include "runtime/explanation.hpp"
#include "runtime/failure.hpp"
#include "runtime/options_codec.hpp"
#include "runtime/registry.hpp"
#include "runtime/remote_head.hpp"
#include "runtime/worker.hpp"

namespace rankine::runtime {

namespace {

constexpr ClassId kNoClass{std::numeric_limits<std::uint32_t>::max()};

scheduler::Limits limits_for(const transport::Transport& transport, int ranks, const HeadSettings& settings) {
  scheduler::Limits limits;
  limits.deadline = settings.deadline;
  limits.interrupt_grace = settings.timeout_grace;
  limits.piece_max = piece_elements_max(transport.message_bytes_max());
  limits.reserve = settings.reserve;
  limits.expected_workers = static_cast<std::uint32_t>(ranks > 1 ? ranks - 1 : 1);
  return limits;
}

std::span<const ObjectId> read_ids(MessageReader& reader, std::uint32_t count) {
  return {reinterpret_cast<const ObjectId*>(reader.bytes(std::size_t{8} * count)), count};
}

std::string deadly_text(const scheduler::ObjectView& view) {
  const bool poison = view.failure == scheduler::FailureKind::poison;
  if (view.name.empty()) return std::string(view.text);  // of an actor, whose title comes before it
  return "rankine: " + std::string(view.name) +
         (poison ? " is not tried again, because ranks die when they run it: " : " failed: ") +
         std::string(view.text) + (poison ? ". Remedy: look for the crash in it" : "; no retry is left");
}

}  // namespace

Head::Head(const Topology& topology, transport::Transport& transport, Store& store, Puller& puller,
           BlobPool& blobs, const HeadSettings& settings)
    : topology_(topology),
      transport_(transport),
      store_(store),
      puller_(puller),
      blobs_(blobs),
      scheduler_(limits_for(transport, topology.size(), settings)),
      spread_(topology),
      staged_refs_(static_cast<std::size_t>(topology.size())),
      settings_(settings),
      timer_(kNeverEnds) {}

/// Nobody is told any more: whoever holds the memory of a value is at its end, too.
Head::~Head() {
  scheduler_.give_up(commands_);
  for (const scheduler::Command& command : commands_) {
    if (const auto* payload = std::get_if<scheduler::FreePayload>(&command)) {
      blobs_.drop(as_blob(payload->payload));
    } else if (const auto* value = std::get_if<scheduler::FreeValue>(&command)) {
      blobs_.drop(as_blob(value->value.payload));
    }
  }
}

void Head::worker_joined(Rank rank, const scheduler::Resources& resources) {
  handle(scheduler::WorkerJoined{rank, topology_.place(rank).node, resources});
}

bool Head::all_ended() const {
  const scheduler::Counts counts = scheduler_.counts();
  return counts.waiting + counts.ready + counts.assigned == 0;
}

void Head::tick() {
  timer_ = kNeverEnds;
  time_ = now();
  handle(scheduler::Tick{});
}

// ---- from the client of rank 0 and from messages: events ----

/// Each is copied before it is carried out: that may append more.
void Head::run_commands() {
  running_commands_ = true;
  for (std::size_t i = 0; i < commands_.size(); ++i) {
    std::visit([this](const auto command) { carry_out(command); }, commands_[i]);
  }
  commands_.clear();
  running_commands_ = false;
}

ClassId Head::class_of(const detail::Submission& submission) {
  const auto number = static_cast<std::size_t>(submission.function);
  if (submission.options == nullptr) {
    if (number >= default_classes_.size()) default_classes_.resize(number + 1, kNoClass);
    ClassId& known = default_classes_[number];
    if (known == kNoClass) known = scheduler_.intern(task_class_of(submission.function, Options{}));
    return known;
  }
  return scheduler_.intern(task_class_of(submission.function, *submission.options));
}

void Head::submit(const detail::Submission& submission, const Names& names, Blob* arguments) {
  submit_from(kHead, submission, names, arguments);
}

void Head::submit_from(Rank submitter, const detail::Submission& submission, const Names& names,
                       Blob* arguments) {
  if (arguments->located && !submission.dependencies.empty()) {
    Blob* with_ids = blobs_.make_located(arguments->location(), submission.dependencies);
    blobs_.drop(std::exchange(arguments, with_ids));
  }
  if (submission.gang.ranks > 0) return submit_gang(submitter, submission, names, arguments);
  scheduler::Submitted event;
  event.first = names.first;
  event.count = submission.count;
  event.range = submission.range;
  event.parent = names.parent;
  event.key = names.key;
  event.submitter = submitter;
  event.task_class = class_of(submission);
  event.payload = as_payload(arguments);
  event.payload_bytes = arguments->bytes;
  payload_bytes_ += static_cast<std::int64_t>(arguments->bytes);
  event.dependencies = submission.dependencies;
  event.pins = submission.inside;
  if (ledger_ != nullptr) [[unlikely]] {
    ledger_->prune([this](ObjectId id) { return is_unknown(id); });
    event.known = ledger_->on_submitted(submission, names);
    if (tracer_ != nullptr && !submission.argument_hashes.empty()) tracer_->keyed(names.key);
  }
  handle(event);
}

void Head::put(ObjectId object, Blob* value, std::span<const ObjectId> inside, std::uint64_t content) {
  if (ledger_ != nullptr) ledger_->on_put(object, content);
  handle(scheduler::Put{object, kHead, as_value(value), inside});
}

void Head::note(MessageType type, ObjectId first, std::uint32_t count, bool flag) {
  note_from(kHead, type, first, count, flag);
}

void Head::note_from(Rank rank, MessageType type, ObjectId first, std::uint32_t count, bool flag) {
  switch (type) {
    case MessageType::held:
      return handle(scheduler::Held{first, rank});
    case MessageType::released:
      return handle(scheduler::Released{first, rank});
    case MessageType::wanted:
      return handle(scheduler::Wanted{first, count, rank});
    case MessageType::cancel:
      return handle(scheduler::CancelRequested{first, count, flag});
    default:
      fail_check("a note that the head does not know");
  }
}

void Head::on_message(Rank source, const Header& header, std::span<const std::byte> message) {
  if (order_.waits(source)) [[unlikely]]
    return order_.keep(source, message);
  MessageReader reader(message);
  switch (header.type) {
    case MessageType::finished:
      return on_finished(source, reader);
    case MessageType::started:
    case MessageType::blocked:
    case MessageType::unblocked:
    case MessageType::recalled:
      return on_piece(source, reader);
    case MessageType::submit:
      return on_submit(source, reader);
    case MessageType::put:
      return on_put(source, reader);
    case MessageType::refs:
      return on_refs(source, reader);
    case MessageType::gang_finished:
      return on_gang_finished(source, reader);
    default:
      if (!on_actor_message(source, header, message)) on_note(source, reader);
  }
}

void Head::on_piece(Rank source, MessageReader& reader) {
  const auto message = reader.record<PieceMessage>();
  const auto attempt = static_cast<std::uint16_t>(message.attempt);
  switch (message.header.type) {
    case MessageType::started:
      return handle(scheduler::Started{message.first, source, attempt, message.ticket});
    case MessageType::blocked:
      return handle(scheduler::Blocked{message.first, source, attempt, message.ticket});
    case MessageType::unblocked:
      return handle(scheduler::Unblocked{message.first, source, attempt, message.ticket});
    default:
      return handle(
          scheduler::Recalled{message.first, message.header.count, source, attempt, message.ticket});
  }
}

void Head::on_note(Rank source, MessageReader& reader) {
  const auto message = reader.record<NoteMessage>();
  const auto attempt = static_cast<std::uint16_t>(message.attempt);
  const std::uint32_t count = message.header.count;
  switch (message.header.type) {
    case MessageType::gang_ready:
      return handle(scheduler::GangMemberReady{message.first, source, attempt});
    case MessageType::explain:
      return send_explained(source, message.first, message.attempt);
    case MessageType::vanished:
      return vanished_for(source, message.first, message.attempt);
    default:
      return note_from(source, message.header.type, message.first, count, message.header.flags != 0);
  }
}

void Head::vanished(ObjectId object, const Location& place) {
  vanished_for(kHead, object, hash_of(place));
}

/// Believed only if the value is still thought to be there: it may have been made again meanwhile.
void Head::vanished_for(Rank rank, ObjectId object, std::uint64_t place) {
  const scheduler::ObjectView view = scheduler_.object(object);
  if (view.state == scheduler::ObjectState::sealed && view.value.payload != scheduler::kNoPayload) {
    const Blob& value = *as_blob(view.value.payload);
    if (value.located && hash_of(value.location()) == place) handle(scheduler::ObjectVanished{object});
  }
  handle(scheduler::Wanted{object, 1, rank});
}

void Head::explain(ObjectId object, std::uint64_t ticket) {
  local_->on_explained(ticket, pack_explanation(scheduler_.explain(object, now())));
}

void Head::send_explained(Rank asker, ObjectId object, std::uint64_t ticket) {
  const std::vector<std::byte> packed = pack_explanation(scheduler_.explain(object, now()));
  ExplainedMessage message;
  message.header.type = MessageType::explained;
  message.header.count = static_cast<std::uint32_t>(packed.size());
  message.ticket = ticket;
  MessageWriter writer(transport_.append(asker, sizeof message + padded(packed.size())));
  writer.record(message);
  writer.bytes(packed.data(), packed.size());
}

/// What was kept of a rank's mail while another one's had to come first.
void Head::read_kept(Rank rank) {
  for (const MailOrder::Letter& letter : order_.take(rank)) {
    const std::span<const std::byte> message = std::as_bytes(std::span(letter));
    Header header;
    std::memcpy(&header, message.data(), sizeof header);
    on_message(rank, header, message);
  }
}

void Head::rank_lost(Rank rank, bool with_node, TaskId culprit) {
  for (const Rank borrower : order_.lost(rank)) read_kept(borrower);
  staged_refs_[static_cast<std::size_t>(index(rank))].clear();
  spread_.rank_lost(rank);
  time_ = now();
  handle(scheduler::WorkerLost{rank, with_node, culprit});
}

void Head::on_refs(Rank source, MessageReader& reader) {
  const auto header = reader.record<Header>();
  std::vector<scheduler::Inside>& staged = staged_refs_[static_cast<std::size_t>(index(source))];
  for (std::uint32_t i = 0; i < header.count; ++i) staged.push_back(reader.record<InsideRecord>());
}

std::vector<ObjectId> Head::take_refs(Rank source) {
  std::vector<ObjectId> ids;
  for (const scheduler::Inside& ref : staged_refs_[static_cast<std::size_t>(index(source))])
    ids.push_back(ref.inner);
  staged_refs_[static_cast<std::size_t>(index(source))].clear();
  return ids;
}

void Head::on_submit(Rank source, MessageReader& reader) {
  const auto message = reader.record<SubmitMessage>();
  detail::Submission submission;
  submission.function = FunctionId{message.function};
  submission.count = message.header.count;
  submission.range = message.header.flags != 0;
  Options options;
  if (message.options_bytes > 0) {
    options = unpack_options({reader.bytes(message.options_bytes), message.options_bytes});
    submission.options = &options;
  }
  submission.gang = {message.gang_ranks, submission.range};
  submission.dependencies = read_ids(reader, message.dependencies);
  const std::vector<ObjectId> inside = take_refs(source);
  submission.inside = inside;
  if (message.is_hashed != 0) submission.argument_hashes = {&message.argument_hash, 1};
  Blob* arguments = read_body(reader, blobs_).blob;
  submit_from(source, submission, {message.first, message.parent, message.key}, arguments);
}

void Head::on_put(Rank source, MessageReader& reader) {
  const auto message = reader.record<PutMessage>();
  const std::vector<ObjectId> inside = take_refs(source);
  Blob* blob = read_body(reader, blobs_).blob;
  handle(scheduler::Put{message.object, source, as_value(blob), inside});
}

void Head::on_finished(Rank source, MessageReader& reader) {
  const auto message = reader.record<FinishedMessage>();
  scheduler_.foresee(message.ticket, source);  // fetched while the values are read
  outcomes_.clear();
  for (std::uint32_t i = 0; i < message.header.count; ++i) {
    const auto [blob, failed] = read_body(reader, blobs_);
    outcomes_.push_back({as_value(blob), failed});
  }
  std::vector<scheduler::Inside>& inside = staged_refs_[static_cast<std::size_t>(index(source))];
  scheduler::Finished event;
  event.first = message.first;
  event.count = message.header.count;
  event.worker = source;
  event.attempt = static_cast<std::uint16_t>(message.attempt);
  event.busy = message.busy;
  event.outcomes = outcomes_;
  event.inside = inside;
  event.ticket = message.ticket;
  if (ledger_ != nullptr) [[unlikely]] {
    journal_finished(event);
  } else {
    handle(event);
  }
  inside.clear();
}

// ---- the trace ----

/// The workers that have joined are in it.
void Head::keep_trace(const std::string& path, const trace::Begin& begin,
                      std::span<const scheduler::Resources> workers) {
  time_ = now();
  tracer_ = std::make_unique<Tracer>(path, begin, time_, scheduler_);
  for (int r = workers.size() == 1 ? 0 : 1; r < static_cast<int>(workers.size()); ++r)
    tracer_->on(
        scheduler::WorkerJoined{Rank{r}, topology_.place(Rank{r}).node, workers[static_cast<std::size_t>(r)]},
        time_);
}

// ---- the journal ----

void Head::keep_journal(const LedgerSettings& settings) {
  ledger_ = std::make_unique<Ledger>(settings, blobs_, store_, puller_, [this] { transport_.ring(); });
}

void Head::journal_finished(const scheduler::Finished& event) {
  std::span<const ObjectId> keep;
  if (scheduler_.would_take(event)) keep = ledger_->on_finished(event);
  for (const ObjectId id : keep) handle(scheduler::Lent{id, kHead, kHead});
  handle(event);
  if (!keep.empty()) ledger_->on_kept();
}

void Head::settle_journal() {
  if (tracer_ != nullptr) [[unlikely]] {
    if (tracer_->wants_memory(time_)) tracer_->note(store_.counters(), time_);
    tracer_->breathe(time_);
  }
  if (ledger_ == nullptr) [[likely]]
    return;
  for (const ObjectId id : ledger_->take_written()) handle(scheduler::LoanReturned{id, kHead, kHead});
  ledger_->say_trouble();
}

void Head::end_journal(bool finished) {
  if (ledger_ != nullptr) ledger_->end(finished);
}

void Head::flush_journal(Nanoseconds at_most) {
  if (ledger_ != nullptr) ledger_->flush(at_most);
}

void Head::save_state(const std::string& name, std::span<const std::byte> value) {
  if (ledger_ != nullptr) return ledger_->save_state(name, value);
  states_[name].assign(value.begin(), value.end());
}

std::optional<std::vector<std::byte>> Head::load_state(const std::string& name) {
  if (ledger_ != nullptr) return ledger_->load_state(name);
  const auto found = states_.find(name);
  return found != states_.end() ? std::optional(found->second) : std::nullopt;
}

// ---- commands: messages ----

bool Head::is_plain_for(Rank worker, ClassId id) {
  const auto number = static_cast<std::size_t>(id);
  if (number >= class_notes_.size()) class_notes_.resize(number + 1);
  ClassNote& note = class_notes_[number];
  if (!note.seen) {
    note.seen = true;
    note.plain = is_plain(scheduler_.task_class(id));
  }
  if (note.plain) return true;
  const auto rank = static_cast<std::size_t>(index(worker));
  if (rank >= note.told.size()) note.told.resize(rank + 1);
  if (!note.told[rank]) {
    note.told[rank] = true;
    tell_class(worker, id);
  }
  return false;
}

void Head::tell_class(Rank worker, ClassId id) {
  const scheduler::TaskClass& task_class = scheduler_.task_class(id);
  ClassDemand demand;
  demand.name = task_class.name;
  demand.choices.push_back(task_class.request);
  demand.choices.insert(demand.choices.end(), task_class.alternatives.begin(), task_class.alternatives.end());
  const std::vector<std::byte> packed = pack_demand(demand);
  TaskClassMessage message;
  message.header.type = MessageType::task_class;
  message.header.count = static_cast<std::uint32_t>(packed.size());
  message.task_class = static_cast<std::uint64_t>(id);
  MessageWriter writer(transport_.append(worker, sizeof message + padded(packed.size())));
  writer.record(message);
  writer.bytes(packed.data(), packed.size());
}

void Head::carry_out(const scheduler::Start& start) {
  const bool plain = is_plain_for(start.worker, start.task_class);
  const Blob& arguments = *as_blob(start.payload);
  const std::span<const std::byte> bytes =
      arguments.located ? std::span<const std::byte>() : arguments.inline_bytes();
  for (const ObjectId id : dependencies_of(arguments))
    send_dependency(start.worker, id, MessageType::dependency);
  advise(start.worker, arguments);

  const bool cut_out = start.range && !arguments.located;
  const std::size_t inline_bytes = cut_out ? cut_bytes(bytes, start.element, start.count) : arguments.bytes;
  StartMessage message;
  message.header.type = MessageType::start;
  message.header.count = start.count;
  message.first = start.first;
  message.key = start.key;
  message.element = start.element;
  message.function = static_cast<std::uint32_t>(scheduler_.task_class(start.task_class).function);
  message.attempt = start.attempt;
  message.range = start.range;
  message.cut = cut_out;
  message.task_class = static_cast<std::uint32_t>(start.task_class);
  message.plain = plain;
  message.choice = start.choice;
  message.awaited = start.awaited;
  message.ticket = start.ticket;
  const std::size_t body = sizeof(Body) + padded(arguments.located ? sizeof(Location) : inline_bytes);
  MessageWriter writer(transport_.append(start.worker, sizeof message + body));
  writer.record(message);
  if (cut_out) {
    writer.record(Body{BodyKind::inline_bytes, static_cast<std::uint32_t>(inline_bytes)});
    cut(bytes, start.element, start.count, writer.room(padded(inline_bytes)));
  } else {
    write_body(writer, arguments, false);
  }
}

void Head::send_dependency(Rank worker, ObjectId id, MessageType type) {
  const scheduler::ObjectView view = scheduler_.object(id);
  check(view.state == scheduler::ObjectState::sealed, "a started task's dependencies are sealed");
  const Blob& blob = *as_blob(view.value.payload);
  advise(worker, blob);
  DependencyMessage message;
  message.header.type = type;
  message.object = id;
  MessageWriter writer(transport_.append(worker, sizeof message + body_bytes(blob)));
  writer.record(message);
  write_body(writer, blob, false);
}

void Head::send_note(Rank to, MessageType type, ObjectId first, std::uint32_t count, std::uint16_t attempt,
                     bool flag) {
  NoteMessage message;
  message.header.type = type;
  message.header.flags = flag;
  message.header.count = count;
  message.first = first;
  message.attempt = attempt;
  MessageWriter(transport_.append(to, sizeof message)).record(message);
}

void Head::carry_out(const scheduler::Recall& recall) {
  send_note(recall.worker, MessageType::recall, recall.first, recall.count, recall.attempt, false);
}

void Head::carry_out(const scheduler::Interrupt& interrupt) {
  const bool force = interrupt.force && settings_.can_kill && interrupt.worker != kHead;
  send_note(interrupt.worker, MessageType::interrupt, interrupt.first, interrupt.count, interrupt.attempt,
            force);
}

void Head::carry_out(const scheduler::Deliver& deliver) {
  if (deliver.count == 1 && actors_.size() > 0 && actors_.find(deliver.first) != nullptr)
    return send_place(deliver.rank, deliver.first, scheduler_.object(deliver.first));
  if (deliver.rank == kHead) {
    deliver_here(deliver);
  } else {
    deliver_there(deliver);
  }
}

scheduler::ObjectView Head::root_of(ObjectId object) const {
  scheduler::ObjectView view = scheduler_.object(object);
  while (view.failure == scheduler::FailureKind::dependency) view = scheduler_.object(view.cause);
  return view;
}

Blob* Head::failure_blob(ObjectId object) const {
  const scheduler::ObjectView view = root_of(object);
  Failure failure;
  failure.kind = view.failure;
  failure.parts.text = view.text;
  if (view.failure == scheduler::FailureKind::poison || view.failure == scheduler::FailureKind::worker_died)
    failure.parts.text = deadly_text(view);
  if (view.state == scheduler::ObjectState::unknown) {
    failure.kind = scheduler::FailureKind::lost;
    failure.parts.text = "rankine: object " + std::to_string(number(object)) + " is not known any more";
  } else if (view.value.payload != scheduler::kNoPayload) {
    failure = unpack_failure(as_blob(view.value.payload)->inline_bytes());
  }
  const std::vector<std::byte> bytes = pack_failure(failure);
  Blob* blob = blobs_.make_inline(bytes.size());
  std::memcpy(blob->body(), bytes.data(), bytes.size());
  return blob;
}

void Head::deliver_here(const scheduler::Deliver& deliver) {
  for (std::uint32_t i = 0; i < deliver.count; ++i) {
    const ObjectId id = offset(deliver.first, i);
    const scheduler::ObjectView view = scheduler_.object(id);
    if (view.state == scheduler::ObjectState::sealed) {
      Blob* const value = as_blob(view.value.payload);
      advise(kHead, *value);
      // A place is copied: a value that lies elsewhere can be lost, and dropped here, while it is held.
      Blob* const given = value->located ? blobs_.make_located(value->location()) : value;
      local_->deliver(id, Slot::State::ready, given, value->located);
    } else if (view.state != scheduler::ObjectState::pending) {
      local_->deliver(id, Slot::State::failed, failure_blob(id), true);
    }
  }
}

void Head::deliver_there(const scheduler::Deliver& deliver) {
  struct Item {
    const Blob* blob;
    bool failed;
    bool owned;
  };
  const std::size_t room = transport_.message_bytes_max();
  for (std::uint32_t next = 0; next < deliver.count;) {
    std::vector<Item> items;
    std::size_t bytes = sizeof(DeliverMessage);
    const ObjectId first = offset(deliver.first, next);
    for (; next < deliver.count; ++next) {
      const ObjectId id = offset(deliver.first, next);
      const scheduler::ObjectView view = scheduler_.object(id);
      if (view.state == scheduler::ObjectState::pending) {
        ++next;
        break;
      }
      const bool failed = view.state != scheduler::ObjectState::sealed;
      const Item item{failed ? failure_blob(id) : as_blob(view.value.payload), failed, failed};
      if (!items.empty() && bytes + body_bytes(*item.blob) > room) {
        if (item.owned) blobs_.drop(const_cast<Blob*>(item.blob));
        break;
      }
      bytes += body_bytes(*item.blob);
      advise(deliver.rank, *item.blob);
      items.push_back(item);
    }
    if (items.empty()) continue;
    DeliverMessage message;
    message.header.type = MessageType::deliver;
    message.header.count = static_cast<std::uint32_t>(items.size());
    message.first = first;
    MessageWriter writer(transport_.append(deliver.rank, bytes));
    writer.record(message);
    for (const Item& item : items) {
      write_body(writer, *item.blob, item.failed);
      if (item.owned) blobs_.drop(const_cast<Blob*>(item.blob));
    }
  }
}

void Head::drop(Blob* blob) {
  if (blob == nullptr) return;
  if (blob->located) {
    forget(*blob);
    const Location place = blob->location();
    const Rank lessee = topology_.rank_at(place.node, place.slot);
    if (lessee == topology_.rank) {
      store_.release(place);
    } else {
      FreeBlockMessage message;
      message.header.type = MessageType::free_block;
      message.location = place;
      MessageWriter(transport_.append(lessee, sizeof message)).record(message);
    }
  }
  blobs_.drop(blob);
}

/// Before a rank hears of a value that lies on another node: whom it should ask for it.
void Head::advise(Rank rank, const Blob& value) {
  if (!value.located) return;
  const Location origin = value.location();
  const auto source = spread_.advise(&value, origin, rank);
  if (!source) return;
  if (rank == topology_.rank) return puller_.advise(origin, *source);
  AdviceMessage message;
  message.header.type = MessageType::advice;
  message.origin = origin;
  message.source = index(*source);
  MessageWriter(transport_.append(rank, sizeof message)).record(message);
}

/// Those who were advised give their replicas up.
void Head::forget(const Blob& value) {
  for (const Rank rank : spread_.forget(&value)) {
    if (rank == topology_.rank) {
      puller_.forget(value.location());
      continue;
    }
    AdviceMessage message;
    message.header.type = MessageType::forget;
    message.origin = value.location();
    MessageWriter(transport_.append(rank, sizeof message)).record(message);
  }
}

void Head::carry_out(const scheduler::FreeValue& free) {
  drop(as_blob(free.value.payload));
}
void Head::carry_out(const scheduler::FreePayload& free) {
  payload_bytes_ -= static_cast<std::int64_t>(as_blob(free.payload)->bytes);
  drop(as_blob(free.payload));
}
void Head::carry_out(const scheduler::Enlist&) {
  enlist_();
}
void Head::carry_out(const scheduler::SetTimer& timer) {
  timer_ = timer.at;
}

}  // namespace rankine::runtime

// SPDX-License-Identifier: Apache-2.0
#include "trace/record.hpp"

namespace rankine::trace {

namespace {

template <class R, std::size_t I = 0>
constexpr std::size_t tag_of() {
  if constexpr (std::is_same_v<R, std::variant_alternative_t<I, Record>>) {
    return I;
  } else {
    return tag_of<R, I + 1>();
  }
}

void put(journal::Encoder& to, const scheduler::Resources& resources) {
  to.difference(resources.cpus.fixed());
  to.difference(resources.gpus.fixed());
  to.difference(resources.memory_gib.fixed());
  to.number(resources.custom.size());
  for (const auto& [name, amount] : resources.custom) {
    to.text(name);
    to.difference(amount.fixed());
  }
}

scheduler::Resources get_resources(journal::Decoder& from) {
  scheduler::Resources resources;
  resources.cpus = Amount::of_fixed(from.difference());
  resources.gpus = Amount::of_fixed(from.difference());
  resources.memory_gib = Amount::of_fixed(from.difference());
  const std::uint64_t customs = from.number();
  if (customs > from.left()) return from.refuse(), resources;
  for (std::uint64_t i = 0; i < customs; ++i) {
    std::string name = from.text();
    resources.custom.emplace_back(std::move(name), Amount::of_fixed(from.difference()));
  }
  return resources;
}

// Of a submission,
constexpr std::uint64_t kRange = 1, kOfTask = 2, kGang = 4, kDepends = 8, kNext = 16, kKeyed = 32;
// and of a piece.
constexpr std::uint64_t kSeveral = 1, kRetried = 2, kFailed = 4, kNextPiece = 8;

constexpr std::uint64_t flag(bool is, std::uint64_t value) {
  return is ? value : 0;
}

}  // namespace

void BlockEncoder::restart() {
  at_ = 0;
  submitted_ = ended_ = 0;
}

void BlockEncoder::tag_at(std::uint64_t tag, Nanoseconds at) {
  to_.number(tag);
  to_.difference(at - at_);
  at_ = at;
}

void BlockEncoder::put(const Begin& begin) {
  to_.number(tag_of<Begin>());
  to_.number(begin.format);
  to_.text(begin.program);
  to_.number(begin.ranks);
  to_.number(begin.nodes);
  to_.number(begin.piece_max);
  to_.difference(begin.unix_ns);
}
void BlockDecoder::get(Begin& begin) {
  begin.format = from_.small();
  begin.program = from_.text();
  begin.ranks = from_.small();
  begin.nodes = from_.small();
  begin.piece_max = from_.small();
  begin.unix_ns = from_.difference();
}

void BlockEncoder::put(const Class& task_class) {
  const scheduler::TaskClass& options = task_class.options;
  to_.number(tag_of<Class>());
  to_.number(task_class.number);
  to_.text(options.name);
  trace::put(to_, options.request);
  to_.number(options.alternatives.size());
  for (const scheduler::Resources& other : options.alternatives) trace::put(to_, other);
  to_.difference(options.priority);
  to_.difference(options.max_retries);
  to_.difference(options.timeout);
  to_.difference(index(options.rank));
  to_.difference(index(options.node));
  to_.number(options.soft_affinity ? 1 : 0);
  to_.number(static_cast<std::uint64_t>(options.strategy));
}
void BlockDecoder::get(Class& task_class) {
  task_class.number = from_.small();
  scheduler::TaskClass& options = task_class.options;
  options = {};
  options.name = from_.text();
  options.request = get_resources(from_);
  const std::uint64_t others = from_.number();
  if (others > from_.left()) return from_.refuse();
  for (std::uint64_t i = 0; i < others; ++i) options.alternatives.push_back(get_resources(from_));
  options.priority = static_cast<std::int32_t>(from_.difference());
  options.max_retries = static_cast<std::int32_t>(from_.difference());
  options.timeout = from_.difference();
  options.rank = Rank{static_cast<std::int32_t>(from_.difference())};
  options.node = NodeId{static_cast<std::int32_t>(from_.difference())};
  options.soft_affinity = from_.number() != 0;
  const std::uint64_t strategy = from_.number();
  if (strategy > static_cast<std::uint64_t>(scheduler::Strategy::strict_pack)) return from_.refuse();
  options.strategy = static_cast<scheduler::Strategy>(strategy);
}

void BlockEncoder::put(const Worker& worker) {
  to_.number(tag_of<Worker>());
  to_.difference(index(worker.rank));
  to_.difference(index(worker.node));
  trace::put(to_, worker.resources);
}
void BlockDecoder::get(Worker& worker) {
  worker.rank = Rank{static_cast<std::int32_t>(from_.difference())};
  worker.node = NodeId{static_cast<std::int32_t>(from_.difference())};
  worker.resources = get_resources(from_);
}

void BlockEncoder::put(const WorkerLost& lost) {
  tag_at(tag_of<WorkerLost>(), lost.at);
  to_.difference(index(lost.rank));
}
void BlockDecoder::get(WorkerLost& lost) {
  lost.at = time();
  lost.rank = Rank{static_cast<std::int32_t>(from_.difference())};
}

void BlockEncoder::put(const Submission& submission) {
  const std::uint64_t first = number(submission.first);
  const bool next = first == submitted_;
  const bool of_task = submission.parent != kDriver || submission.submitter != kHead;
  tag_at(tag_of<Submission>(), submission.at);
  to_.number(flag(submission.range, kRange) | flag(of_task, kOfTask) |
             flag(submission.gang_ranks > 0, kGang) | flag(!submission.dependencies.empty(), kDepends) |
             flag(next, kNext) | flag(submission.key != 0, kKeyed));
  if (!next) to_.word(first);
  to_.number(submission.task_class);
  to_.number(submission.argument_bytes);
  if (submission.range) to_.number(submission.count);
  if (of_task) {
    to_.difference(index(submission.submitter));
    to_.word(number(submission.parent));
  }
  if (submission.gang_ranks > 0) to_.number(submission.gang_ranks);
  if (submission.key != 0) to_.word(submission.key);
  if (!submission.dependencies.empty()) {
    to_.number(submission.dependencies.size());
    for (const ObjectId id : submission.dependencies)
      to_.difference(static_cast<std::int64_t>(first - number(id)));
  }
  submitted_ = first + submission.count;
}
void BlockDecoder::get(Submission& submission) {
  submission.at = time();
  const std::uint64_t flags = from_.number();
  const std::uint64_t first = (flags & kNext) != 0 ? submitted_ : from_.word();
  submission.first = ObjectId{first};
  submission.task_class = from_.small();
  submission.argument_bytes = from_.number();
  submission.range = (flags & kRange) != 0;
  submission.count = submission.range ? from_.small() : 1;
  submission.submitter = kHead;
  submission.parent = kDriver;
  if ((flags & kOfTask) != 0) {
    submission.submitter = Rank{static_cast<std::int32_t>(from_.difference())};
    submission.parent = ObjectId{from_.word()};
  }
  submission.gang_ranks = (flags & kGang) != 0 ? from_.small() : 0;
  submission.key = (flags & kKeyed) != 0 ? from_.word() : 0;
  submission.dependencies.clear();
  const std::uint64_t dependencies = (flags & kDepends) != 0 ? from_.number() : 0;
  if (dependencies > from_.left()) return from_.refuse();
  for (std::uint64_t i = 0; i < dependencies; ++i)
    submission.dependencies.push_back(ObjectId{first - static_cast<std::uint64_t>(from_.difference())});
  submitted_ = first + submission.count;
}

void BlockEncoder::put(const Piece& piece) {
  const std::uint64_t first = number(piece.first);
  const bool next = first == ended_;
  tag_at(tag_of<Piece>(), piece.at);
  to_.number(flag(piece.count > 1, kSeveral) | flag(piece.attempt > 1, kRetried) |
             flag(piece.failed > 0, kFailed) | flag(next, kNextPiece));
  if (!next) to_.difference(static_cast<std::int64_t>(first - ended_));
  to_.number(static_cast<std::uint64_t>(index(piece.worker)));
  to_.difference(piece.busy);
  to_.number(piece.bytes);
  if (piece.count > 1) to_.number(piece.count);
  if (piece.attempt > 1) to_.number(piece.attempt);
  if (piece.failed > 0) to_.number(piece.failed);
  ended_ = first + piece.count;
}
void BlockDecoder::get(Piece& piece) {
  piece.at = time();
  const std::uint64_t flags = from_.number();
  const std::uint64_t first =
      (flags & kNextPiece) != 0 ? ended_ : ended_ + static_cast<std::uint64_t>(from_.difference());
  piece.first = ObjectId{first};
  piece.worker = Rank{static_cast<std::int32_t>(from_.small())};
  piece.busy = from_.difference();
  piece.bytes = from_.number();
  piece.count = (flags & kSeveral) != 0 ? from_.small() : 1;
  piece.attempt = (flags & kRetried) != 0 ? static_cast<std::uint16_t>(from_.small()) : std::uint16_t{1};
  piece.failed = (flags & kFailed) != 0 ? from_.small() : 0;
  ended_ = first + piece.count;
}

void BlockEncoder::put(const Blocked& blocked) {
  tag_at(tag_of<Blocked>(), blocked.at);
  to_.word(number(blocked.task));
}
void BlockDecoder::get(Blocked& blocked) {
  blocked.at = time();
  blocked.task = ObjectId{from_.word()};
}

void BlockEncoder::put(const Unblocked& unblocked) {
  tag_at(tag_of<Unblocked>(), unblocked.at);
  to_.word(number(unblocked.task));
}
void BlockDecoder::get(Unblocked& unblocked) {
  unblocked.at = time();
  unblocked.task = ObjectId{from_.word()};
}

void BlockEncoder::put(const Waited& waited) {
  tag_at(tag_of<Waited>(), waited.at);
  to_.difference(waited.length);
  to_.word(number(waited.first));
  to_.number(waited.count);
}
void BlockDecoder::get(Waited& waited) {
  waited.at = time();
  waited.length = from_.difference();
  waited.first = ObjectId{from_.word()};
  waited.count = from_.small();
}

void BlockEncoder::put(const End& end) {
  tag_at(tag_of<End>(), end.at);
  to_.difference(end.driver_left);
  to_.number(end.left_out);
}
void BlockDecoder::get(End& end) {
  end.at = time();
  end.driver_left = from_.difference();
  end.left_out = from_.number();
}

void BlockEncoder::put(const Cancelled& cancelled) {
  tag_at(tag_of<Cancelled>(), cancelled.at);
  to_.word(number(cancelled.first));
  to_.number(cancelled.count);
}
void BlockDecoder::get(Cancelled& cancelled) {
  cancelled.at = time();
  cancelled.first = ObjectId{from_.word()};
  cancelled.count = from_.small();
}

void BlockEncoder::put(const Memory& memory) {
  tag_at(tag_of<Memory>(), memory.at);
  for (const std::uint64_t one : {memory.capacity_bytes, memory.used_bytes, memory.disk_bytes,
                                  memory.spilled_bytes, memory.restored_objects, memory.pulled_bytes})
    to_.number(one);
}
void BlockDecoder::get(Memory& memory) {
  memory.at = time();
  for (std::uint64_t* one : {&memory.capacity_bytes, &memory.used_bytes, &memory.disk_bytes,
                             &memory.spilled_bytes, &memory.restored_objects, &memory.pulled_bytes})
    *one = from_.number();
}

void BlockEncoder::put(const Failed& failed) {
  tag_at(tag_of<Failed>(), failed.at);
  to_.word(number(failed.task));
  to_.text(failed.words);
}
void BlockDecoder::get(Failed& failed) {
  failed.at = time();
  failed.task = ObjectId{from_.word()};
  failed.words = from_.text();
}

bool BlockDecoder::next(Record& record) {
  if (from_.left() == 0) return false;
  const std::uint64_t tag = from_.number();
  bool known = false;
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    const auto as = [&]<std::size_t At>(std::integral_constant<std::size_t, At>) {
      if (tag != At) return;
      known = true;
      get(record.emplace<At>());
    };
    (as(std::integral_constant<std::size_t, I>{}), ...);
  }
  (std::make_index_sequence<std::variant_size_v<Record>>{});
  good_ = known && !from_.failed();
  return good_;
}

}  // namespace rankine::trace

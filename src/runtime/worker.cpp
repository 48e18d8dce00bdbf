// SPDX-License-Identifier: Apache-2.0
#include "runtime/worker.hpp"

#include <algorithm>
#include <bit>
#include <exception>

#include <rankine/core/check.hpp>
#include <rankine/core/clock.hpp>

#include "runtime/body.hpp"
#include "runtime/client.hpp"
#include "runtime/failure.hpp"
#include "runtime/fiber.hpp"
#include "runtime/gpu_devices.hpp"
#include "runtime/large_value.hpp"
#include "runtime/registry.hpp"
#include "runtime/remote_head.hpp"
#include "scheduler/scheduler.hpp"

namespace rankine::runtime {

namespace {

/// A piece that ran this long without a sign is announced to the head.
constexpr Nanoseconds kLongWork = kMillisecond;
/// How far back a waiting task looks for what it awaits in the local queue.
constexpr std::size_t kPromoteWindow = 64;
/// Classes that other ranks may have met and this one has not: the number of a new one is not far beyond.
constexpr std::size_t kClassesAhead = std::size_t{1} << 26;

void append(std::vector<std::byte>& to, const void* from, std::size_t count) {
  const auto* begin = static_cast<const std::byte*>(from);
  to.insert(to.end(), begin, begin + count);
  to.resize(padded(to.size()));
}

}  // namespace

/// Collects the results of a piece in its `bodies`: small ones inline, large ones in the arena.
class ResultBuilder final : public detail::Call::ResultSink {
 public:
  ResultBuilder(Worker& worker, Piece& piece) : worker_(worker), piece_(piece) {}

  std::span<std::byte> allocate(std::size_t bytes) override {
    const std::size_t room = worker_.link_.message_bytes_max() / 2;
    if (bytes > worker_.limits_.inline_bytes || piece_.bodies.size() + bytes > room) {
      large_.emplace(worker_.store_, worker_.room_, bytes);
      return large_->bytes();
    }
    const Body body{BodyKind::inline_bytes, static_cast<std::uint32_t>(bytes)};
    append(piece_.bodies, &body, sizeof body);
    const std::size_t at = piece_.bodies.size();
    piece_.bodies.resize(at + padded(bytes));
    return {piece_.bodies.data() + at, bytes};
  }
  std::vector<ObjectId>* refs() override { return &refs_; }

  void seal(std::uint32_t element) {
    if (large_) {
      const Location place = large_->seal();
      const Body body{BodyKind::located, sizeof place};
      append(piece_.bodies, &body, sizeof body);
      append(piece_.bodies, &place, sizeof place);
    }
    for (const ObjectId ref : refs_) piece_.inside.push_back({element, ref});
  }

 private:
  Worker& worker_;
  Piece& piece_;
  std::optional<LargeValue> large_;
  std::vector<ObjectId> refs_;
};

Worker::Worker(const Topology& topology, HeadLink& link, Store& store, Room& room, BlobPool& blobs,
               const WorkerLimits& limits)
    : topology_(topology),
      link_(link),
      store_(store),
      room_(room),
      blobs_(blobs),
      limits_(limits),
      account_(limits.resources, limits.gpus) {}

Worker::~Worker() {
  for (Blob* blob : staged_dependencies_) blobs_.drop(blob);
  for (const auto& piece : all_pieces_) {
    blobs_.drop(piece->arguments);
    for (Blob* blob : piece->dependencies) blobs_.drop(blob);
  }
}

Piece* Worker::take_piece() {
  if (free_pieces_.empty()) {
    all_pieces_.push_back(std::make_unique<Piece>(*this));
    return all_pieces_.back().get();
  }
  Piece* piece = free_pieces_.back();
  free_pieces_.pop_back();
  return piece;
}

void Worker::recycle(Piece* piece) {
  blobs_.drop(piece->arguments);
  piece->arguments = nullptr;
  for (Blob* blob : piece->dependencies) blobs_.drop(blob);
  piece->dependencies.clear();
  piece->bodies.clear();
  piece->inside.clear();
  piece->view.close();
  piece->interrupted = false;
  piece->announced = false;
  piece->busy = 0;
  piece->holding.gpus.clear();
  piece->results = 0;
  free_pieces_.push_back(piece);
}

void Worker::on_task_class(MessageReader& message) {
  const auto told = message.record<TaskClassMessage>();
  const auto number = static_cast<std::size_t>(told.task_class);
  if (number > demands_.size() + kClassesAhead) throw_damaged("the number of a class of tasks");
  if (number >= demands_.size()) demands_.resize(number + 1);
  demands_[number] =
      std::make_unique<ClassDemand>(unpack_demand({message.bytes(told.header.count), told.header.count}));
}

void Worker::on_dependency(MessageReader& message) {
  staged_dependencies_.push_back(read_dependency(message, blobs_));
}

void Worker::on_start(MessageReader& message) {
  const auto start = message.record<StartMessage>();
  Piece* piece = take_piece();
  piece->first = start.first;
  piece->key = start.key;
  piece->element = start.element;
  piece->range = start.range != 0;
  piece->cut = start.cut != 0;
  piece->awaited = start.awaited != 0;
  piece->attempt = start.attempt;
  piece->ticket = start.ticket;
  piece->function = FunctionId{start.function};
  piece->cursor.reset(start.header.count);
  ask(*piece, start);
  piece->arguments = read_body(message, blobs_).blob;
  piece->dependencies.swap(staged_dependencies_);
  queue_.push_back(piece);
}

const ClassDemand& Worker::demand(std::uint32_t task_class) const {
  const bool known = task_class < demands_.size() && demands_[task_class] != nullptr;
  if (!known) throw_damaged("a task of a class that nobody told of");
  return *demands_[task_class];
}

/// What the piece will hold while it runs.
void Worker::ask(Piece& piece, const StartMessage& start) {
  piece.demand = nullptr;
  piece.frame.holding = nullptr;
  piece.threads = 1;
  piece.device = -1;
  if (start.plain != 0) return;
  piece.demand = &demand(start.task_class);
  if (start.choice >= piece.demand->choices.size())
    throw_damaged("a way to run a task that it does not have");
  piece.holding.resources = piece.demand->choices[start.choice];
  piece.holding.choice = start.choice;
  piece.frame.holding = &piece.holding;
  piece.threads = std::max(1, static_cast<std::int32_t>(piece.holding.resources.cpus.value()));
}

void Worker::hold(Piece& piece) {
  if (piece.demand == nullptr) return account_.take_plain();
  account_.take(piece.holding);
  piece.device = piece.holding.gpus.empty() ? -1 : piece.holding.gpus.front();
}

void Worker::let_go(Piece& piece) {
  if (piece.demand == nullptr) return account_.give_plain();
  account_.give(piece.holding);
}

void Worker::on_recall(const NoteMessage& note_message) {
  const auto is_it = [&](const Piece* p) {
    return p->first == note_message.first && p->attempt == note_message.attempt;
  };
  const auto queued = std::find_if(queue_.rbegin(), queue_.rend(), is_it);
  if (queued != queue_.rend()) {
    Piece* piece = *queued;
    queue_.erase(std::next(queued).base());
    note(MessageType::recalled, *piece, piece->first, piece->cursor.end());
    recycle(piece);
    return;
  }
  // Of what runs the head names the tail that it wants; all that was not begun goes back.
  const auto has_it = [&](const Piece* p) {
    return number(note_message.first) - number(p->first) < p->cursor.end() &&
           p->attempt == note_message.attempt;
  };
  const auto running = std::find_if(started_.begin(), started_.end(), has_it);
  if (running == started_.end()) return;
  const auto [at, count] = (*running)->cursor.cut();
  if (count > 0) note(MessageType::recalled, **running, offset((*running)->first, at), count);
}

bool Worker::on_interrupt(const NoteMessage& note_message, std::vector<Waiter*>& waiting) {
  // Single elements of a longer piece are not worth stopping it: the head drops their results.
  const auto covers = [&](const Piece& piece) {
    const std::uint64_t before = number(piece.first) - number(note_message.first);
    return piece.attempt == note_message.attempt && before + piece.cursor.end() <= note_message.header.count;
  };
  bool running = false;
  for (Piece* piece : started_) {
    if (!covers(*piece)) continue;
    piece->interrupted = true;
    if (piece->waiting != nullptr) waiting.push_back(piece->waiting);
    running = true;
  }
  for (Piece* piece : queue_) {
    if (covers(*piece)) piece->interrupted = true;
  }
  return running && note_message.header.flags != 0;
}

void Worker::give_back_queued() {
  for (Piece* piece : queue_) {
    note(MessageType::recalled, *piece, piece->first, piece->cursor.end());
    recycle(piece);
  }
  queue_.clear();
}

void Worker::note(MessageType type, const Piece& piece, ObjectId first, std::uint32_t count) {
  PieceMessage message;
  message.header.type = type;
  message.header.count = count;
  message.first = first;
  message.attempt = piece.attempt;
  message.ticket = piece.ticket;
  link_.send(sizeof message, [&](std::span<std::byte> into) { MessageWriter(into).record(message); });
}

void Worker::promote(ObjectId awaited) {
  const auto is_it = [awaited](const Piece& p) { return number(awaited) - number(p.first) < p.cursor.end(); };
  if (queue_.empty() || is_it(*queue_.front())) return;
  const std::size_t window = std::min(queue_.size(), kPromoteWindow);
  for (std::size_t back = 1; back <= window; ++back) {
    const auto at = queue_.end() - static_cast<std::ptrdiff_t>(back);
    Piece* piece = *at;
    if (!is_it(*piece)) continue;
    queue_.erase(at);
    queue_.push_front(piece);
    return;
  }
}

Job& Worker::next() {
  Piece* piece = queue_.front();
  queue_.pop_front();
  started_.push_back(piece);
  hold(*piece);
  return *piece;
}

void Piece::run() {
  worker.run(*this);
}
void Piece::ended() {
  worker.finish(*this);
}
void Piece::blocked() {
  worker.let_go(*this);
  worker.note(MessageType::blocked, *this, first, 1);
}
void Piece::unblocked() {
  worker.hold(*this);
  worker.note(MessageType::unblocked, *this, first, 1);
}
void Piece::still_running(Time now) {
  if (announced || now - resumed_at < kLongWork) return;
  announced = true;
  worker.note(MessageType::started, *this, first, 1);
}

/// The values of a piece's future arguments, readable in this process.
class Worker::DependencyValues {
 public:
  DependencyValues(Worker& worker, const Piece& piece) {
    for (const Blob* blob : piece.dependencies) {
      detail::ValueBytes value = worker.client_->bytes_of(*blob);
      calls_.push_back({value.bytes, std::move(value.owner)});
    }
  }
  std::span<const detail::Call::Dependency> span() const { return calls_; }

 private:
  std::vector<detail::Call::Dependency> calls_;
};

/// For a crash report.
void Worker::describe(Piece& piece, std::span<const detail::Call::Dependency> dependencies) {
  Running& running = piece.frame.running;
  running.what = "task";
  running.function =
      piece.demand != nullptr ? piece.demand->name.c_str() : function(piece.function).display.c_str();
  running.element = -1;
  running.element_bytes = 0;
  running.attempt = piece.attempt;
  running.argument_bytes = piece.view.common().size();
  for (const detail::Call::Dependency& value : dependencies) running.argument_bytes += value.bytes.size();
}

void Worker::run(Piece& piece) {
  try {
    if (piece.device >= 0) use_gpu_device(piece.device);
    piece.view.open(client_->bytes_of(*piece.arguments), piece.range, piece.cut ? 0 : piece.element,
                    piece.cursor.end());
    const DependencyValues dependencies(*this, piece);
    describe(piece, dependencies.span());
    check(dependencies.span().size() == static_cast<std::size_t>(std::popcount(piece.view.future_mask())),
          "as many dependency values as future arguments");
    for (std::int64_t i = piece.cursor.take(); i >= 0; i = piece.cursor.take()) {
      run_element(piece, static_cast<std::uint32_t>(i), dependencies.span());
    }
  } catch (const FiberClosed&) {
    // The runtime ends; nobody waits for this piece any more.
  } catch (...) {
    while (piece.cursor.take() >= 0) store_failure(piece, piece.bodies.size(), piece.inside.size());
  }
}

void Worker::run_element(Piece& piece, std::uint32_t i,
                         std::span<const detail::Call::Dependency> dependencies) {
  TaskFrame& frame = piece.frame;
  frame.begin(offset(piece.first, i),
              piece.range ? scheduler::element_key(piece.key, piece.element + i) : piece.key);
  const std::size_t bodies_before = piece.bodies.size();
  const std::size_t inside_before = piece.inside.size();
  try {
    if (piece.interrupted) throw TaskCancelled("rankine: the task was cancelled");
    Reader common(piece.view.common(), piece.view.owner());
    std::optional<Reader> element;
    if (piece.range) {
      const std::span<const std::byte> bytes = piece.view.element(i);
      element.emplace(bytes, piece.view.owner());
      frame.running.element = piece.element + i;
      frame.running.element_bytes = bytes.size();
    }
    ResultBuilder result(*this, piece);
    detail::Call call;
    call.element = element ? &*element : nullptr;
    call.common = &common;
    call.future_mask = piece.view.future_mask();
    call.dependencies = dependencies;
    call.result = &result;
    frame.result_refs = result.refs();
    function(piece.function).invoke(call);
    frame.result_refs = nullptr;
    result.seal(i);
    ++piece.results;
  } catch (const FiberClosed&) {
    frame.result_refs = nullptr;
    throw;
  } catch (...) {
    frame.result_refs = nullptr;
    store_failure(piece, bodies_before, inside_before);
  }
}

void Worker::store_failure(Piece& piece, std::size_t bodies_before, std::size_t inside_before) {
  piece.bodies.resize(bodies_before);
  piece.inside.resize(inside_before);
  Failure failure = describe_exception(std::current_exception());
  failure.parts.function = piece.demand != nullptr ? piece.demand->name : function(piece.function).display;
  failure.parts.host = topology_.host;
  failure.parts.rank = index(topology_.rank);
  failure.parts.attempt = piece.attempt;
  const std::size_t room = link_.message_bytes_max();
  if (piece.bodies.size() > room / 2) {
    // Many long errors in one piece: what is kept of the rest fits into what piece_elements_max leaves for
    // it.
    failure.parts.function.clear();
    failure.parts.host.clear();
    failure.parts.type.resize(std::min(failure.parts.type.size(), std::size_t{16}));
    failure.parts.text.resize(std::min(failure.parts.text.size(), std::size_t{16}));
  }
  failure.parts.text.resize(std::min(failure.parts.text.size(), room / 8));
  failure.parts.type.resize(std::min(failure.parts.type.size(), room / 16));
  failure.parts.function.resize(std::min(failure.parts.function.size(), room / 16));
  const std::vector<std::byte> bytes = pack_failure(failure);
  const Body body{BodyKind::failure, static_cast<std::uint32_t>(bytes.size())};
  append(piece.bodies, &body, sizeof body);
  append(piece.bodies, bytes.data(), bytes.size());
  ++piece.results;
}

void Worker::finish(Piece& piece) {
  started_.erase(std::find(started_.begin(), started_.end(), &piece));
  let_go(piece);
  typical_piece_ += (piece.busy - typical_piece_) / 4;
  if (piece.results > 0) send_finished(piece);
  // So that the next tasks come while the ones queued here run; and so that a later task's crash on this rank
  // is not taken for another one of this one's.
  if (piece.awaited || piece.attempt > 1) link_.flush();
  recycle(&piece);
}

void Worker::publish(std::span<const InsideRecord> inside) {
  for (const InsideRecord& ref : inside) client_->publish({&ref.inner, 1});
}

void Worker::send_finished(Piece& piece) {
  FinishedMessage message;
  message.header.type = MessageType::finished;
  message.header.count = piece.results;
  message.first = piece.first;
  message.attempt = piece.attempt;
  message.busy = piece.busy;
  message.ticket = piece.ticket;
  const std::size_t size = sizeof message + piece.bodies.size();
  publish(piece.inside);
  send_refs(link_, piece.inside);
  check(size <= link_.message_bytes_max(), "the results of a piece fit into a message");
  link_.send(size, [&](std::span<std::byte> into) {
    MessageWriter writer(into);
    writer.record(message);
    writer.bytes(piece.bodies.data(), piece.bodies.size());
  });
}

}  // namespace rankine::runtime

// SPDX-License-Identifier: Apache-2.0
#include "runtime/worker.hpp"

#include <algorithm>
#include <bit>
#include <exception>

#include <rankine/core/check.hpp>
#include <rankine/core/clock.hpp>

#include "runtime/aligned.hpp"
#include "runtime/body.hpp"
#include "runtime/failure.hpp"
#include "runtime/registry.hpp"
#include "runtime/remote_head.hpp"
#include "scheduler/scheduler.hpp"

namespace rankine::runtime {

namespace {

/// A piece that ran this long without a sign is announced to the head.
constexpr Nanoseconds kLongWork = kMillisecond;
/// How far back a waiting task looks for what it awaits in the local queue.
constexpr std::size_t kPromoteWindow = 64;

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
      large_.emplace(worker_.store_.create(bytes));
      return large_->data();
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
      const Location place = worker_.store_.seal(std::move(*large_));
      const Body body{BodyKind::located, sizeof place};
      append(piece_.bodies, &body, sizeof body);
      append(piece_.bodies, &place, sizeof place);
    }
    for (const ObjectId ref : refs_) piece_.inside.push_back({element, ref});
  }

 private:
  Worker& worker_;
  Piece& piece_;
  std::optional<Reservation> large_;
  std::vector<ObjectId> refs_;
};

Worker::Worker(const Topology& topology, HeadLink& link, Store& store, BlobPool& blobs, ObjectKeeper& keeper,
               const WorkerLimits& limits)
    : topology_(topology),
      link_(link),
      store_(store),
      blobs_(blobs),
      keeper_(keeper),
      limits_(limits),
      fibers_(limits.stack_bytes, limits.fibers_max) {}

Worker::~Worker() {
  for (Blob* blob : staged_dependencies_) blobs_.drop(blob);
  for (const auto& piece : all_pieces_) {
    blobs_.drop(piece->arguments);
    for (Blob* blob : piece->dependencies) blobs_.drop(blob);
  }
}

Piece* Worker::take_piece() {
  if (free_pieces_.empty()) {
    all_pieces_.push_back(std::make_unique<Piece>());
    all_pieces_.back()->worker = this;
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
  piece->dependency_groups.clear();
  piece->bodies.clear();
  piece->inside.clear();
  piece->view.close();
  piece->fiber = nullptr;
  piece->interrupted = false;
  piece->announced = false;
  piece->busy = 0;
  piece->results = 0;
  free_pieces_.push_back(piece);
}

void Worker::on_dependency(MessageReader& message) {
  staged_groups_.push_back(message.record<ObjectGroup>());
  staged_dependencies_.push_back(read_body(message, blobs_).blob);
}

void Worker::on_start(const StartMessage& start, MessageReader& message) {
  Piece* piece = take_piece();
  piece->first = start.first;
  piece->key = start.key;
  piece->element = start.element;
  piece->range = start.range != 0;
  piece->cut = start.cut != 0;
  piece->attempt = start.attempt;
  piece->function = FunctionId{start.function};
  piece->cursor.reset(start.header.count);
  piece->arguments = read_body(message, blobs_).blob;
  piece->dependencies.swap(staged_dependencies_);
  piece->dependency_groups.swap(staged_groups_);
  queue_.push_back(piece);
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
  const auto running = std::find_if(started_.begin(), started_.end(), is_it);
  if (running == started_.end()) return;
  const auto [at, count] = (*running)->cursor.cut();
  if (count > 0) note(MessageType::recalled, **running, offset((*running)->first, at), count);
}

void Worker::on_interrupt(const NoteMessage& note_message) {
  // Single elements of a longer piece are not worth stopping it: the head drops their results.
  const auto covers = [&](const Piece& piece) {
    const std::uint64_t before = number(piece.first) - number(note_message.first);
    return piece.attempt == note_message.attempt && before + piece.cursor.end() <= note_message.header.count;
  };
  for (Piece* piece : started_) {
    if (covers(*piece)) piece->interrupted = true;
  }
  for (Piece* piece : queue_) {
    if (covers(*piece)) piece->interrupted = true;
  }
}

void Worker::note(MessageType type, const Piece& piece, ObjectId first, std::uint32_t count) {
  NoteMessage message;
  message.header.type = type;
  message.header.count = count;
  message.first = first;
  message.attempt = piece.attempt;
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

void Worker::step(std::unique_lock<std::mutex>& lock, TaskFrame*& frame, Time now) {
  if (!ready_.empty()) {
    Piece* piece = ready_.front();
    ready_.pop_front();
    note(MessageType::unblocked, *piece, piece->first, 1);
    resume(*piece, lock, frame, now);
    return;
  }
  Piece* piece = queue_.front();
  queue_.pop_front();
  piece->fiber = fibers_.take();
  piece->fiber->assign(
      [](void* argument) { static_cast<Piece*>(argument)->worker->run(*static_cast<Piece*>(argument)); },
      piece);
  started_.push_back(piece);
  resume(*piece, lock, frame, now);
}

void Worker::resume(Piece& piece, std::unique_lock<std::mutex>& lock, TaskFrame*& frame, Time now) {
  running_ = &piece;
  piece.resumed_at = now;
  TaskFrame* outer = std::exchange(frame, &piece.frame);
  lock.unlock();
  const bool ended = piece.fiber->resume();
  lock.lock();
  frame = outer;
  running_ = nullptr;
  last_switch_ = rankine::now();
  piece.busy += last_switch_ - piece.resumed_at;
  if (!ended) return;
  std::vector<detail::EntryHandle> held = std::move(piece.held_until_sent);
  piece.held_until_sent.clear();
  finish(piece);
  if (held.empty()) return;
  lock.unlock();  // dropping handles takes the lock
  held.clear();
  lock.lock();
}

void Worker::suspend(Piece& piece, std::unique_lock<std::mutex>& lock) {
  note(MessageType::blocked, piece, piece.first, 1);
  lock.unlock();
  piece.fiber->suspend();
  lock.lock();
}

void Worker::announce_long_work(Time at) {
  Piece* piece = running_;
  if (piece == nullptr || piece->announced || at - piece->resumed_at < kLongWork) return;
  piece->announced = true;
  note(MessageType::started, *piece, piece->first, 1);
}

/// The values of a piece's future arguments, readable in this process.
class Worker::DependencyValues {
 public:
  DependencyValues(Worker& worker, const Piece& piece) {
    for (std::size_t i = 0; i < piece.dependencies.size(); ++i) {
      const Blob& blob = *piece.dependencies[i];
      const ObjectGroup group = piece.dependency_groups[i];
      if (!blob.located) {
        calls_.push_back({blob.inline_bytes(), {}});
      } else if (worker.store_.is_here(blob.location())) {
        calls_.push_back({worker.store_.view(blob.location()),
                          worker.keeper_.keep(group.first, static_cast<std::uint32_t>(group.count))});
      } else {
        const std::shared_ptr<std::byte[]> copy = aligned_bytes(blob.bytes);
        worker.store_.fetch(blob.location(), {copy.get(), blob.bytes});
        calls_.push_back({{copy.get(), blob.bytes}, copy});
      }
    }
  }
  std::span<const detail::Call::Dependency> span() const { return calls_; }

 private:
  std::vector<detail::Call::Dependency> calls_;
};

void Worker::run(Piece& piece) {
  try {
    piece.view.open(*piece.arguments, store_, arguments_cache_, piece.key, piece.range,
                    piece.cut ? 0 : piece.element, piece.cursor.end());
    const DependencyValues dependencies(*this, piece);
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
  frame.id = offset(piece.first, i);
  frame.key = piece.range ? scheduler::element_key(piece.key, piece.element + i) : piece.key;
  frame.children = 0;
  frame.random.reset();
  frame.piece = &piece;
  const std::size_t bodies_before = piece.bodies.size();
  const std::size_t inside_before = piece.inside.size();
  try {
    if (piece.interrupted) throw TaskCancelled("rankine: the task was cancelled");
    Reader common(piece.view.common());
    std::optional<Reader> element;
    if (piece.range) element.emplace(piece.view.element(i));
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
  failure.parts.function = function(piece.function).display;
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
  fibers_.give_back(piece.fiber);
  started_.erase(std::find(started_.begin(), started_.end(), &piece));
  if (piece.results > 0) send_finished(piece);
  recycle(&piece);
}

void Worker::send_finished(Piece& piece) {
  FinishedMessage message;
  message.header.type = MessageType::finished;
  message.header.count = piece.results;
  message.first = piece.first;
  message.attempt = piece.attempt;
  message.busy = piece.busy;
  const std::size_t size = sizeof message + piece.bodies.size();
  send_refs(link_, piece.inside);
  check(size <= link_.message_bytes_max(), "the results of a piece fit into a message");
  link_.send(size, [&](std::span<std::byte> into) {
    MessageWriter writer(into);
    writer.record(message);
    writer.bytes(piece.bodies.data(), piece.bodies.size());
  });
}

}  // namespace rankine::runtime

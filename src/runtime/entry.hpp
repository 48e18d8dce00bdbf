// SPDX-License-Identifier: Apache-2.0
// What a rank knows of the objects that its handles name, and who on this rank waits for them.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <rankine/runtime/context.hpp>

#include "runtime/blob_pool.hpp"
#include "scheduler/slab.hpp"

namespace rankine::runtime {

struct Job;
class ActorLink;

/// Somebody who waits for some objects: the driver, a suspended job, or a thread of its own.
struct Waiter {
  std::uint32_t remaining = 1;                  ///< ends still to come before it may go on
  Job* job = nullptr;                           ///< what is suspended meanwhile
  std::condition_variable_any* bell = nullptr;  ///< what a thread of its own sleeps on
  std::vector<std::uint32_t>* order = nullptr;  ///< tokens of what ended, in that order
  void (*notify)(Waiter& waiter) = nullptr;     ///< what is called instead, with the progress lock held
  bool woken = false;
  bool interruptible = false;  ///< ends before its time when the job is asked to stop
  ObjectId awaited =
      kNoObject;  ///< for the trace: all of [awaited, awaited + awaited_count), or some of many
  std::uint32_t awaited_count = 1;
};

struct Watcher {
  static constexpr std::uint32_t kWhole = 0xffffffff;
  Waiter* waiter = nullptr;
  std::uint32_t element = 0;  ///< kWhole: when all have ended
  std::uint32_t token = 0;
};

/// One element: its state and where its bytes are. Who holds a handle may look at the state, and, once it has
/// ended, at the blob, without the progress lock; everything else needs it.
struct Slot {
  enum class State : std::uint8_t { pending, ready, failed };
  Blob* blob = nullptr;  ///< the value, or the packed failure
  std::atomic<State> state{State::pending};
  bool owned : 1 = false;   ///< this slot drops the blob; else the head does, which lives in the same process
  bool wanted : 1 = false;  ///< the head has been asked to deliver it

  bool pending() const { return state.load(std::memory_order_acquire) == State::pending; }
  void end(Blob* with, State how, bool owns) {
    blob = with;
    owned = owns;
    state.store(how, std::memory_order_release);
  }
  void reset() {
    state.store(State::pending, std::memory_order_relaxed);
    blob = nullptr;
    owned = wanted = false;
  }
};

/// One name of an object, or of a range of them. A million tasks may wait at a time: what few entries need is
/// kept apart. Without a context it is nobody's.
struct Entry : detail::ObjectEntry {
  struct Extra {
    std::unique_ptr<Slot[]> many;  ///< ranges
    ActorLink* link = nullptr;     ///< of an actor that was called from here
    std::vector<Entry*> inside;    ///< of a call's result: what lies inside, held
    std::vector<Watcher> watchers;
    scheduler::Index unlisted = scheduler::kNone;  ///< its own index, where its id leads to another entry
  };

  [[no_unique_address]] Slot single;  ///< what follows lies in its padding
  bool range = false;
  // With the progress lock only:
  bool unasked : 1 = false;  ///< made here: its ends come without being asked for
  /// The result of an actor's call that was not shown to anybody beyond this rank: the head does not know it.
  bool secret : 1 = false;
  union {
    std::uint32_t ended_of_range = 0;  ///< elements
    std::uint32_t call;                ///< of a single: the pending call that it is the result of; 0: none
  };

  Slot& slot(std::uint32_t element) { return range ? extra_->many[element] : single; }
  Extra& extra() {
    if (!extra_) extra_ = std::make_unique<Extra>();
    return *extra_;
  }
  std::uint32_t ended() const { return range ? ended_of_range : single.pending() ? 0 : 1; }
  bool of_pending_call() const { return !range && call != 0; }
  ActorLink* link() const { return extra_ ? extra_->link : nullptr; }
  std::span<Entry* const> inside() const {
    return extra_ ? std::span<Entry* const>(extra_->inside) : std::span<Entry* const>();
  }
  scheduler::Index unlisted() const { return extra_ ? extra_->unlisted : scheduler::kNone; }
  bool watched() const { return extra_ && !extra_->watchers.empty(); }
  void unwatch(const Waiter& waiter) {
    if (!watched()) return;
    std::erase_if(extra_->watchers, [&](const Watcher& watcher) { return watcher.waiter == &waiter; });
  }

  /// As new, for another object.
  void clear(BlobPool& blobs) {
    clear([&blobs](Blob* blob) { blobs.drop(blob); });
  }
  /// The same when the pool is gone.
  void clear() { clear(Blob::drop); }

 private:
  template <class Drop>
  void clear(const Drop& drop) {
    for (std::uint32_t i = 0; i < count; ++i) {
      if (slot(i).owned) drop(slot(i).blob);
    }
    single.reset();
    context = nullptr;
    count = 1;
    ended_of_range = 0;
    range = unasked = secret = false;
    if (!extra_) return;
    extra_->many.reset();
    extra_->link = nullptr;
    extra_->inside.clear();
    extra_->watchers.clear();
    extra_->unlisted = scheduler::kNone;
  }

  std::unique_ptr<Extra> extra_;
};
static_assert(sizeof(Entry) == 48, "a million of them is usual");

}  // namespace rankine::runtime

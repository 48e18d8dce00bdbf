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
  bool owned = false;   ///< this slot drops the blob; else the head does, which lives in the same process
  bool wanted = false;  ///< the head has been asked to deliver it

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
/// kept apart.
struct Entry : detail::ObjectEntry {
  struct Extra {
    std::unique_ptr<Slot[]> many;  ///< ranges
    ActorLink* link = nullptr;     ///< of an actor that was called from here
    std::vector<Entry*> inside;    ///< of a call's result: what lies inside, held
    std::vector<Watcher> watchers;
  };

  Slot single;
  std::uint32_t ended = 0;
  std::uint32_t call = 0;  ///< the pending call that it is the result of; 0: none
  bool range = false;
  bool unasked = false;  ///< made here: its ends come without being asked for
  /// The result of an actor's call that was not shown to anybody beyond this rank: the head does not know it.
  bool secret = false;

  Slot& slot(std::uint32_t element) { return range ? extra_->many[element] : single; }
  Extra& extra() {
    if (!extra_) extra_ = std::make_unique<Extra>();
    return *extra_;
  }
  ActorLink* link() const { return extra_ ? extra_->link : nullptr; }
  std::span<Entry* const> inside() const {
    return extra_ ? std::span<Entry* const>(extra_->inside) : std::span<Entry* const>();
  }
  bool watched() const { return extra_ && !extra_->watchers.empty(); }
  void unwatch(const Waiter& waiter) {
    if (!watched()) return;
    std::erase_if(extra_->watchers, [&](const Watcher& watcher) { return watcher.waiter == &waiter; });
  }

  /// As new, for another object.
  void clear(BlobPool& blobs) {
    for (std::uint32_t i = 0; i < count; ++i) {
      if (slot(i).owned) blobs.drop(slot(i).blob);
    }
    single.reset();
    count = 1;
    ended = 0;
    call = 0;
    range = unasked = secret = false;
    if (!extra_) return;
    extra_->many.reset();
    extra_->link = nullptr;
    extra_->inside.clear();
    extra_->watchers.clear();
  }
  ~Entry() {
    for (std::uint32_t i = 0; i < count; ++i) {
      if (slot(i).owned) Blob::drop(slot(i).blob);
    }
  }

 private:
  std::unique_ptr<Extra> extra_;
};
static_assert(sizeof(Entry) <= 72, "a million of them is usual");

}  // namespace rankine::runtime

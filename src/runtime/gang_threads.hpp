// SPDX-License-Identifier: Apache-2.0
// Threads for members of gangs, kept: to start one costs more than a gang.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "runtime/gang_break.hpp"

namespace rankine::runtime {

struct GangMember;

/// run() and give_back() are called under the caller's lock.
class GangThreads {
 public:
  /// `work` runs a member on one of the threads; what it leaves in `breakable` is kept for the thread's next
  /// member.
  GangThreads(std::function<void(GangMember&, Breakable&)> work, const Awake& awake)
      : work_(std::move(work)), awake_(awake) {}
  ~GangThreads() { join(); }

  /// Waits until the members that run have ended; no more run after that. Without the lock.
  void join();

  void run(GangMember& member);
  /// The thread that ran this member is about to be free.
  void give_back(GangMember& member);
  /// The thread that runs this member never returns: nobody waits for it any more.
  void abandon(GangMember& member);

 private:
  struct Seat {
    std::atomic<std::uint32_t> calls{0};  ///< counts up: somebody sits down, or the end
    GangMember* member = nullptr;
    std::atomic<bool> over{false};
    Breakable breakable;
    std::thread thread;
  };
  std::unique_ptr<Seat>& seat_of(const GangMember& member);
  void serve(Seat& seat);

  std::function<void(GangMember&, Breakable&)> work_;
  Awake awake_;
  std::vector<std::unique_ptr<Seat>> seats_;
  std::vector<Seat*> free_;
};

/// Waits until the word is no longer `old`: looks for a moment, politely towards who needs the core, and then
/// sleeps. The calling thread is counted as awake, and is not while it sleeps.
std::uint32_t await_change(const std::atomic<std::uint32_t>& word, std::uint32_t old, const Awake& awake);

}  // namespace rankine::runtime

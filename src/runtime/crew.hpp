// SPDX-License-Identifier: Apache-2.0
// The further threads of a rank that run jobs, where it was granted more CPUs than one. They are made when
// there is work for them. Short tasks never wake them: one thread alone, without a contended lock, is faster.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include <rankine/core/time.hpp>

#include "runtime/executor.hpp"
#include "runtime/fiber.hpp"
#include "runtime/frame.hpp"
#include "runtime/progress_mutex.hpp"

namespace rankine::runtime {

/// What the crew needs of its rank. All calls are made with the progress lock held.
class CrewWork {
 public:
  virtual ProgressMutex& progress_mutex() = 0;
  /// Polls, keeps time; tells the main thread if that brought it something.
  virtual void look_at_mail() = 0;
  /// The main thread polls or sleeps for mail itself: nobody else needs to.
  virtual bool main_looks() = 0;
  /// A job to start now, or nullptr. `pieces`: not only posted ones.
  virtual Job* take_job(bool pieces) = 0;
  /// The calling thread is about to run user code.
  virtual void before_job() = 0;
  /// Sleeps until mail may have come; at once false if another thread does that already.
  virtual bool sleep_for_mail(Lock& lock) = 0;
  virtual void ring() = 0;
  /// More, or fewer, threads of this rank want a CPU.
  virtual void count_awake(int change) = 0;
  virtual detail::Context& task_context() = 0;

 protected:
  ~CrewWork() = default;
};

/// All calls are made with the progress lock held, except where said.
class Crew {
 public:
  /// `members` threads at most, and one more that takes posted jobs only.
  Crew(CrewWork& work, std::size_t members, std::size_t stack_bytes);
  ~Crew();

  /// A thread is about to run user code while there is more to do: somebody else shall look. `posted`: there
  /// are posted jobs, for which the spare thread may be used too.
  void relieve(bool posted);
  /// A job of this executor was woken.
  void notice(Executor& executor);
  /// Some thread of the crew runs user code.
  bool busy() const;
  /// The same for who does not have the lock: may be out of date at once.
  bool any_running() const { return running_.load() > 0; }
  /// Tells running jobs that they have run for long.
  void still_running(Time now);
  /// Ends the threads; jobs that are suspended on them are unwound there. Without the lock.
  void stop();

 private:
  struct Member {
    Member(std::size_t stack_bytes, std::size_t fibers_max, bool is_spare)
        : fibers(stack_bytes, fibers_max), executor(fibers), spare(is_spare) {}
    FiberPool fibers;
    Executor executor;
    TaskFrame frame;  ///< of the thread between jobs
    bool spare;
    bool asleep = false;
    std::condition_variable_any bell;
    std::thread thread;
  };

  bool wake(bool spare);
  void add_member(bool spare);
  void note_looking(const Member& member, bool looks);
  bool needless(const Member& member);
  void run(Member& me);
  bool run_one(Member& me, Lock& lock);
  void rest(Member& me, Lock& lock);

  CrewWork& work_;
  std::size_t members_max_;
  std::size_t stack_bytes_;
  std::size_t fibers_max_;
  std::vector<std::unique_ptr<Member>> members_;
  std::size_t regular_ = 0;  ///< members that are not spare
  bool have_spare_ = false;
  std::size_t looking_ = 0;   ///< awake, or woken, and not in user code; without the spare
  bool spare_looks_ = false;  ///< the same of the spare
  bool stop_ = false;
  std::atomic<int> running_{0};  ///< members in user code
};

}  // namespace rankine::runtime

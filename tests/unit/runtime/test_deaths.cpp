// SPDX-License-Identifier: Apache-2.0
// How deaths are found: processes that exit, and ranks that fall silent.
#include <csignal>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "catch.hpp"

#include <rankine/core/clock.hpp>

#include "runtime/process_watch.hpp"
#include "runtime/vigil.hpp"

using namespace rankine;
using namespace rankine::runtime;

namespace {

/// A child that waits for signals; killed and reaped at the end.
class Child {
 public:
  Child() : pid_(fork()) {
    if (pid_ == 0) {
      for (;;) pause();
    }
    id_ = find_process(pid_);
  }
  ~Child() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  const ProcessId& id() const { return id_; }

 private:
  pid_t pid_;
  ProcessId id_;
};

}  // namespace

TEST_CASE("a process is its number and its start time") {
  const ProcessId me = find_process(getpid());
  CHECK(me.pid == getpid());
  CHECK(me.start > 0);
  CHECK(is_alive(me));
  CHECK_FALSE(is_alive({me.pid, me.start + 1}));
  CHECK_FALSE(kill_process({me.pid, me.start + 1}));
}

TEST_CASE("an exit is seen once, also of a zombie and of one that had gone before") {
  ProcessWatch watch;
  const Child child;
  watch.add(7, child.id());
  CHECK(watch.wait(0).empty());
  CHECK(kill_process(child.id()));
  CHECK(watch.wait(10 * kSecond) == std::vector<std::size_t>{7});
  CHECK_FALSE(is_alive(child.id()));  // a zombie: nobody has waited for it yet
  CHECK(watch.wait(0).empty());
  watch.add(8, child.id());
  CHECK(watch.wait(10 * kSecond) == std::vector<std::size_t>{8});
  watch.add(9, {find_process(getpid()).pid, find_process(getpid()).start + 1});
  CHECK(watch.wait(10 * kSecond) == std::vector<std::size_t>{9});
}

TEST_CASE("a ring ends a wait") {
  ProcessWatch watch;
  const Child child;
  watch.add(1, child.id());
  watch.ring();
  const Time start = now();
  CHECK(watch.wait(60 * kSecond).empty());
  CHECK(now() - start < 30 * kSecond);
}

TEST_CASE("a rank counts from its first sign of life, until it has been silent for too long") {
  Vigil vigil(3, 10 * kSecond);
  Time t{0};
  CHECK(vigil.silent(t).empty());
  vigil.heard(Rank{1}, t);
  for (int i = 0; i < 10; ++i) {
    t = t + kSecond;
    CHECK(vigil.silent(t).empty());
  }
  t = t + kSecond;
  CHECK(vigil.silent(t) == std::vector<Rank>{Rank{1}});
  vigil.heard(Rank{1}, t);
  CHECK(vigil.silent(t).empty());
  t = t + 4 * kSecond;
  vigil.drop(Rank{1});
  CHECK(vigil.silent(t).empty());
  CHECK(vigil.silent(t + 4 * kSecond).empty());
}

TEST_CASE("who was frozen itself does not hold the silence against others") {
  Vigil vigil(3, 10 * kSecond);
  vigil.heard(Rank{1}, Time{0});
  CHECK(vigil.silent(Time{0}).empty());
  const Time woken{60 * kSecond};
  CHECK(vigil.since_last_look(woken) == 60 * kSecond);
  CHECK(vigil.silent(woken).empty());
  CHECK(vigil.silent(woken + 5 * kSecond).empty());
  CHECK(vigil.silent(woken + 10 * kSecond).empty());
  CHECK(vigil.silent(woken + 11 * kSecond) == std::vector<Rank>{Rank{1}});
}

TEST_CASE("who was frozen before its first look does not hold the silence against others") {
  Vigil vigil(3, 10 * kSecond);
  vigil.heard(Rank{1}, Time{0});
  for (const int t : {60, 65, 70}) CHECK(vigil.silent(Time{t * kSecond}).empty());
  CHECK(vigil.silent(Time{71 * kSecond}) == std::vector<Rank>{Rank{1}});
}

// SPDX-License-Identifier: Apache-2.0
// cancel: what is asked before the outcome is known ends as cancelled, and so does all that needs it.
#include <cstdint>
#include <string>
#include <vector>

#include "gate.hpp"
#include "on_ranks.hpp"

// Named: functions of one name in two files would be one task under two meanings.
namespace cancel_semantics {

using Refs = std::vector<rk::Future<int>>;

int pass(int x) {
  return x;
}
int add(int a, int b) {
  return a + b;
}
int get_inside(const Refs& refs) {
  return refs.at(0).get();
}
/// Makes a child that waits at the gate and hands it out.
rk::Future<int> child_of(const std::string& gate) {
  return rk::submit<pass_gate>(gate, 3);
}
void cancel_from_task(const Refs& refs) {
  refs.at(0).cancel();
}
/// Whether the task saw that it was asked to end, told by opening `seen`.
int until_cancelled(const std::string& started, const std::string& seen) {
  unlink(started.c_str());
  while (!rk::cancelled()) std::this_thread::sleep_for(std::chrono::microseconds(100));
  unlink(seen.c_str());
  return 1;
}

TEST_CASE("a pending task that was cancelled never starts") {
  on_ranks({2, 4}, [] {
    const Gate gate;
    const Gate started;
    const auto blocker = rk::submit<pass_gate>(gate.path(), 1);
    const auto pending = rk::submit([](int, const std::string& door) { return unlink(door.c_str()); },
                                    blocker, started.path());
    pending.cancel();
    CHECK_THROWS_AS(pending.get(), rk::TaskCancelled);
    gate.open();
    CHECK(blocker.get() == 1);
    CHECK(shut(started.path()));
  });
}

TEST_CASE("a task queued behind another on the only worker can be cancelled") {
  on_ranks({2}, [] {
    const Gate gate;
    const Gate running;
    const auto first = rk::submit<knock_and_pass>(running.path(), gate.path(), 1);
    const auto queued = rk::submit<pass>(2);
    const auto independent = rk::submit<pass>(3);
    await(running);
    queued.cancel();
    CHECK_THROWS_AS(queued.get(), rk::TaskCancelled);
    CHECK_FALSE(first.ready());
    gate.open();
    CHECK(first.get() == 1);
    CHECK(independent.get() == 3);
  });
}

TEST_CASE("a running task is asked and its result is dropped") {
  on_ranks({2, 4}, [] {
    const Gate started;
    const Gate seen;
    const auto running = rk::submit<until_cancelled>(started.path(), seen.path());
    await(started);
    running.cancel();
    CHECK_THROWS_AS(running.get(), rk::TaskCancelled);
    CHECK_FALSE(shut(seen.path()));
    CHECK(rk::submit<pass>(2).get() == 2);
  });
}

TEST_CASE("cancelling the first of a chain ends all of it") {
  on_ranks({2, 4}, [] {
    const Gate gate;
    const auto source = rk::submit<pass_gate>(gate.path(), 1);
    const auto first = rk::submit<pass>(source);
    const auto second = rk::submit<pass>(first);
    const auto third = rk::submit<pass>(second);
    first.cancel();
    CHECK_THROWS_AS(first.get(), rk::TaskCancelled);
    CHECK_THROWS_AS(second.get(), rk::TaskCancelled);
    CHECK_THROWS_AS(third.get(), rk::TaskCancelled);
    CHECK_FALSE(source.ready());
    gate.open();
    CHECK(source.get() == 1);
  });
}

TEST_CASE("cancelling the last of a chain leaves what it needs alone") {
  on_ranks({2, 4}, [] {
    const Gate gate;
    const auto first = rk::submit<pass_gate>(gate.path(), 1);
    const auto second = rk::submit<pass>(first);
    const auto third = rk::submit<pass>(second);
    third.cancel();
    CHECK_THROWS_AS(third.get(), rk::TaskCancelled);
    CHECK_FALSE(second.wait(milliseconds(5)));
    gate.open();
    CHECK(second.get() == 1);
  });
}

TEST_CASE("everything that needs a cancelled task fails, what needs only others does not") {
  on_ranks({2, 4}, [] {
    const Gate gate;
    const auto a = rk::submit<pass_gate>(gate.path(), 1);
    const auto b = rk::submit<pass>(2);
    Refs dependents;
    for (int i = 0; i < 3; ++i) dependents.push_back(rk::submit<add>(a, i));
    const auto both = rk::submit<add>(a, b);
    const auto other = rk::submit<add>(b, b);
    a.cancel();
    for (const auto& one : dependents) CHECK_THROWS_AS(one.get(), rk::TaskCancelled);
    CHECK_THROWS_AS(both.get(), rk::TaskCancelled);
    CHECK(other.get() == 4);
  });
}

TEST_CASE("a task that waits inside for a cancelled one learns of it") {
  on_ranks({2, 4}, [] {
    const Gate gate;
    const auto source = rk::submit<pass_gate>(gate.path(), 1);
    const auto inner = rk::submit<pass>(source);
    const auto waits = rk::submit<get_inside>(Refs{inner});
    inner.cancel();
    CHECK_THROWS_AS(inner.get(), rk::TaskCancelled);
    gate.open();
    CHECK_THROWS_AS(waits.get(), rk::TaskCancelled);
  });
}

TEST_CASE("cancelling what has ended changes nothing") {
  on_ranks([] {
    const auto done = rk::submit<pass>(3);
    CHECK(done.get() == 3);
    done.cancel();
    CHECK(done.get() == 3);
    const auto stored = rk::put(4);
    stored.cancel();
    CHECK(stored.get() == 4);
  });
}

TEST_CASE("cancelling twice is the same as once") {
  on_ranks({2, 4}, [] {
    const Gate gate;
    const auto pending = rk::submit<pass>(rk::submit<pass_gate>(gate.path(), 1));
    pending.cancel();
    pending.cancel();
    CHECK_THROWS_AS(pending.get(), rk::TaskCancelled);
    pending.cancel();
    CHECK_THROWS_AS(pending.get(), rk::TaskCancelled);
  });
}

TEST_CASE("a handle that came out of a task can cancel the task's child") {
  on_ranks({2, 4}, [] {
    const Gate gate;
    const auto child = rk::submit<child_of>(gate.path()).get();
    CHECK_FALSE(child.wait(milliseconds(5)));
    child.cancel();
    CHECK_THROWS_AS(child.get(), rk::TaskCancelled);
  });
}

TEST_CASE("a task can cancel another task", "[threads]") {
  on_ranks({4}, [] {
    const Gate gate;
    const auto running = rk::submit<pass_gate>({.rank = 1}, gate.path(), 1);
    rk::submit<cancel_from_task>({.rank = 2}, Refs{running}).get();
    CHECK_THROWS_AS(running.get(), rk::TaskCancelled);
  });
}

TEST_CASE("elements of a map can be cancelled one by one or all") {
  on_ranks({2, 4}, [] {
    const Gate gate;
    const auto source = rk::submit<pass_gate>(gate.path(), 10);
    const auto range = rk::map<add>(std::vector<int>{0, 1, 2, 3}, source);
    range[1].cancel();
    CHECK_THROWS_AS(range[1].get(), rk::TaskCancelled);
    CHECK_FALSE(range[2].ready());
    gate.open();
    CHECK(range[0].get() == 10);
    CHECK(range[3].get() == 13);
    const Gate second;
    const auto all = rk::map<add>(std::vector<int>(1000), rk::submit<pass_gate>(second.path(), 1));
    all.cancel();
    CHECK(all.wait(seconds(60)));
    CHECK_THROWS_AS(all.get(), rk::TaskCancelled);
  });
}

TEST_CASE("cancelling amid thousands of submits ends each task once, as a value or as cancelled") {
  on_ranks({2, 4}, [] {
    const Gate gate;
    const auto source = rk::submit<pass_gate>(gate.path(), 0);
    Refs all;
    for (int i = 0; i < 3000; ++i)
      all.push_back(i % 3 == 0 ? rk::submit<pass>(i) : rk::submit<add>(source, i));
    for (std::size_t i = 0; i < all.size(); i += 7) all[i].cancel();
    gate.open();
    int values = 0;
    int cancelled = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      try {
        values += all[i].get() == static_cast<int>(i) ? 1 : 0;
      } catch (const rk::TaskCancelled&) {
        cancelled += i % 7 == 0 ? 1 : 0;
      }
    }
    CHECK(values + cancelled == 3000);
    CHECK(cancelled > 0);
    CHECK(cancelled <= 429);
  });
}

TEST_CASE("a cancelled task that waits in get stops waiting") {
  on_ranks({2, 4}, [] {
    const Gate gate;
    const auto never = rk::submit<pass_gate>({.rank = 1}, gate.path(), 1);
    const auto waits = rk::submit<get_inside>(Refs{never});
    waits.cancel();
    CHECK_THROWS_AS(waits.get(), rk::TaskCancelled);
  });
}

}  // namespace cancel_semantics

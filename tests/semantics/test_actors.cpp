// SPDX-License-Identifier: Apache-2.0
// Actors: objects that live on one rank; their lives, names, handles and ends.
#include <map>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include <rankine/actor.hpp>

#include "gate.hpp"
#include "on_ranks.hpp"

// Named: functions of one name in two files would be one task under two meanings.
namespace actors_semantics {

int square(int x) {
  return x * x;
}

struct Counter {
  int n = 0;
  int add(int k) { return n += k; }
  int value() const { return n; }
  int refuse(int k) {
    n += k;
    throw std::out_of_range("no " + std::to_string(k));
  }
};

/// Opens a gate when it is destroyed; neither copied nor moved.
class Candle {
 public:
  explicit Candle(std::string gate) : gate_(std::move(gate)) {}
  Candle(const Candle&) = delete;
  Candle& operator=(const Candle&) = delete;
  ~Candle() { unlink(gate_.c_str()); }
  bool burns() const { return shut(gate_); }
  int knock(const std::string& door, const std::string& gate, int x) { return knock_and_pass(door, gate, x); }

 private:
  std::string gate_;
};

class Fussy {
 public:
  explicit Fussy(int x) {
    if (x < 0) throw std::invalid_argument("fussy about " + std::to_string(x));
  }
  int one() { return 1; }
};

class Library {
 public:
  Library(std::string name, const std::vector<int>& numbers) : name_(std::move(name)), numbers_(numbers) {}
  void store(const std::string& key, rk::Future<std::vector<double>> value) { kept_[key] = value; }
  double first(const std::string& key) { return kept_.at(key).get().at(0); }
  rk::Future<std::vector<double>> lend(const std::string& key) { return kept_.at(key); }
  void forget() { kept_.clear(); }
  std::string name() const { return name_; }
  long total() const { return std::accumulate(numbers_.begin(), numbers_.end(), 0L); }

 private:
  std::string name_;
  std::vector<int> numbers_;
  std::map<std::string, rk::Future<std::vector<double>>> kept_;
};

struct Ledger {
  std::vector<int> entries;
  int write(int x) {
    entries.push_back(x);
    return static_cast<int>(entries.size());
  }
  std::vector<int> read() const { return entries; }
  std::vector<int> save() const { return entries; }
  void load(const std::vector<int>& saved) { entries = saved; }
};

int add_through(const rk::Actor<Counter>& counter, int k) {
  return counter.call<&Counter::add>(k).get();
}
int add_through_all(const std::map<std::string, std::vector<rk::Actor<Counter>>>& counters, int k) {
  int sum = 0;
  for (const auto& [name, list] : counters) {
    for (const auto& counter : list) sum += counter.call<&Counter::add>(k).get();
  }
  return sum;
}
rk::Actor<Counter> spawn_with(int n) {
  auto counter = rk::spawn<Counter>();
  counter.call<&Counter::add>(n).get();  // calls of different callers have no order
  return counter;
}
int add_by_name(const std::string& name, int k) {
  return rk::find_actor<Counter>(name).call<&Counter::add>(k).get();
}

TEST_CASE("an actor keeps its state between calls") {
  on_ranks([] {
    const auto counter = rk::spawn<Counter>();
    CHECK(counter.call<&Counter::add>(2).get() == 2);
    CHECK(counter.call<&Counter::add>(3).get() == 5);
    CHECK(counter.call<&Counter::value>().get() == 5);
  });
}

TEST_CASE("actors of one class have each their own state") {
  on_ranks([] {
    const auto one = rk::spawn<Counter>();
    const auto other = rk::spawn<Counter>(10);
    one.call<&Counter::add>(1);
    CHECK(other.call<&Counter::add>(1).get() == 11);
    CHECK(one.call<&Counter::value>().get() == 1);
  });
}

TEST_CASE("constructor arguments may be values, refs and containers") {
  on_ranks([] {
    const auto library = rk::spawn<Library>("Alexandria", rk::put(std::vector<int>{1, 2, 3}));
    CHECK(library.call<&Library::name>().get() == "Alexandria");
    CHECK(library.call<&Library::total>().get() == 6);
    const auto counter = rk::spawn<Counter>(rk::submit<square>(4));
    CHECK(counter.call<&Counter::value>().get() == 16);
  });
}

TEST_CASE("an object that can be neither copied nor moved is an actor") {
  on_ranks([] {
    const Gate gate;
    const auto candle = rk::spawn<Candle>(gate.path());
    CHECK(candle.call<&Candle::burns>().get());
  });
}

TEST_CASE("a method's exception comes out of get and the actor lives on") {
  on_ranks([] {
    const auto counter = rk::spawn<Counter>();
    try {
      counter.call<&Counter::refuse>(4).get();
      FAIL("get returned");
    } catch (const rk::TaskError& error) {
      CHECK(error.parts().type == "std::out_of_range");
      CHECK(error.parts().text == "no 4");
      CHECK(has(error.parts().function, "refuse"));
    }
    CHECK(counter.call<&Counter::add>(1).get() == 5);
  });
}

TEST_CASE("an exception of the constructor comes out of every call") {
  on_ranks([] {
    const auto fussy = rk::spawn<Fussy>(-1);
    for (int i = 0; i < 2; ++i) {
      CHECK(has(words_of<rk::ActorDied>([&] { fussy.call<&Fussy::one>().get(); }), "fussy about -1"));
    }
    CHECK(rk::spawn<Fussy>(1).call<&Fussy::one>().get() == 1);
  });
}

TEST_CASE("a failed constructor argument fails the actor") {
  on_ranks([] {
    const auto counter = rk::spawn<Counter>(
        rk::submit([](int x) -> int { throw std::domain_error("bad " + std::to_string(x)); }, 3));
    CHECK_THROWS_AS(counter.call<&Counter::value>().get(), rk::Error);
  });
}

TEST_CASE("an actor ends when its last handle goes") {
  on_ranks([] {
    const Gate gate;
    {
      auto candle = rk::spawn<Candle>(gate.path());
      const auto copy = candle;
      candle = {};
      CHECK(copy.call<&Candle::burns>().get());
    }
    CHECK(eventually([&gate] { return !shut(gate.path()); }));
  });
}

TEST_CASE("calls made before the last handle went are still answered") {
  on_ranks([] {
    rk::Future<int> last;
    {
      const auto counter = rk::spawn<Counter>();
      for (int i = 0; i < 100; ++i) last = counter.call<&Counter::add>(1);
    }
    CHECK(last.get() == 100);
  });
}

TEST_CASE("a killed actor's calls fail, those to come too") {
  on_ranks({2, 4}, [] {
    const Gate gate;
    const Gate burns;
    const Gate running;
    const auto candle = rk::spawn<Candle>(burns.path());
    const auto running_call = candle.call<&Candle::knock>(running.path(), gate.path(), 1);
    const auto queued = candle.call<&Candle::burns>();
    await(running);
    candle.kill();
    CHECK_THROWS_AS(queued.get(), rk::ActorDied);
    CHECK_THROWS_AS(candle.call<&Candle::burns>().get(), rk::ActorDied);
    gate.open();
    CHECK_THROWS_AS(running_call.get(), rk::ActorDied);
  });
}

TEST_CASE("killing twice is the same as once") {
  on_ranks([] {
    const auto counter = rk::spawn<Counter>();
    CHECK(counter.call<&Counter::add>(1).get() == 1);
    counter.kill();
    counter.kill();
    CHECK_THROWS_AS(counter.call<&Counter::add>(1).get(), rk::ActorDied);
  });
}

TEST_CASE("a handle travels into tasks and inside containers") {
  on_ranks([] {
    const auto counter = rk::spawn<Counter>();
    CHECK(rk::submit<add_through>(counter, 2).get() == 2);
    const std::map<std::string, std::vector<rk::Actor<Counter>>> several{
        {"a", {counter, rk::spawn<Counter>(10)}}, {"b", {}}};
    CHECK(rk::submit<add_through_all>(several, 1).get() == 3 + 11);
    CHECK(rk::put(counter).get().call<&Counter::value>().get() == 3);
  });
}

TEST_CASE("an actor that a task made and handed out lives on after it") {
  on_ranks([] {
    const auto counter = rk::submit<spawn_with>(7).get();
    CHECK(counter.call<&Counter::add>(1).get() == 8);
  });
}

TEST_CASE("a named actor is found from anywhere") {
  on_ranks([] {
    const auto counter = rk::spawn<Counter>({.name = "tally"});
    CHECK(rk::find_actor<Counter>("tally").call<&Counter::add>(2).get() == 2);
    CHECK(rk::submit<add_by_name>("tally", 3).get() == 5);
    CHECK(counter.call<&Counter::value>().get() == 5);
  });
}

TEST_CASE("a name that nobody has, or somebody of another class, is refused by name") {
  on_ranks([] {
    CHECK(has(words_of<rk::InputError>([] { rk::find_actor<Counter>("nobody"); }), "nobody"));
    const auto counter = rk::spawn<Counter>({.name = "number"});
    CHECK(has(words_of<rk::InputError>([] { rk::find_actor<Ledger>("number"); }), "number"));
  });
}

TEST_CASE("a name is one living actor's and free again after its death") {
  on_ranks([] {
    const auto first = rk::spawn<Counter>({.name = "only"}, 1);
    CHECK(has(words_of<rk::InputError>([] { rk::spawn<Counter>({.name = "only"}); }), "only"));
    first.kill();
    CHECK(eventually(
        [] { return words_of<rk::InputError>([] { rk::spawn<Counter>({.name = "only"}); }).empty(); }));
  });
}

TEST_CASE("a detached actor outlives its handles") {
  on_ranks([] {
    { rk::spawn<Counter>({.name = "for ever", .detached = true}, 4).call<&Counter::add>(1).get(); }
    CHECK(rk::submit<add_by_name>("for ever", 1).get() == 6);
    rk::find_actor<Counter>("for ever").kill();
  });
}

TEST_CASE("a thousand actors on two ranks") {
  on_ranks({2}, [] {
    std::vector<rk::Actor<Counter>> actors;
    for (int i = 0; i < 1000; ++i) actors.push_back(rk::spawn<Counter>(i));
    std::vector<rk::Future<int>> results;
    for (const auto& actor : actors) results.push_back(actor.call<&Counter::add>(1));
    long sum = 0;
    for (const auto& result : results) sum += result.get();
    CHECK(sum == 500'500);
  });
}

TEST_CASE("an actor keeps a ref it was given until it lets go") {
  on_ranks([] {
    const auto before = rk::statistics().live_objects;  // the MPI job has run other cases already
    const auto library = rk::spawn<Library>("x", std::vector<int>{});
    library
        .call<&Library::store>("a",
                               rk::Future<std::vector<double>>(rk::put(std::vector<double>(50'000, 3.0))))
        .get();
    for (int i = 0; i < 20; ++i) rk::put(std::vector<double>(50'000, -1.0));
    CHECK(library.call<&Library::first>("a").get() == 3.0);
    {
      const auto lent = library.call<&Library::lend>("a").get();
      CHECK(library.call<&Library::forget>().wait());
      CHECK(lent.get().at(0) == 3.0);
    }
    CHECK(eventually([&] { return rk::statistics().live_objects <= before + 1; }));  // the actor may count
  });
}

TEST_CASE("a restarted actor begins anew, and what was pending says that it was restarted") {
  on_ranks({2, 4}, [] {
    const auto counter = rk::spawn<Counter>({.max_restarts = 1}, 5);
    CHECK(counter.call<&Counter::add>(1).get() == 6);
    counter.kill({.restart = true});
    CHECK(eventually([&counter] {
      try {
        return counter.call<&Counter::value>().get() == 5;
      } catch (const rk::ActorRestarted&) {
        return false;
      }
    }));
  });
}

TEST_CASE("an actor that may not restart stays dead") {
  on_ranks([] {
    const auto counter = rk::spawn<Counter>();
    CHECK(counter.call<&Counter::add>(1).get() == 1);
    counter.kill({.restart = true});
    CHECK_THROWS_AS(counter.call<&Counter::add>(1).get(), rk::ActorDied);
  });
}

TEST_CASE("with max_task_retries a restart is exact: every call counts once and in order") {
  on_ranks([] {
    const auto check = [](std::uint32_t every) {
      const rk::ActorOptions options{.max_restarts = -1, .max_task_retries = -1, .checkpoint_every = every};
      const auto ledger = rk::spawn<Ledger>(options);
      std::vector<rk::Future<int>> written;
      for (int i = 0; i < 60; ++i) {
        written.push_back(ledger.call<&Ledger::write>(i));
        if (i % 20 == 13) ledger.kill({.restart = true});
      }
      for (int i = 0; i < 60; ++i) CHECK(written[static_cast<std::size_t>(i)].get() == i + 1);
      std::vector<int> expected(60);
      std::iota(expected.begin(), expected.end(), 0);
      CHECK(ledger.call<&Ledger::read>().get() == expected);
    };
    for (const std::uint32_t every : {0u, 1u, 7u}) check(every);
  });
}

TEST_CASE("an actor runs on the rank it asks for and holds its resources while it lives", "[threads]") {
  on_ranks({2, 4},
           [] {
             const auto holder = rk::spawn<Counter>({.custom = {{"licence", 1}}, .rank = 1});
             CHECK(holder.call<&Counter::add>(1).get() == 1);
             const auto needs = rk::submit(
                 {.custom = {{"licence", 1}}, .rank = 1}, [](int x) { return x; }, 5);
             CHECK_FALSE(needs.wait(milliseconds(20)));
             holder.kill();
             CHECK(needs.get() == 5);
           },
           {.arena_bytes = std::uint64_t{64} << 20, .resources = {{"licence", 1}}});
}

TEST_CASE("an actor that no rank can ever hold fails at once") {
  on_ranks([] {
    const auto impossible = rk::spawn<Counter>({.gpus = 50});
    CHECK_THROWS_AS(impossible.call<&Counter::value>().get(), rk::Error);
  });
}

TEST_CASE("a handle that refers to nothing says so") {
  on_ranks([] {
    const rk::Actor<Counter> nothing;
    CHECK_FALSE(nothing.valid());
    CHECK(has(words_of<rk::Error>([&] { nothing.call<&Counter::value>(); }), "refers to nothing"));
  });
}

}  // namespace actors_semantics

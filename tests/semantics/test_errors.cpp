// SPDX-License-Identifier: Apache-2.0
// Exceptions, retries and what can never run.
#include <stdexcept>
#include <string>
#include <vector>

#include "gate.hpp"
#include "on_ranks.hpp"

// Named: functions of one name in two files would be one task under two meanings.
namespace errors_semantics {

using Refs = std::vector<rk::Future<int>>;

class QuotaExceeded : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

int add(int a, int b) {
  return a + b;
}
int refuse(int x) {
  throw std::out_of_range("no element " + std::to_string(x));
}
int refuse_in_own_words(int x) {
  throw QuotaExceeded("quota of " + std::to_string(x) + " exceeded");
}
int refuse_with_number(int x) {
  throw x;
}
int refuse_at_length(int bytes) {
  throw std::runtime_error(std::string(static_cast<std::size_t>(bytes), 'e'));
}
int refuse_odd(int x) {
  return x % 2 == 1 ? refuse(x) : x;
}
int get_inside(const Refs& refs) {
  return refs.at(0).get();
}
/// Throws in its first attempts: a gate opens at each until none is shut.
int succeed_after(const std::vector<std::string>& gates) {
  for (const std::string& gate : gates) {
    if (shut(gate)) {
      unlink(gate.c_str());
      throw std::runtime_error("not yet");
    }
  }
  return 1;
}

/// Cannot be packed when it is `armed` and cannot be unpacked when it is `spoilt`.
struct Fragile {
  bool armed = false;
  bool spoilt = false;
};
Fragile make_fragile(bool armed, bool spoilt) {
  return {armed, spoilt};
}
int take_fragile(const Fragile& fragile) {
  return fragile.spoilt ? 1 : 0;
}

}  // namespace errors_semantics

template <>
struct rankine::Codec<errors_semantics::Fragile> {
  template <class Sink>
  static void pack(Sink& sink, const errors_semantics::Fragile& fragile) {
    if (fragile.armed) throw std::logic_error("cannot be packed");
    rankine::pack(sink, fragile.spoilt);
  }
  static errors_semantics::Fragile unpack(Reader& reader) {
    const bool spoilt = rankine::unpack<bool>(reader);
    if (spoilt) throw std::logic_error("cannot be unpacked");
    return {false, spoilt};
  }
};

namespace errors_semantics {

TEST_CASE("an exception comes out of get with its type, text, task and place") {
  on_ranks([] {
    try {
      rk::submit<refuse>(7).get();
      FAIL("get returned");
    } catch (const rk::TaskError& error) {
      CHECK(error.parts().type == "std::out_of_range");
      CHECK(error.parts().text == "no element 7");
      CHECK(has(error.parts().function, "refuse"));
      CHECK(error.parts().rank >= 0);
      CHECK_FALSE(error.parts().host.empty());
      CHECK(error.parts().attempt == 1);
      CHECK(has(error.what(), "no element 7"));
    }
  });
}

TEST_CASE("an exception class of the user's arrives by name") {
  on_ranks([] {
    try {
      rk::submit<refuse_in_own_words>(3).get();
      FAIL("get returned");
    } catch (const rk::TaskError& error) {
      CHECK(has(error.parts().type, "QuotaExceeded"));
      CHECK(error.parts().text == "quota of 3 exceeded");
    }
  });
}

TEST_CASE("an exception that is no std::exception arrives too") {
  on_ranks([] {
    try {
      rk::submit<refuse_with_number>(3).get();
      FAIL("get returned");
    } catch (const rk::TaskError& error) {
      CHECK(error.parts().type == "int");
    }
  });
}

TEST_CASE("an exception with a megabyte of text arrives") {
  on_ranks([] {
    const std::string words = words_of<rk::TaskError>([] { rk::submit<refuse_at_length>(1 << 20).get(); });
    CHECK(has(words, "runtime_error"));
    CHECK(has(words, std::string(1000, 'e')));
  });
}

TEST_CASE("every get throws again") {
  on_ranks([] {
    const auto failed = rk::submit<refuse>(1);
    for (int i = 0; i < 3; ++i) CHECK_THROWS_AS(failed.get(), rk::TaskError);
  });
}

TEST_CASE("get of a list throws the first failure of the list") {
  on_ranks([] {
    const Refs refs{rk::put(1), rk::submit<refuse>(2), rk::submit<refuse>(3)};
    CHECK(has(words_of<rk::TaskError>([&] { rk::get(refs); }), "no element 2"));
  });
}

TEST_CASE("a failed argument fails the task without starting it, with the first cause") {
  on_ranks([] {
    const Gate untouched;
    const auto failed = rk::submit<refuse>(5);
    const auto next = rk::submit([](int x, const std::string& door) { return x + unlink(door.c_str()); },
                                 failed, untouched.path());
    const auto last = rk::submit<add>(next, 1);
    CHECK(has(words_of<rk::TaskError>([&] { last.get(); }), "no element 5"));
    CHECK(shut(untouched.path()));
  });
}

TEST_CASE("a task that gets a failed ref inside may let the exception through") {
  on_ranks([] {
    const auto through = rk::submit<get_inside>(Refs{rk::submit<refuse>(6)});
    CHECK(has(words_of<rk::TaskError>([&] { through.get(); }), "no element 6"));
  });
}

TEST_CASE("a failure that nobody looks at disturbs nobody") {
  on_ranks([] {
    for (int i = 0; i < 100; ++i) rk::submit<refuse>(i);
    Refs good;
    for (int i = 0; i < 100; ++i) good.push_back(rk::submit<add>(i, 1));
    for (int i = 0; i < 100; ++i) CHECK(good[static_cast<std::size_t>(i)].get() == i + 1);
  });
}

TEST_CASE("elements of a map fail one by one") {
  on_ranks([] {
    const auto range = rk::map<refuse_odd>(std::vector<int>{0, 1, 2, 3});
    CHECK(range[0].get() == 0);
    CHECK(range[2].get() == 2);
    CHECK(has(words_of<rk::TaskError>([&] { range[3].get(); }), "no element 3"));
    CHECK(has(words_of<rk::TaskError>([&] { range.get(); }), "no element 1"));
  });
}

TEST_CASE("a task that throws is not tried again unless asked for") {
  on_ranks([] {
    const Gate gate;
    CHECK_THROWS_AS(rk::submit<succeed_after>(std::vector{gate.path()}).get(), rk::TaskError);
    CHECK(rk::submit<succeed_after>(std::vector{gate.path()}).get() == 1);
  });
}

TEST_CASE("retry_exceptions tries again until it succeeds") {
  on_ranks([] {
    const Gate first;
    const Gate second;
    const std::vector<std::string> gates{first.path(), second.path()};
    CHECK(rk::submit<succeed_after>({.max_retries = 2, .retry_exceptions = true}, gates).get() == 1);
  });
}

TEST_CASE("retry_exceptions gives up after max_retries further attempts") {
  on_ranks([] {
    try {
      rk::submit<refuse>({.max_retries = 2, .retry_exceptions = true}, 1).get();
      FAIL("get returned");
    } catch (const rk::TaskError& error) {
      CHECK(error.parts().attempt == 3);
    }
  });
}

TEST_CASE("what cannot be packed throws at the caller, or fails the task that returns it") {
  on_ranks([] {
    CHECK_THROWS_AS(rk::put(Fragile{true, false}), std::logic_error);
    CHECK_THROWS_AS(rk::submit<take_fragile>(Fragile{true, false}), std::logic_error);
    const auto result = rk::submit<make_fragile>(true, false);
    CHECK(has(words_of<rk::TaskError>([&] { result.get(); }), "cannot be packed"));
    CHECK(rk::submit<take_fragile>(Fragile()).get() == 0);
  });
}

TEST_CASE("what cannot be unpacked fails the task that takes it, or throws at get") {
  on_ranks([] {
    const auto spoilt = rk::submit<make_fragile>(false, true);
    CHECK_THROWS_AS(spoilt.get(), std::logic_error);
    const auto taken = rk::submit<take_fragile>(Fragile{false, true});
    CHECK(has(words_of<rk::TaskError>([&] { taken.get(); }), "cannot be unpacked"));
    CHECK(rk::submit<take_fragile>(Fragile()).get() == 0);
  });
}

TEST_CASE("a future that refers to nothing says so") {
  on_ranks([] {
    const rk::Future<int> nothing;
    CHECK_FALSE(nothing.valid());
    CHECK(has(words_of<rk::Error>([&] { nothing.get(); }), "refers to nothing"));
  });
}

TEST_CASE("the driver's exception ends the run, cancels what is left and comes out of it", "[threads]") {
  const int ranks = GENERATE(1, 2, 4);
  const Gate gate;
  rk::Future<int> left;
  const auto run = [&] {
    rk::run_as_threads(ranks, {.arena_bytes = std::uint64_t{64} << 20}, [&] {
      left = rk::submit<pass_gate>(gate.path(), 1);
      throw std::runtime_error("driver broke");
    });
  };
  CHECK(words_of<std::runtime_error>(run) == "driver broke");
}

TEST_CASE("a handle from a run that is over says so instead of hanging", "[threads]") {
  rk::Future<int> kept;
  rk::run_as_threads(2, {.arena_bytes = std::uint64_t{64} << 20}, [&kept] { kept = rk::submit<add>(1, 2); });
  CHECK_THROWS_AS(kept.get(), rk::Error);
}

}  // namespace errors_semantics

// SPDX-License-Identifier: Apache-2.0
// submit and its arguments, results and errors.
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <boost/serialization/vector.hpp>
#include <rankine/serialize/boost.hpp>

#include "on_ranks.hpp"

namespace {

int add(int a, int b) {
  return a + b;
}
double scale(double x) {
  return 2 * x;
}
int scale(int x) {
  return 3 * x;
}
int constant() {
  return 42;
}
void nothing(int) {}
std::string join(const std::string& a, std::string b) {
  return a + b;
}
std::size_t length(std::string_view text) {
  return text.size();
}
double sum_span(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}
std::vector<double> ramp(int n) {
  std::vector<double> values(static_cast<std::size_t>(n));
  std::iota(values.begin(), values.end(), 0.0);
  return values;
}
double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}
rk::Array<double> shared_ramp(int n) {
  return rk::Array<double>(ramp(n));
}
double sum_array(const rk::Array<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

struct Model {
  std::vector<double> weights;
  int epochs = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& weights& epochs;
  }
};
Model train(Model model) {
  for (double& w : model.weights) w += 1;
  ++model.epochs;
  return model;
}

int throw_range(int x) {
  throw std::out_of_range("no element " + std::to_string(x));
}
int throw_number() {
  throw 7;
}
int pass(int x) {
  return x;
}
int ref_inside(const std::vector<rk::Future<int>>& refs) {
  int total = 0;
  for (const auto& ref : refs) total += ref.get();
  return total;
}
int future_parameter(rk::Future<int> ref) {
  return ref.get() + 1;
}
std::vector<rk::Future<int>> make_refs() {
  return {rk::put(1), rk::submit<constant>(), rk::put(3)};
}

}  // namespace

TEST_CASE("a task returns the function's value") {
  on_ranks({1, 2, 3, 8}, [] {
    CHECK(rk::submit<add>(2, 3).get() == 5);
    CHECK(rk::submit<constant>().get() == 42);
    CHECK_NOTHROW(rk::submit<nothing>(1).get());
    CHECK(rk::submit<join>("ran", std::string("kine")).get() == "rankine");
    CHECK(rk::submit<length>("four").get() == 4);
  });
}

TEST_CASE("overloads are chosen with as, lambdas by type") {
  on_ranks({1, 2}, [] {
    CHECK(rk::submit<rk::as<double(double)>(scale)>(2.0).get() == 4.0);
    CHECK(rk::submit<rk::as<int(int)>(scale)>(2).get() == 6);
    CHECK(rk::submit([](double x) { return x + 1; }, 2.0).get() == 3.0);
    CHECK(rk::submit([](double x) { return x + 2; }, 2.0).get() == 4.0);
    CHECK(rk::submit(
              {.priority = 1}, [](int x) { return x - 1; }, 2)
              .get() == 1);
  });
}

TEST_CASE("arguments convert as in a call") {
  on_ranks({2}, [] {
    CHECK(rk::submit<add>(short{2}, 3L).get() == 5);
    CHECK(rk::submit<sum_span>(std::vector<double>{1, 2, 3}).get() == 6.0);
  });
}

TEST_CASE("a future as an argument is a dependency") {
  on_ranks({1, 2, 3}, [] {
    auto a = rk::submit<add>(1, 2);
    auto b = rk::submit<add>(a, 10);
    auto c = rk::submit<add>(b, a);
    CHECK(c.get() == 16);
    CHECK(b.get() == 13);
    auto chain = rk::submit<add>(0, 0);
    for (int i = 0; i < 200; ++i) chain = rk::submit<add>(chain, 1);
    CHECK(chain.get() == 200);
  });
}

TEST_CASE("a future stays a future where the parameter is one, and travels inside containers") {
  on_ranks({1, 2, 3}, [] {
    auto a = rk::submit<constant>();
    CHECK(rk::submit<future_parameter>(a).get() == 43);
    CHECK(rk::submit<ref_inside>(std::vector{a, rk::put(8), a}).get() == 92);
    const auto refs = rk::submit<make_refs>().get();
    REQUIRE(refs.size() == 3);
    CHECK(refs[0].get() + refs[1].get() + refs[2].get() == 46);
  });
}

TEST_CASE("large arguments and results travel through shared memory") {
  on_ranks({1, 2, 3}, [] {
    constexpr int kCount = 300'000;
    const double expected = 0.5 * kCount * (kCount - 1.0);
    auto values = rk::submit<ramp>(kCount);
    CHECK(rk::submit<sum>(values).get() == expected);
    CHECK(rk::submit<sum>(values.get()).get() == expected);
    CHECK(rk::submit<sum_array>(rk::submit<shared_ramp>(kCount)).get() == expected);
  });
}

TEST_CASE("an Array is read in place") {
  on_ranks({1, 2}, [] {
    const auto ref = rk::submit<shared_ramp>(100'000);
    const rk::Array<double> once = ref.get();
    const rk::Array<double> twice = ref.get();
    CHECK(once.data() == twice.data());
    CHECK(once[99'999] == 99'999.0);
  });
}

TEST_CASE("an Array outlives the handle it came from") {
  on_ranks({2}, [] {
    rk::Array<double> kept = rk::submit<shared_ramp>(100'000).get();
    std::vector<rk::Future<rk::Array<double>>> others;
    for (int i = 0; i < 20; ++i) others.push_back(rk::submit<shared_ramp>(100'000 + i));
    for (auto& other : others) other.get();
    for (std::size_t i = 0; i < kept.size(); i += 999) CHECK(kept[i] == static_cast<double>(i));
  });
}

TEST_CASE("a class with a Boost serialize member travels") {
  on_ranks({1, 2}, [] {
    const Model model = rk::submit<train>(rk::submit<train>(Model{{1, 2, 3}, 0})).get();
    CHECK(model.weights == std::vector<double>{3, 4, 5});
    CHECK(model.epochs == 2);
  });
}

TEST_CASE("an exception arrives with its type, text, rank, host and attempt") {
  on_ranks({1, 2, 3}, [] {
    try {
      rk::submit<throw_range>(9).get();
      FAIL("no exception");
    } catch (const rk::TaskError& error) {
      CHECK(error.parts().type == "std::out_of_range");
      CHECK(error.parts().text == "no element 9");
      CHECK(error.parts().function.find("throw_range") != std::string::npos);
      CHECK(error.parts().rank >= 0);
      CHECK(error.parts().host == "thread");
      CHECK(error.parts().attempt == 1);
    }
    CHECK_THROWS_AS(rk::submit<throw_number>().get(), rk::TaskError);
    CHECK(rk::submit<constant>().get() == 42);  // the rank goes on
  });
}

TEST_CASE("a failed argument fails what depends on it, with the first error") {
  on_ranks({1, 2}, [] {
    auto failed = rk::submit<pass>(rk::submit<pass>(rk::submit<throw_range>(5)));
    try {
      failed.get();
      FAIL("no exception");
    } catch (const rk::TaskError& error) {
      CHECK(error.parts().text == "no element 5");
    }
  });
}

TEST_CASE("retry_exceptions tries again") {
  on_ranks({1, 2}, [] {
    try {
      rk::submit<throw_range>({.max_retries = 2, .retry_exceptions = true}, 1).get();
      FAIL("no exception");
    } catch (const rk::TaskError& error) {
      CHECK(error.parts().attempt == 3);
    }
  });
}

TEST_CASE("what no rank can satisfy fails at once and says what there is") {
  on_ranks({1, 3}, [] {
    try {
      rk::submit<constant>({.gpus = 2}).get();
      FAIL("no exception");
    } catch (const rk::Unsatisfiable& error) {
      CHECK(std::string(error.what()).find("gpu") != std::string::npos);
    }
    CHECK_THROWS_AS(rk::submit<constant>({.cpus = -1}), rk::InputError);
  });
}

TEST_CASE("a task goes to the rank it asks for") {
  on_ranks({3}, [] {
    for (const int rank : {1, 2, 1}) {
      try {
        rk::submit<throw_range>({.rank = rank}, 0).get();
      } catch (const rk::TaskError& error) {
        CHECK(error.parts().rank == rank);
      }
    }
  });
}

TEST_CASE("a value larger than the arena is refused with sizes") {
  rk::RuntimeOptions options;
  options.arena_bytes = 32u << 20;
  on_ranks(
      {1, 2},
      [] {
        CHECK_THROWS_AS(rk::put(std::vector<double>(8u << 20)), rk::StoreFull);
        CHECK_THROWS_AS(rk::submit<ramp>(8 << 20).get(), rk::TaskError);
        CHECK(rk::submit<constant>().get() == 42);
      },
      options);
}

TEST_CASE("the exception of the driver comes out, with work left behind") {
  for (const int ranks : {1, 2}) {
    CHECK_THROWS_WITH(rk::run_as_threads(ranks, {},
                                         [] {
                                           auto left = rk::submit<constant>();
                                           throw std::runtime_error("driver broke");
                                         }),
                      "driver broke");
  }
}

TEST_CASE("handles may outlive the runtime") {
  rk::Future<int> kept;
  rk::run_as_threads(2, {}, [&] {
    kept = rk::submit<constant>();
    kept.get();
  });
  CHECK_THROWS_AS(kept.get(), rk::Error);
}

TEST_CASE("a thread that runs neither driver nor task is told so") {
  on_ranks({1}, [] {
    std::string words;
    std::thread foreign([&] {
      try {
        rk::submit<constant>();
      } catch (const rk::Error& error) {
        words = error.what();
      }
    });
    foreign.join();
    CHECK(words.find("neither the driver nor a task") != std::string::npos);
  });
}

TEST_CASE("two runtimes live in one process") {
  std::thread other([] {
    rk::run_as_threads(3, {}, [] {
      for (int i = 0; i < 200; ++i) rk::submit<add>(i, 1).get();
    });
  });
  int total = 0;
  rk::run_as_threads(3, {}, [&] {
    for (int i = 0; i < 200; ++i) total += rk::submit<add>(i, 0).get();
  });
  other.join();
  CHECK(total == 199 * 100);
}

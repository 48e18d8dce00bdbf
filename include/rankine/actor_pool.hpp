// SPDX-License-Identifier: Apache-2.0
// Work spread over equal actors, as Ray's ActorPool: each has a few calls in flight and gets the next input
// when one of them ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

#include <rankine/actor.hpp>

namespace rankine {

template <class T>
class ActorPool {
 public:
  /// Spawns `count` actors, each as spawn<T>(options, arguments...). Names must be empty: they are unique.
  template <class... A>
  ActorPool(std::size_t count, const ActorOptions& options, const A&... arguments) {
    if (count == 0) throw InputError("rankine: a pool of 0 actors can do nothing: ask for 1 or more");
    for (std::size_t i = 0; i < count; ++i) actors_.push_back(spawn<T>(options, arguments...));
  }
  explicit ActorPool(std::size_t count) : ActorPool(count, ActorOptions{}) {}
  explicit ActorPool(std::vector<Actor<T>> actors) : actors_(std::move(actors)) {
    if (actors_.empty()) throw InputError("rankine: a pool of 0 actors can do nothing: give it 1 or more");
  }

  std::size_t size() const { return actors_.size(); }
  const std::vector<Actor<T>>& actors() const { return actors_; }
  /// Calls in flight an actor; more hide the way of arguments and results.
  void set_in_flight(std::size_t calls) { in_flight_ = calls > 0 ? calls : 1; }

  /// The results of M(input) in the order of the inputs (nothing if M returns nothing). The first failure by
  /// order is thrown, after all ended.
  template <auto M, std::ranges::input_range Inputs>
  auto map(const Inputs& inputs) const {
    using Result = ResultOf<M>;
    std::vector<Future<Result>> futures;
    run<M>(
        inputs, [](std::size_t, const Future<Result>&) {}, futures);
    if constexpr (std::is_void_v<Result>) {
      for (const Future<Result>& future : futures) future.get();
    } else {
      return rankine::get(futures);
    }
  }
  /// The same in the order in which they end, which depends on the machine. Each failure is thrown when it is
  /// met; the calls made by then run on.
  template <auto M, std::ranges::input_range Inputs>
  auto map_unordered(const Inputs& inputs) const {
    std::vector<ResultOf<M>> results;
    std::vector<Future<ResultOf<M>>> futures;
    run<M>(
        inputs, [&](std::size_t, const Future<ResultOf<M>>& ended) { results.push_back(ended.get()); },
        futures);
    return results;
  }

 private:
  template <auto M>
  using ResultOf = std::remove_cv_t<typename detail::MethodSignature<decltype(M)>::Result>;

  /// Calls M for every input, at most in_flight_ calls an actor at once; tells each end.
  template <auto M, class Inputs, class Ended>
  void run(const Inputs& inputs, Ended ended, std::vector<Future<ResultOf<M>>>& futures) const {
    struct Flying {
      std::size_t call;
      std::size_t actor;
    };
    std::vector<Flying> flying;
    std::vector<Future<ResultOf<M>>> waited;
    auto input = std::ranges::begin(inputs);
    const auto start = [&](std::size_t actor) {
      if (input == std::ranges::end(inputs)) return;
      flying.push_back({futures.size(), actor});
      futures.push_back(actors_[actor].template call<M>(*input));
      waited.push_back(futures.back());
      ++input;
    };
    for (std::size_t round = 0; round < in_flight_; ++round) {
      for (std::size_t actor = 0; actor < actors_.size(); ++actor) start(actor);
    }
    while (!flying.empty()) {
      const std::uint32_t which = wait(waited, 1).front();
      const Flying done = flying[which];
      flying.erase(flying.begin() + which);
      waited.erase(waited.begin() + which);
      start(done.actor);
      ended(done.call, futures[done.call]);
    }
  }

  std::vector<Actor<T>> actors_;
  std::size_t in_flight_ = 2;
};

}  // namespace rankine

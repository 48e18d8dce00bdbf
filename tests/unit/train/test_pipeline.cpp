// SPDX-License-Identifier: Apache-2.0
// Pipelines on paper: each schedule is run by stages that wait for one another's messages.
#include <catch.hpp>
#include <deque>
#include <numeric>
#include <set>
#include <tuple>
#include <vector>

#include <rankine/core/error.hpp>
#include <rankine/train/parallel.hpp>
#include <rankine/train/pipeline.hpp>

using namespace rankine::train;

namespace {

using Kind = Action::Kind;
/// A pass that is over: (kind, part of the chain, micro-batch).
using Done = std::set<std::tuple<Kind, std::size_t, std::size_t>>;

struct Shape {
  std::size_t stages, chunks, micro_batches;
};

const std::vector<Shape> kShapes = {{1, 1, 1}, {1, 1, 5}, {2, 1, 1}, {2, 1, 4}, {4, 1, 2}, {4, 1, 3},
                                    {4, 1, 8}, {2, 2, 2}, {2, 2, 8}, {2, 3, 4}, {4, 2, 8}, {4, 3, 4}};

/// Whether what the pass needs has been made: the part before it, or after it for a backward pass.
bool possible(const Done& done, const Action& action, std::size_t part, std::size_t parts) {
  const std::size_t m = action.micro_batch;
  if (action.kind == Kind::forward) return part == 0 || done.count({Kind::forward, part - 1, m}) > 0;
  if (done.count({Kind::forward, part, m}) == 0) return false;
  return part + 1 == parts || done.count({Kind::backward, part + 1, m}) > 0;
}

/// Runs all stages as far as they come.
Done run(const Shape& shape) {
  Done done;
  std::vector<std::vector<Action>> plans;
  std::vector<std::size_t> next(shape.stages, 0);
  for (std::size_t s = 0; s < shape.stages; ++s)
    plans.push_back(pipeline_actions(s, shape.stages, shape.chunks, shape.micro_batches));
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t s = 0; s < shape.stages; ++s) {
      if (next[s] == plans[s].size()) continue;
      const Action& action = plans[s][next[s]];
      const std::size_t part = action.chunk * shape.stages + s;
      if (!possible(done, action, part, shape.stages * shape.chunks)) continue;
      done.insert({action.kind, part, action.micro_batch});
      ++next[s];
      moved = true;
    }
  }
  return done;
}

}  // namespace

TEST_CASE("every pass of a pipeline is run once, and no stage waits for ever") {
  for (const Shape& shape : kShapes) {
    CAPTURE(shape.stages, shape.chunks, shape.micro_batches);
    CHECK(run(shape).size() == 2 * shape.stages * shape.chunks * shape.micro_batches);
    for (std::size_t s = 0; s < shape.stages; ++s)
      CHECK(pipeline_actions(s, shape.stages, shape.chunks, shape.micro_batches).size() ==
            2 * shape.chunks * shape.micro_batches);
  }
}

TEST_CASE("each chunk goes through the micro-batches in order") {
  for (const Shape& shape : kShapes) {
    for (std::size_t s = 0; s < shape.stages; ++s) {
      const auto actions = pipeline_actions(s, shape.stages, shape.chunks, shape.micro_batches);
      for (std::size_t c = 0; c < shape.chunks; ++c) {
        for (const Kind kind : {Kind::forward, Kind::backward}) {
          std::size_t expected = 0;
          for (const Action& a : actions)
            if (a.kind == kind && a.chunk == c) CHECK(a.micro_batch == expected++);
        }
      }
    }
  }
}

TEST_CASE("a stage of 1F1B holds as many micro-batches as stages follow it, and itself") {
  for (std::size_t stages = 1; stages <= 4; ++stages)
    for (std::size_t s = 0; s < stages; ++s)
      CHECK(in_flight(pipeline_actions(s, stages, 1, 16), 0) == stages - s);
  CHECK(in_flight(pipeline_actions(0, 4, 1, 2), 0) == 2);
  // Interleaved: 2 (stages - 1) + (chunks - 1) stages + 1 passes of all pieces together at the first stage.
  const auto actions = pipeline_actions(0, 4, 2, 16);
  CHECK(in_flight(actions, 0) + in_flight(actions, 1) <= 2 * 3 + 4 + 1 + 1);
}

TEST_CASE("an interleaved pipeline wants a multiple of its stages") {
  CHECK_THROWS_AS(pipeline_actions(0, 4, 2, 6), rankine::InputError);
}

TEST_CASE("the chain is cut where the dearest piece is cheapest") {
  const std::vector<double> costs = {1, 4, 4, 4, 4, 3};
  const auto ranges = cut(costs, 3);
  REQUIRE(ranges.size() == 3);
  CHECK(ranges.front().first == 0);
  CHECK(ranges.back().last == costs.size());
  double dearest = 0;
  for (std::size_t p = 0; p < 3; ++p) {
    if (p > 0) CHECK(ranges[p].first == ranges[p - 1].last);
    CHECK(ranges[p].last > ranges[p].first);
    dearest = std::max(dearest, std::accumulate(costs.begin() + static_cast<long>(ranges[p].first),
                                                costs.begin() + static_cast<long>(ranges[p].last), 0.0));
  }
  CHECK(dearest == 8);
  CHECK(cut(costs, 6).size() == 6);
  CHECK_THROWS_AS(cut(costs, 7), rankine::InputError);
}

TEST_CASE("meshes that cannot be are refused by name") {
  CHECK_NOTHROW(check({.data = 4, .pipeline = 2, .zero = 3}, 8, 6));
  CHECK_THROWS_AS(check({.data = 3}, 8, 6), rankine::InputError);
  CHECK_THROWS_AS(check({.data = 4}, 2, 6), rankine::InputError);
  CHECK_THROWS_AS(check({}, 3, 6), rankine::InputError);
  CHECK_THROWS_AS(check({.pipeline = 4, .interleave = 2}, 8, 6), rankine::InputError);
  CHECK_THROWS_AS(check({.zero = 4}, 8, 6), rankine::InputError);
  CHECK_THROWS_AS(check({.data = 2, .pipeline = 2, .interleave = 2}, 2, 6), rankine::InputError);
}

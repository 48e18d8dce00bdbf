// SPDX-License-Identifier: Apache-2.0
// Feeds: shards that do not overlap, orders named by keys, validation that sees each token once.
#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <vector>

#include <rankine/core/error.hpp>
#include <rankine/train/feeds.hpp>

#include "catch.hpp"

using namespace rankine::train;
namespace nn = rankine::nn;

namespace {

/// Tokens 0, 1, 2, ...: a token tells its place.
Corpus counting(std::size_t training, std::size_t validation) {
  const auto number = [](std::size_t k) { return static_cast<std::uint16_t>(k); };
  Corpus corpus;
  corpus.name = "counting";
  corpus.training = rankine::Array<std::uint16_t>(training, number);
  corpus.validation = rankine::Array<std::uint16_t>(validation, number);
  corpus.vocabulary = std::max(training, validation);
  return corpus;
}

struct Micro {
  std::vector<std::int32_t> inputs;
  std::vector<std::int32_t> targets;
};

template <class Fill>
Micro micro(std::size_t count, Fill fill) {
  Micro batch{std::vector<std::int32_t>(count, -7), std::vector<std::int32_t>(count, -7)};
  fill(batch.inputs.data(), batch.targets.data());
  return batch;
}

/// Examples whose one feature is their number.
nn::Dataset numbered(std::size_t count) {
  const auto number = [](std::size_t k) { return static_cast<std::uint8_t>(k); };
  return {rankine::Array<std::uint8_t>(count, number), rankine::Array<std::uint8_t>(count, number), 1, 256,
          1};
}

}  // namespace

TEST_CASE("a permutation has each number once, and another key gives another one") {
  for (const std::uint64_t size : {1, 2, 3, 4, 5, 16, 17, 100, 1000}) {
    const Permutation order(size, 7);
    std::set<std::uint64_t> seen;
    for (std::uint64_t k = 0; k < size; ++k) seen.insert(order(k));
    CHECK(seen.size() == size);
    CHECK(*seen.rbegin() == size - 1);
  }
  const Permutation one(1000, 1);
  const Permutation other(1000, 2);
  std::size_t same = 0;
  std::size_t in_place = 0;
  for (std::uint64_t k = 0; k < 1000; ++k) {
    same += one(k) == other(k);
    in_place += one(k) == k;
  }
  CHECK(same < 20);
  CHECK(in_place < 20);
}

TEST_CASE("windows: targets are one further, and shards are parts of one batch") {
  const std::size_t context = 8;
  const TokenFeed whole(counting(1000, 100), context, {.batch = 12, .shards = 1, .seed = 3});
  const TokenFeed parts(counting(1000, 100), context, {.batch = 12, .shards = 4, .seed = 3});
  const Micro all = micro(12 * context, [&](auto* in, auto* out) { whole.training(5, 0, in, out); });
  for (std::size_t k = 0; k < all.inputs.size(); ++k) CHECK(all.targets[k] == all.inputs[k] + 1);
  for (std::size_t shard = 0; shard < 4; ++shard) {
    const Micro part = micro(3 * context, [&](auto* in, auto* out) { parts.training(5, shard, in, out); });
    CHECK(std::equal(part.inputs.begin(), part.inputs.end(), all.inputs.begin() + shard * 3 * context));
  }
  const Micro next = micro(12 * context, [&](auto* in, auto* out) { whole.training(6, 0, in, out); });
  CHECK(next.inputs != all.inputs);
  const TokenFeed other(counting(1000, 100), context, {.batch = 12, .shards = 1, .seed = 4});
  CHECK(micro(12 * context, [&](auto* in, auto* out) { other.training(5, 0, in, out); }).inputs !=
        all.inputs);
  const Micro half = micro(12 * context, [&](auto* in, auto*) { whole.training(5, 0, in, nullptr); });
  CHECK(half.inputs == all.inputs);
  CHECK(half.targets.front() == -7);
}

TEST_CASE("windows reach the first and the last place of a short text, and no further") {
  const TokenFeed feed(counting(10, 10), 8, {.batch = 64, .shards = 1, .seed = 1});
  std::set<std::int32_t> starts;
  const Micro batch = micro(64 * 8, [&](auto* in, auto* out) { feed.training(0, 0, in, out); });
  for (std::size_t row = 0; row < 64; ++row) starts.insert(batch.inputs[row * 8]);
  CHECK(starts == std::set<std::int32_t>{0, 1});
  CHECK(*std::max_element(batch.targets.begin(), batch.targets.end()) == 9);
}

TEST_CASE("epochs: each window once before any comes again") {
  const std::size_t context = 4;
  const TokenFeed feed(counting(101, 20), context, {.batch = 10, .shards = 2, .seed = 3}, Order::epochs);
  std::map<std::int32_t, int> seen;  // 25 windows, 10 of them a step
  std::vector<std::int32_t> order;
  for (std::uint64_t step = 0; step < 5; ++step) {
    for (std::size_t shard = 0; shard < 2; ++shard) {
      const Micro part =
          micro(5 * context, [&](auto* in, auto* out) { feed.training(step, shard, in, out); });
      for (std::size_t row = 0; row < 5; ++row) {
        ++seen[part.inputs[row * context]];
        order.push_back(part.inputs[row * context]);
      }
    }
  }
  CHECK(seen.size() == 25);
  for (const auto& [start, times] : seen) {
    CHECK(start % 4 == 0);
    CHECK(times == 2);
  }
  CHECK(std::set<std::int32_t>(order.begin(), order.begin() + 25).size() == 25);
  CHECK(!std::equal(order.begin(), order.begin() + 25, order.begin() + 25));
}

TEST_CASE("validation predicts each token once; what fills up does not count") {
  for (const std::size_t tokens : {9, 10, 16, 17, 18, 50}) {
    const TokenFeed feed(counting(100, tokens), 8, {.batch = 6, .shards = 2, .seed = 1});
    std::multiset<std::int32_t> predicted;
    for (std::size_t index = 0; index < feed.evaluations(); ++index) {
      const Micro part = micro(3 * 8, [&](auto* in, auto* out) { feed.evaluation(index, in, out); });
      for (std::size_t k = 0; k < part.targets.size(); ++k) {
        if (part.targets[k] < 0) continue;
        CHECK(part.targets[k] == part.inputs[k] + 1);
        predicted.insert(part.targets[k]);
      }
    }
    std::multiset<std::int32_t> wanted;
    for (std::size_t k = 1; k < tokens; ++k) wanted.insert(static_cast<std::int32_t>(k));
    CHECK(predicted == wanted);
  }
}

TEST_CASE("a text too short, shards that do not divide") {
  CHECK_THROWS_WITH(TokenFeed(counting(100, 8), 8, {}), ContainsSubstring("validation part has 8 tokens"));
  CHECK_THROWS_WITH(TokenFeed(counting(8, 100), 8, {}), ContainsSubstring("a context of at most 7"));
  CHECK_THROWS_WITH(TokenFeed(counting(100, 100), 8, {.batch = 12, .shards = 3}),
                    ContainsSubstring("power of two"));
  CHECK_THROWS_WITH(TokenFeed(counting(100, 100), 8, {.batch = 12, .shards = 8}),
                    ContainsSubstring("--shards 4"));
  CHECK_THROWS_WITH(order_named("epoch"), ContainsSubstring("windows, epochs"));
}

TEST_CASE("labelled examples: each once an epoch, scaled to mean 0 and deviation 1; tests each once") {
  const ExampleFeed feed(numbered(30), numbered(7), {.batch = 10, .shards = 2, .seed = 3});
  CHECK(feed.steps_an_epoch() == 3);
  for (std::uint64_t epoch = 0; epoch < 2; ++epoch) {
    std::set<std::int32_t> seen;
    double sum = 0;
    double squares = 0;
    for (std::uint64_t step = 3 * epoch; step < 3 * epoch + 3; ++step) {
      for (std::size_t shard = 0; shard < 2; ++shard) {
        std::vector<float> inputs(5);
        std::vector<std::int32_t> targets(5);
        feed.training(step, shard, inputs.data(), targets.data());
        seen.insert(targets.begin(), targets.end());
        for (const float value : inputs) {
          sum += value;
          squares += double{value} * value;
        }
      }
    }
    CHECK(seen.size() == 30);
    CHECK(sum / 30 == Approx(0).margin(1e-6));
    CHECK(squares / 30 == Approx(1));
  }
  REQUIRE(feed.evaluations() == 2);
  std::multiset<std::int32_t> tested;
  for (std::size_t index = 0; index < 2; ++index) {
    std::vector<float> inputs(5);
    std::vector<std::int32_t> targets(5);
    feed.evaluation(index, inputs.data(), targets.data());
    tested.insert(targets.begin(), targets.end());
  }
  CHECK(tested == std::multiset<std::int32_t>{-1, -1, -1, 0, 1, 2, 3, 4, 5, 6});
  CHECK_THROWS_WITH(ExampleFeed(numbered(5), numbered(7), {.batch = 10}), ContainsSubstring("10 examples"));
}

TEST_CASE("a data set without a test set is cut by a fixed key") {
  const nn::SplitDataset cut = nn::split_dataset(numbered(100));
  CHECK(cut.training.size() + cut.test.size() == 100);
  CHECK(cut.test.size() > 10);
  CHECK(cut.test.size() < 30);
  std::set<int> all(cut.training.labels.begin(), cut.training.labels.end());
  all.insert(cut.test.labels.begin(), cut.test.labels.end());
  CHECK(all.size() == 100);
}

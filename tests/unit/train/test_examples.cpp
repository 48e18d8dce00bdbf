// SPDX-License-Identifier: Apache-2.0
// Feeds: shards that do not overlap, orders named by keys, validation that sees each token once.
#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <vector>

#include <rankine/core/error.hpp>
#include <rankine/core/hash.hpp>
#include <rankine/core/philox.hpp>
#include <rankine/train/examples.hpp>

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

/// Of twice the tokens that are wanted, so that what lies beyond is seen to stay as it was.
template <class Fill>
Micro micro(std::size_t tokens, Fill fill) {
  Micro batch{std::vector<std::int32_t>(2 * tokens, -7), std::vector<std::int32_t>(2 * tokens, -7)};
  fill(batch.inputs.data(), batch.targets.data());
  for (std::size_t k = tokens; k < 2 * tokens; ++k) {
    REQUIRE(batch.inputs[k] == -7);
    REQUIRE(batch.targets[k] == -7);
  }
  batch.inputs.resize(tokens);
  batch.targets.resize(tokens);
  return batch;
}
Micro training(const Examples& examples, std::size_t tokens, std::uint64_t step, std::size_t shard) {
  return micro(tokens, [&](void* in, std::int32_t* out) { examples.feed->training(step, shard, in, out); });
}
Micro evaluation(const Examples& examples, std::size_t tokens, std::size_t index) {
  return micro(tokens, [&](void* in, std::int32_t* out) { examples.feed->evaluation(index, in, out); });
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
  const auto of = [](std::size_t shards, std::uint64_t seed) {
    return token_examples(counting(1000, 100), 8, {.batch = 12, .shards = shards, .seed = seed});
  };
  const Examples whole = of(1, 3);
  const Examples parts = of(4, 3);
  CHECK(whole.tokens_an_example == 8);
  CHECK(whole.steps_an_epoch == 0);
  const Micro all = training(whole, 96, 5, 0);
  for (std::size_t k = 0; k < all.inputs.size(); ++k) CHECK(all.targets[k] == all.inputs[k] + 1);
  for (std::size_t shard = 0; shard < 4; ++shard) {
    const Micro part = training(parts, 24, 5, shard);
    CHECK(std::equal(part.inputs.begin(), part.inputs.end(), all.inputs.data() + shard * 24));
  }
  std::vector<std::int32_t> half(96, -7);
  whole.feed->training(5, 0, nullptr, half.data());
  CHECK(half == all.targets);
  CHECK(training(whole, 96, 6, 0).inputs != all.inputs);
  CHECK(training(of(1, 4), 96, 5, 0).inputs != all.inputs);
}

TEST_CASE("windows reach the first and the last place of a short text, and no further") {
  const Examples examples = token_examples(counting(10, 10), 8, {.batch = 64, .shards = 1, .seed = 1});
  std::set<std::int32_t> starts;
  const Micro batch = training(examples, 512, 0, 0);
  for (std::size_t row = 0; row < 64; ++row) starts.insert(batch.inputs[row * 8]);
  CHECK(starts == std::set<std::int32_t>{0, 1});
  CHECK(*std::max_element(batch.targets.begin(), batch.targets.end()) == 9);
}

TEST_CASE("windows begin where the documented draw says, as other programs draw them, too") {
  const Examples examples = token_examples(counting(1000, 100), 8, {.batch = 4, .shards = 2, .seed = 9});
  const Micro second = training(examples, 16, 3, 1);
  for (std::size_t row = 0; row < 2; ++row) {
    rankine::Philox draw(9, rankine::hash_mix(0x77696e646f7773, 3 * 4 + 2 + row));
    CHECK(second.inputs[row * 8] == static_cast<std::int32_t>(draw.below(992)));
  }
}

TEST_CASE("epochs: each window once before any comes again") {
  const Examples examples =
      token_examples(counting(101, 20), 4, {.batch = 10, .shards = 2, .seed = 3}, Order::epochs);
  CHECK(examples.steps_an_epoch == 2);
  std::map<std::int32_t, int> seen;  // 25 windows, 10 of them a step
  std::vector<std::int32_t> order;
  for (std::uint64_t step = 0; step < 5; ++step) {
    for (std::size_t shard = 0; shard < 2; ++shard) {
      const Micro part = training(examples, 20, step, shard);
      for (std::size_t row = 0; row < 5; ++row) {
        ++seen[part.inputs[row * 4]];
        order.push_back(part.inputs[row * 4]);
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
    const Examples examples = token_examples(counting(100, tokens), 8, {.batch = 6, .shards = 2, .seed = 1});
    std::multiset<std::int32_t> predicted;
    for (std::size_t index = 0; index < examples.feed->evaluations(); ++index) {
      const Micro part = evaluation(examples, 24, index);
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
  const auto make = [](std::size_t training, std::size_t validation, std::size_t shards) {
    return token_examples(counting(training, validation), 8, {.batch = 12, .shards = shards});
  };
  CHECK_THROWS_WITH(make(100, 8, 1), ContainsSubstring("validation part has 8 tokens"));
  CHECK_THROWS_WITH(make(8, 100, 1), ContainsSubstring("a context of at most 7"));
  CHECK_THROWS_WITH(make(100, 100, 3), ContainsSubstring("power of two"));
  CHECK_THROWS_WITH(make(100, 100, 8), ContainsSubstring("--shards 4"));
  CHECK_THROWS_WITH(order_named("epoch"), ContainsSubstring("windows, epochs"));
}

TEST_CASE("labelled examples: each once an epoch, scaled to mean 0 and deviation 1; tests each once") {
  const Examples examples =
      labelled_examples({numbered(30), numbered(7)}, {.batch = 10, .shards = 2, .seed = 3});
  CHECK(examples.steps_an_epoch == 3);
  std::vector<float> inputs(5);
  std::vector<std::int32_t> targets(5);
  for (std::uint64_t epoch = 0; epoch < 2; ++epoch) {
    std::set<std::int32_t> seen;
    double sum = 0;
    double squares = 0;
    for (std::uint64_t step = 3 * epoch; step < 3 * epoch + 3; ++step) {
      for (std::size_t shard = 0; shard < 2; ++shard) {
        examples.feed->training(step, shard, inputs.data(), targets.data());
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
  REQUIRE(examples.feed->evaluations() == 2);
  std::multiset<std::int32_t> tested;
  for (std::size_t index = 0; index < 2; ++index) {
    examples.feed->evaluation(index, inputs.data(), targets.data());
    tested.insert(targets.begin(), targets.end());
  }
  CHECK(tested == std::multiset<std::int32_t>{-1, -1, -1, 0, 1, 2, 3, 4, 5, 6});
  CHECK_THROWS_WITH(labelled_examples({numbered(5), numbered(7)}, {.batch = 10}),
                    ContainsSubstring("10 examples"));
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

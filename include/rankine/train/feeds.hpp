// SPDX-License-Identifier: Apache-2.0
// Feeds over tokens and over labelled examples. Global batch `step` has the examples step * batch and on;
// shard s has the s-th equal part of them, so shards never overlap, and which rank computes a shard changes
// nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <rankine/nn/dataset.hpp>
#include <rankine/train/feed.hpp>
#include <rankine/train/tokens.hpp>

namespace rankine::train {

/// In which order examples come.
enum class Order : std::uint8_t {
  windows,  ///< tokens: windows at random places, with replacement (nanoGPT)
  epochs,   ///< each example once an epoch, in an order of the epoch's own
};
/// "windows", "epochs". Throws InputError naming them.
Order order_named(std::string_view name);

/// A permutation of 0 .. size-1 named by a key, place by place and without memory: a Feistel network over the
/// next power of four whose values beyond `size` walk on (Black and Rogaway 2002).
class Permutation {
 public:
  Permutation(std::uint64_t size, std::uint64_t key);
  std::uint64_t operator()(std::uint64_t place) const;

 private:
  std::uint64_t size_;
  std::uint64_t key_;
  unsigned half_ = 1;  // bits of each half
};

struct BatchShape {
  std::size_t batch = 12;  ///< examples of a step, of all shards together
  std::size_t shards = 1;  ///< divides batch
  std::uint64_t seed = 0;

  std::size_t each() const { return batch / shards; }
  /// Throws InputError naming what does not fit: shards that are no power of two or do not divide the batch.
  void check() const;
};

/// Windows of `context` tokens; the targets are the tokens one further. inputs: [each][context] int32;
/// targets: the same. Validation: windows side by side, so that each token is predicted once.
class TokenFeed final : public Feed {
 public:
  /// Throws InputError for a corpus too short for the context.
  TokenFeed(Corpus corpus, std::size_t context, const BatchShape& shape, Order order = Order::windows);

  void training(std::uint64_t step, std::size_t shard, void* inputs, std::int32_t* targets) const override;
  std::size_t evaluations() const override;
  void evaluation(std::size_t index, void* inputs, std::int32_t* targets) const override;

  /// Where the window of a training example begins. `example`: in the global batch.
  std::uint64_t start(std::uint64_t step, std::size_t example) const;
  const Corpus& corpus() const { return corpus_; }

 private:
  void copy(const Array<std::uint16_t>& tokens, std::uint64_t first, std::size_t row, void* inputs,
            std::int32_t* targets) const;

  Corpus corpus_;
  std::size_t context_;
  BatchShape shape_;
  Order order_;
};

/// Labelled examples, each once an epoch. inputs: [each][width] f32, scaled, then shifted and divided by
/// `mean` and `deviation`; targets: [each] classes.
class ExampleFeed final : public Feed {
 public:
  /// `test` is what is evaluated.
  ExampleFeed(nn::Dataset training, nn::Dataset test, const BatchShape& shape);

  void training(std::uint64_t step, std::size_t shard, void* inputs, std::int32_t* targets) const override;
  std::size_t evaluations() const override;
  void evaluation(std::size_t index, void* inputs, std::int32_t* targets) const override;

  std::uint64_t steps_an_epoch() const { return training_.size() / shape_.batch; }

 private:
  void copy(const nn::Dataset& from, std::uint64_t example, std::size_t row, void* inputs,
            std::int32_t* targets) const;

  nn::Dataset training_;
  nn::Dataset test_;
  BatchShape shape_;
  float mean_ = 0;
  float deviation_ = 1;
};

}  // namespace rankine::train

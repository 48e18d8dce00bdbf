// SPDX-License-Identifier: Apache-2.0
// What a model is trained on: tokens or labelled examples, cut in batches and logical shards. Batch `step`
// has the examples step * batch and on; shard s has the s-th equal part of them, so shards never overlap, and
// which rank computes a shard changes nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include <rankine/nn/dataset.hpp>
#include <rankine/train/feed.hpp>
#include <rankine/train/tokens.hpp>

namespace rankine::train {

struct Examples {
  std::unique_ptr<Feed> feed;
  std::size_t targets_an_example = 1;  ///< 1 where it is a class, the length where tokens follow
  double tokens_an_example = 1;        ///< for speed: tokens of a sequence; 1 of an image
  std::uint64_t steps_an_epoch = 0;    ///< until all was seen once; 0: there are no epochs
  std::uint64_t digest = 0;            ///< tells the data from others, for checkpoints
};

struct BatchShape {
  std::size_t batch = 12;  ///< examples of a step, of all shards together
  std::size_t shards = 1;  ///< divides batch
  std::uint64_t seed = 0;

  std::size_t each() const { return batch / shards; }
  /// Throws InputError naming what does not fit: shards that are no power of two or do not divide the batch.
  void check() const;
};

/// In which order examples come.
enum class Order : std::uint8_t {
  windows,  ///< tokens: windows at random places, with replacement (nanoGPT)
  epochs,   ///< each example once an epoch, in an order of the epoch's own
};
/// "windows", "epochs". Throws InputError naming them.
Order order_named(std::string_view name);

/// Windows of `context` tokens; the targets are the tokens one further. inputs and targets of a shard:
/// [each][context] int32. Validation: windows side by side, so that each token is predicted once. Throws
/// InputError for a corpus too short for the context. A window of Order::windows begins at
/// Philox(seed, hash_mix(0x77696e646f7773, step * batch + example)).below(tokens - context).
Examples token_examples(const Corpus& corpus, std::size_t context, const BatchShape& shape,
                        Order order = Order::windows);

/// Labelled examples, each once an epoch. inputs: [each][width] f32 with mean 0 and deviation 1 over the
/// training set; targets: [each] classes.
Examples labelled_examples(const nn::SplitDataset& data, const BatchShape& shape);

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

}  // namespace rankine::train

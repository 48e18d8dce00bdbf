// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/core/hash.hpp>
#include <rankine/core/philox.hpp>
#include <rankine/train/feeds.hpp>

namespace rankine::train {

namespace {

// Names of streams of random numbers.
constexpr std::uint64_t kWindows = 0x77696e646f7773;
constexpr std::uint64_t kEpoch = 0x65706f6368;
constexpr std::uint64_t kValidation = 0x76616c6964;

void check_length(const Corpus& corpus, const Array<std::uint16_t>& tokens, const char* what,
                  std::size_t context) {
  if (tokens.size() > context) return;
  throw InputError(
      fmt::format("{}: its {} part has {} tokens, too few for a context of {}. Remedy: a longer "
                  "text, or a context of at most {}",
                  corpus.name, what, tokens.size(), context, tokens.empty() ? 0 : tokens.size() - 1));
}

}  // namespace

TokenFeed::TokenFeed(Corpus corpus, std::size_t context, const BatchShape& shape, Order order)
    : corpus_(std::move(corpus)), context_(context), shape_(shape), order_(order) {
  shape_.check();
  if (context_ == 0) throw InputError("the context must be 1 token or more");
  check_length(corpus_, corpus_.training, "training", context_);
  check_length(corpus_, corpus_.validation, "validation", context_);
}

std::uint64_t TokenFeed::start(std::uint64_t step, std::size_t example) const {
  const std::uint64_t size = corpus_.training.size();
  const std::uint64_t place = step * shape_.batch + example;
  if (order_ == Order::windows) return Philox(shape_.seed, hash_mix(kWindows, place)).below(size - context_);
  const std::uint64_t windows = (size - 1) / context_;
  const std::uint64_t epoch = place / windows;
  const Permutation order(windows, hash_mix(hash_mix(shape_.seed, kEpoch), epoch));
  return order(place % windows) * context_;
}

void TokenFeed::copy(const Array<std::uint16_t>& tokens, std::uint64_t first, std::size_t row, void* inputs,
                     std::int32_t* targets) const {
  const std::uint64_t predicted = tokens.size() - 1;  // the last one has nothing after it
  for (std::size_t k = 0; k < context_; ++k) {
    const std::size_t to = row * context_ + k;
    const std::uint64_t from = first + k;
    const bool there = from < predicted;
    if (inputs != nullptr) static_cast<std::int32_t*>(inputs)[to] = there ? tokens.data()[from] : 0;
    if (targets != nullptr) targets[to] = there ? tokens.data()[from + 1] : -1;
  }
}

void TokenFeed::training(std::uint64_t step, std::size_t shard, void* inputs, std::int32_t* targets) const {
  for (std::size_t row = 0; row < shape_.each(); ++row)
    copy(corpus_.training, start(step, shard * shape_.each() + row), row, inputs, targets);
}

std::size_t TokenFeed::evaluations() const {
  const std::size_t windows = (corpus_.validation.size() - 2 + context_) / context_;
  return (windows + shape_.each() - 1) / shape_.each();
}

void TokenFeed::evaluation(std::size_t index, void* inputs, std::int32_t* targets) const {
  const std::size_t windows = (corpus_.validation.size() - 2 + context_) / context_;
  const Permutation order(windows, kValidation);
  for (std::size_t row = 0; row < shape_.each(); ++row) {
    const std::size_t place = index * shape_.each() + row;
    // Beyond the last window there is nothing, as behind the end of the text.
    const std::uint64_t first = place < windows ? order(place) * context_ : corpus_.validation.size();
    copy(corpus_.validation, first, row, inputs, targets);
  }
}

}  // namespace rankine::train

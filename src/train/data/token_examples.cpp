// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/core/hash.hpp>
#include <rankine/core/philox.hpp>
#include <rankine/train/examples.hpp>

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

/// Windows side by side whose targets are all tokens but the first.
std::size_t windows_in(std::size_t tokens, std::size_t context) {
  return (tokens - 2 + context) / context;
}

class TokenFeed final : public Feed {
 public:
  TokenFeed(const Corpus& corpus, std::size_t context, const BatchShape& shape, Order order)
      : tokens_(corpus.training),
        validation_(corpus.validation),
        context_(context),
        shape_(shape),
        order_(order) {}

  void training(std::uint64_t step, std::size_t shard, void* inputs, std::int32_t* targets) const override {
    for (std::size_t row = 0; row < shape_.each(); ++row)
      copy(tokens_, start(step * shape_.batch + shard * shape_.each() + row), row, inputs, targets);
  }
  std::size_t evaluations() const override {
    return (windows_in(validation_.size(), context_) + shape_.each() - 1) / shape_.each();
  }
  void evaluation(std::size_t index, void* inputs, std::int32_t* targets) const override {
    const std::size_t windows = windows_in(validation_.size(), context_);
    const Permutation order(windows, kValidation);
    for (std::size_t row = 0; row < shape_.each(); ++row) {
      const std::size_t place = index * shape_.each() + row;
      // Beyond the last window there is nothing, as behind the end of the text.
      const std::uint64_t first = place < windows ? order(place) * context_ : validation_.size();
      copy(validation_, first, row, inputs, targets);
    }
  }

 private:
  /// Where the window of a training example begins; `example` counts from step 0 on.
  std::uint64_t start(std::uint64_t example) const {
    if (order_ == Order::windows)
      return Philox(shape_.seed, hash_mix(kWindows, example)).below(tokens_.size() - context_);
    const std::uint64_t windows = (tokens_.size() - 1) / context_;
    const Permutation order(windows, hash_mix(hash_mix(shape_.seed, kEpoch), example / windows));
    return order(example % windows) * context_;
  }

  void copy(const Array<std::uint16_t>& tokens, std::uint64_t first, std::size_t row, void* inputs,
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

  Array<std::uint16_t> tokens_;
  Array<std::uint16_t> validation_;
  std::size_t context_;
  BatchShape shape_;
  Order order_;
};

}  // namespace

Examples token_examples(const Corpus& corpus, std::size_t context, const BatchShape& shape, Order order) {
  shape.check();
  if (context == 0) throw InputError("the context must be 1 token or more");
  check_length(corpus, corpus.training, "training", context);
  check_length(corpus, corpus.validation, "validation", context);
  Examples examples;
  examples.feed = std::make_unique<TokenFeed>(corpus, context, shape, order);
  examples.targets_an_example = context;
  examples.tokens_an_example = static_cast<double>(context);
  if (order == Order::epochs) {
    examples.steps_an_epoch =
        std::max<std::uint64_t>(1, (corpus.training.size() - 1) / context / shape.batch);
  }
  examples.digest = corpus.digest;
  return examples;
}

}  // namespace rankine::train

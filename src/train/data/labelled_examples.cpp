// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <memory>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/core/hash.hpp>
#include <rankine/train/examples.hpp>

namespace rankine::train {

namespace {

constexpr std::uint64_t kEpoch = 0x65706f6368;
constexpr std::uint64_t kTest = 0x74657374;

/// The training set's, over all features.
struct Standard {
  float mean = 0;
  float deviation = 1;
};

Standard standard_of(const nn::Dataset& data) {
  double sum = 0;
  double squares = 0;
  for (const std::uint8_t byte : data.features) {
    sum += byte;
    squares += double{1} * byte * byte;
  }
  const auto count = static_cast<double>(data.features.size());
  const double mean = sum / count;
  const double variance = squares / count - mean * mean;
  if (!(variance > 0)) return {};
  return {static_cast<float>(mean * data.scale), static_cast<float>(std::sqrt(variance) * data.scale)};
}

class ExampleFeed final : public Feed {
 public:
  ExampleFeed(nn::SplitDataset data, const BatchShape& shape)
      : data_(std::move(data)), standard_(standard_of(data_.training)), shape_(shape) {}

  void training(std::uint64_t step, std::size_t shard, void* inputs, std::int32_t* targets) const override {
    const std::uint64_t all = data_.training.size();
    for (std::size_t row = 0; row < shape_.each(); ++row) {
      const std::uint64_t place = step * shape_.batch + shard * shape_.each() + row;
      const Permutation order(all, hash_mix(hash_mix(shape_.seed, kEpoch), place / all));
      copy(data_.training, order(place % all), row, inputs, targets);
    }
  }
  std::size_t evaluations() const override { return (data_.test.size() + shape_.each() - 1) / shape_.each(); }
  void evaluation(std::size_t index, void* inputs, std::int32_t* targets) const override {
    const std::uint64_t all = data_.test.size();
    const Permutation order(all, kTest);
    for (std::size_t row = 0; row < shape_.each(); ++row) {
      const std::uint64_t place = index * shape_.each() + row;
      copy(data_.test, order(std::min(place, all - 1)), row, inputs, targets);
      if (place >= all && targets != nullptr) targets[row] = -1;
    }
  }

 private:
  void copy(const nn::Dataset& from, std::uint64_t example, std::size_t row, void* inputs,
            std::int32_t* targets) const {
    if (targets != nullptr) targets[row] = from.labels.data()[example];
    if (inputs == nullptr) return;
    float* const to = static_cast<float*>(inputs) + row * from.width;
    from.example(example, std::span(to, from.width));
    for (std::size_t k = 0; k < from.width; ++k) to[k] = (to[k] - standard_.mean) / standard_.deviation;
  }

  nn::SplitDataset data_;
  Standard standard_;
  BatchShape shape_;
};

std::uint64_t digest_of(const nn::Dataset& data) {
  return hash_blocks(std::as_bytes(data.labels.span()), hash_blocks(std::as_bytes(data.features.span())));
}

}  // namespace

Examples labelled_examples(const nn::SplitDataset& data, const BatchShape& shape) {
  shape.check();
  const nn::Dataset& training = data.training;
  const nn::Dataset& test = data.test;
  if (training.size() < shape.batch) {
    throw InputError(fmt::format("a batch of {} examples is more than the {} that there are", shape.batch,
                                 training.size()));
  }
  if (test.size() == 0 || test.width != training.width || test.classes > training.classes) {
    throw InputError(fmt::format(
        "the test set ({} examples of {} numbers, {} classes) does not go with the training set ({} of {}, "
        "{} classes)",
        test.size(), test.width, test.classes, training.size(), training.width, training.classes));
  }
  Examples examples;
  examples.feed = std::make_unique<ExampleFeed>(data, shape);
  examples.steps_an_epoch = training.size() / shape.batch;
  examples.digest = hash_mix(digest_of(training), digest_of(test));
  return examples;
}

}  // namespace rankine::train

// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/core/hash.hpp>
#include <rankine/train/feeds.hpp>

namespace rankine::train {

namespace {

constexpr std::uint64_t kEpoch = 0x65706f6368;
constexpr std::uint64_t kTest = 0x74657374;

}  // namespace

ExampleFeed::ExampleFeed(nn::Dataset training, nn::Dataset test, const BatchShape& shape)
    : training_(std::move(training)), test_(std::move(test)), shape_(shape) {
  shape_.check();
  if (training_.size() < shape_.batch) {
    throw InputError(fmt::format("a batch of {} examples is more than the {} that there are", shape_.batch,
                                 training_.size()));
  }
  if (test_.size() == 0 || test_.width != training_.width || test_.classes > training_.classes) {
    throw InputError(fmt::format(
        "the test set ({} examples of {} numbers, {} classes) does not go with the training set ({} of {}, "
        "{} classes)",
        test_.size(), test_.width, test_.classes, training_.size(), training_.width, training_.classes));
  }
  double sum = 0;
  double squares = 0;
  for (const std::uint8_t byte : training_.features) {
    sum += byte;
    squares += double{1} * byte * byte;
  }
  const auto count = static_cast<double>(training_.features.size());
  const double mean = sum / count;
  const double variance = squares / count - mean * mean;
  mean_ = static_cast<float>(mean * training_.scale);
  deviation_ = variance > 0 ? static_cast<float>(std::sqrt(variance) * training_.scale) : 1.0F;
}

void ExampleFeed::copy(const nn::Dataset& from, std::uint64_t example, std::size_t row, void* inputs,
                       std::int32_t* targets) const {
  if (targets != nullptr) targets[row] = from.labels.data()[example];
  if (inputs == nullptr) return;
  float* const into = static_cast<float*>(inputs) + row * from.width;
  from.example(example, std::span(into, from.width));
  for (std::size_t k = 0; k < from.width; ++k) into[k] = (into[k] - mean_) / deviation_;
}

void ExampleFeed::training(std::uint64_t step, std::size_t shard, void* inputs, std::int32_t* targets) const {
  const std::uint64_t examples = training_.size();
  for (std::size_t row = 0; row < shape_.each(); ++row) {
    const std::uint64_t place = step * shape_.batch + shard * shape_.each() + row;
    const Permutation order(examples, hash_mix(hash_mix(shape_.seed, kEpoch), place / examples));
    copy(training_, order(place % examples), row, inputs, targets);
  }
}

std::size_t ExampleFeed::evaluations() const {
  return (test_.size() + shape_.each() - 1) / shape_.each();
}

void ExampleFeed::evaluation(std::size_t index, void* inputs, std::int32_t* targets) const {
  const Permutation order(test_.size(), kTest);
  for (std::size_t row = 0; row < shape_.each(); ++row) {
    const std::size_t place = index * shape_.each() + row;
    copy(test_, order(std::min<std::uint64_t>(place, test_.size() - 1)), row, inputs, targets);
    if (place >= test_.size() && targets != nullptr) targets[row] = -1;
  }
}

}  // namespace rankine::train

// SPDX-License-Identifier: Apache-2.0
// Labelled examples as bytes: digits, MNIST, or generated ones. A value that travels: put it into the object
// store once, and all trials of a node read the same memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

#include <rankine/serialize/array.hpp>
#include <rankine/serialize/serialize.hpp>

namespace rankine::nn {

struct Dataset {
  Array<std::uint8_t> features;  ///< [examples][width]
  Array<std::uint8_t> labels;    ///< [examples], 0 .. classes - 1
  std::uint64_t width = 0;
  std::uint64_t classes = 0;
  double scale = 1;  ///< a feature counts as its byte times this

  std::size_t size() const { return labels.size(); }
  /// Writes features of one example, scaled.
  void example(std::size_t index, std::span<float> into) const;
};

/// A folder of MNIST's four files, or a CSV without header of whole numbers (0 .. 255) whose last column is
/// the label. Of MNIST the training set. Throws InputError naming the file and what is wrong with it.
Dataset read_dataset(const std::filesystem::path& path);

struct SplitDataset {
  Dataset training;
  Dataset test;
};
/// The same with a test set: MNIST's own, or of a CSV (named, or the one of its folder) each fifth example,
/// whichever their order, by a fixed key.
SplitDataset read_split_dataset(const std::filesystem::path& path);
/// Cuts an unordered data set so.
SplitDataset split_dataset(const Dataset& whole);

/// `classes` clouds of normal numbers around random centres in `width` dimensions, some of them overlapping.
Dataset generate_dataset(std::size_t examples, std::size_t width, std::size_t classes, std::uint64_t seed);

}  // namespace rankine::nn

namespace rankine {

template <>
struct Codec<nn::Dataset> {
  template <class Sink>
  static void pack(Sink& sink, const nn::Dataset& data) {
    rankine::pack(sink, data.features);
    rankine::pack(sink, data.labels);
    rankine::pack(sink, data.width);
    rankine::pack(sink, data.classes);
    rankine::pack(sink, data.scale);
  }
  static nn::Dataset unpack(Reader& reader) {
    nn::Dataset data;
    data.features = rankine::unpack<Array<std::uint8_t>>(reader);
    data.labels = rankine::unpack<Array<std::uint8_t>>(reader);
    data.width = rankine::unpack<std::uint64_t>(reader);
    data.classes = rankine::unpack<std::uint64_t>(reader);
    data.scale = rankine::unpack<double>(reader);
    return data;
  }
};

}  // namespace rankine

// SPDX-License-Identifier: Apache-2.0
#include <rankine/nn/dataset.hpp>

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/core/philox.hpp>

#include "files/csv.hpp"

namespace rankine::nn {

namespace {

/// An IDX file of bytes (Y. LeCun's format), gzip or not: its lengths along each dimension, then the bytes.
struct Idx {
  std::vector<std::size_t> lengths;
  std::vector<std::uint8_t> bytes;
};

Idx read_idx(const std::filesystem::path& path) {
  struct Close {
    void operator()(gzFile file) const { gzclose(file); }
  };
  const std::unique_ptr<gzFile_s, Close> file(gzopen(path.c_str(), "rb"));
  if (!file) throw InputError("cannot open " + path.string());
  const auto read = [&](void* into, std::size_t bytes) {
    if (gzread(file.get(), into, static_cast<unsigned>(bytes)) != static_cast<int>(bytes))
      throw InputError(path.string() + ": the file is damaged or cut off");
  };
  std::array<std::uint8_t, 4> word;
  read(word.data(), 4);
  constexpr std::uint8_t kBytes = 8;
  if (word[0] != 0 || word[1] != 0 || word[2] != kBytes || word[3] < 1 || word[3] > 3)
    throw InputError(path.string() + ": this is no IDX file of bytes");
  Idx idx;
  std::size_t total = 1;
  for (int k = 0, dimensions = word[3]; k < dimensions; ++k) {
    read(word.data(), 4);
    idx.lengths.push_back(std::size_t{word[0]} << 24 | std::size_t{word[1]} << 16 |
                          std::size_t{word[2]} << 8 | word[3]);
    total *= idx.lengths.back();
  }
  constexpr std::size_t bytes_max = std::size_t{1} << 30;
  if (total > bytes_max) throw InputError(path.string() + ": the header says that it is larger than 1 GiB");
  idx.bytes.resize(total);
  read(idx.bytes.data(), total);
  return idx;
}

/// `part`: "train" or "t10k" (the test set).
Dataset read_mnist(const std::filesystem::path& folder, const std::string& part) {
  Idx images = read_idx(folder / (part + "-images-idx3-ubyte.gz"));
  Idx labels = read_idx(folder / (part + "-labels-idx1-ubyte.gz"));
  if (images.lengths[0] != labels.bytes.size())
    throw InputError(
        fmt::format("{}: {} images, {} labels", folder.string(), images.lengths[0], labels.bytes.size()));
  Dataset data;
  data.width = images.bytes.size() / std::max<std::size_t>(1, images.lengths[0]);
  data.scale = 1.0 / 255;
  data.classes = 10;
  data.features = Array<std::uint8_t>(std::move(images.bytes));
  data.labels = Array<std::uint8_t>(std::move(labels.bytes));
  return data;
}

Dataset read_csv(const std::filesystem::path& path) {
  const std::string text = files::read_text(path);
  files::Lines lines(text, path.string());
  std::vector<std::string_view> fields;
  std::vector<std::uint8_t> features;
  std::vector<std::uint8_t> labels;
  std::size_t columns = 0;
  while (lines.next()) {
    files::split_fields(lines.line(), fields);
    if (columns == 0) columns = fields.size();
    if (fields.size() != columns || columns < 2)
      lines.fail(fmt::format("{} fields, the first line has {}", fields.size(), columns));
    for (std::size_t k = 0; k < columns; ++k) {
      const auto value = files::parse_number(fields[k]);
      if (!value || !(*value >= 0 && *value <= 255) || *value != std::floor(*value))
        lines.fail(fmt::format("\"{}\" is no whole number from 0 to 255", fields[k]));
      (k + 1 < columns ? features : labels).push_back(static_cast<std::uint8_t>(*value));
    }
  }
  Dataset data;
  data.width = columns - 1;
  data.classes = *std::max_element(labels.begin(), labels.end()) + std::uint64_t{1};
  data.scale = 1.0 / std::max<int>(1, *std::max_element(features.begin(), features.end()));
  data.features = Array<std::uint8_t>(std::move(features));
  data.labels = Array<std::uint8_t>(std::move(labels));
  return data;
}

/// The CSV of a folder that is not MNIST's.
std::filesystem::path csv_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".csv") found.push_back(entry.path());
  if (found.size() != 1) {
    throw InputError(fmt::format("{} has neither MNIST's train-images-idx3-ubyte.gz nor one CSV, but {}",
                                 folder.string(), found.size()));
  }
  return found.front();
}

Dataset rows_of(const Dataset& whole, const std::vector<std::size_t>& rows) {
  std::vector<std::uint8_t> features;
  std::vector<std::uint8_t> labels;
  features.reserve(rows.size() * whole.width);
  for (const std::size_t row : rows) {
    const auto one = whole.features.span().subspan(row * whole.width, whole.width);
    features.insert(features.end(), one.begin(), one.end());
    labels.push_back(whole.labels.data()[row]);
  }
  return {Array<std::uint8_t>(std::move(features)), Array<std::uint8_t>(std::move(labels)), whole.width,
          whole.classes, whole.scale};
}

}  // namespace

void Dataset::example(std::size_t index, std::span<float> into) const {
  const std::uint8_t* from = features.data() + index * width;
  for (std::size_t k = 0; k < width; ++k) into[k] = static_cast<float>(scale * from[k]);
}

Dataset read_dataset(const std::filesystem::path& path) {
  return std::filesystem::is_directory(path) ? read_mnist(path, "train") : read_csv(path);
}

SplitDataset split_dataset(const Dataset& whole) {
  constexpr std::uint64_t key = 5;
  Philox random(key, whole.size());
  std::vector<std::size_t> training;
  std::vector<std::size_t> test;
  for (std::size_t row = 0; row < whole.size(); ++row)
    (random.below(5) == 0 ? test : training).push_back(row);
  return {rows_of(whole, training), rows_of(whole, test)};
}

SplitDataset read_split_dataset(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return split_dataset(read_csv(path));
  if (std::filesystem::exists(path / "train-images-idx3-ubyte.gz"))
    return {read_mnist(path, "train"), read_mnist(path, "t10k")};
  return split_dataset(read_csv(csv_in(path)));
}

Dataset generate_dataset(std::size_t examples, std::size_t width, std::size_t classes, std::uint64_t seed) {
  if (classes < 2 || classes > 256 || width == 0)
    throw InputError("a generated data set has 2 to 256 classes and features");
  std::vector<double> centres(2 * classes * width);  // two clouds a class: no straight line parts them
  Philox places(seed, 1);
  for (double& centre : centres) centre = 128 + 28 * places.normal();
  std::vector<std::uint8_t> features(examples * width);
  std::vector<std::uint8_t> labels(examples);
  for (std::size_t row = 0; row < examples; ++row) {
    Philox random(seed, 2 + row);
    const std::size_t cloud = random.below(2 * classes);
    labels[row] = static_cast<std::uint8_t>(cloud % classes);
    for (std::size_t k = 0; k < width; ++k) {
      const double value = centres[cloud * width + k] + 32 * random.normal();
      features[row * width + k] = static_cast<std::uint8_t>(std::clamp(value, 0.0, 255.0));
    }
  }
  Dataset data;
  data.width = width;
  data.classes = classes;
  data.scale = 1.0 / 255;
  data.features = Array<std::uint8_t>(std::move(features));
  data.labels = Array<std::uint8_t>(std::move(labels));
  return data;
}

}  // namespace rankine::nn

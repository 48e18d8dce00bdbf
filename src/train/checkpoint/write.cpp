// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <rankine/core/error.hpp>
#include <rankine/core/hash.hpp>
#include <rankine/train/checkpoint.hpp>

#include "files/hdf5_writer.hpp"
#include "train/checkpoint/layout.hpp"

namespace rankine::train {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(const char* what, const fs::path& path, const std::error_code& error) {
  throw SystemError(fmt::format("checkpoint: cannot {} {}: {}", what, path.string(), error.message()));
}

/// A rename is safe from a crash of the machine when the folder is on the disk.
void to_disk(const fs::path& folder) {
  const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool safe = file >= 0 && ::fsync(file) == 0;
  const std::error_code error(errno, std::generic_category());
  if (file >= 0) ::close(file);
  if (!safe && error.value() != EINVAL) fail("write", folder, error);  // EINVAL: it cannot be asked for there
}

void write_curve(files::Hdf5Writer& file, const std::vector<CurvePoint>& curve) {
  const auto column = [&](const char* name, auto member) {
    std::vector<double> values;
    for (const CurvePoint& point : curve) values.push_back(static_cast<double>(point.*member));
    file.write(std::string("curve_") + name, std::span<const double>(values));
  };
  column("step", &CurvePoint::step);
  column("loss", &CurvePoint::loss);
  column("norm", &CurvePoint::norm);
  column("rate", &CurvePoint::rate);
  column("seconds", &CurvePoint::seconds);
  column("validation_loss", &CurvePoint::validation_loss);
  column("validation_accuracy", &CurvePoint::validation_accuracy);
}

void write_units(files::Hdf5Writer& file, const std::vector<nn::Unit>& units) {
  std::vector<std::string> names;
  std::vector<std::string> tensors;
  std::vector<std::string> shapes;
  std::vector<std::int64_t> places;
  std::vector<std::int64_t> splits;
  for (std::size_t unit = 0; unit < units.size(); ++unit) {
    names.push_back(units[unit].name);
    for (const nn::Tensor& tensor : units[unit].tensors) {
      tensors.push_back(tensor.name);
      shapes.push_back(fmt::format("{}", fmt::join(tensor.shape, " ")));
      places.push_back(static_cast<std::int64_t>(unit));
      splits.push_back(tensor.split);
    }
  }
  file.write("units", std::span<const std::string>(names));
  file.write("tensors", std::span<const std::string>(tensors));
  file.write("tensor_shapes", std::span<const std::string>(shapes));
  file.write("tensor_units", std::span<const std::int64_t>(places));
  file.write("tensor_splits", std::span<const std::int64_t>(splits));
  file.attribute("units", "description",
                 "flat buffers of parameters: their tensors one after another, each row by row");
  file.attribute("tensor_splits", "description",
                 "the dimension that tensor-parallel members split in equal parts; -1: each has all");
}

}  // namespace

double Progress::validation_loss() const {
  return curve.empty() || curve.back().step != steps ? kNotEvaluated : curve.back().validation_loss;
}

CheckpointWriter::CheckpointWriter(fs::path folder, std::uint64_t steps)
    : path_(std::move(folder) / layout::folder_name(steps)),
      unfinished_(path_.string() + layout::kUnfinished) {}

void CheckpointWriter::begin() const {
  std::error_code error;
  fs::remove_all(unfinished_, error);
  if (error) fail("remove", unfinished_, error);
  fs::create_directories(unfinished_, error);
  if (error) fail("make", unfinished_, error);
}

std::unique_ptr<CheckpointWriter::Part> CheckpointWriter::part(std::size_t rank) const {
  return std::make_unique<Part>(unfinished_ / layout::part_name(rank));
}

void CheckpointWriter::commit(const Progress& progress, const std::vector<nn::Unit>& units,
                              std::size_t parts) const {
  files::Hdf5Writer file(unfinished_ / layout::kIndex);
  write_units(file, units);
  write_curve(file, progress.curve);
  file.attribute("/", "version", layout::kVersion);
  file.attribute("/", "steps", static_cast<std::int64_t>(progress.steps));
  file.attribute("/", "finished", std::int64_t{progress.finished});
  file.attribute("/", "parts", static_cast<std::int64_t>(parts));
  const double validation[] = {progress.validation_loss()};
  file.write("validation_loss", std::span<const double>(validation));
  const std::string texts[] = {progress.config, progress.about};
  file.write("config_and_about", std::span<const std::string>(texts));
  file.close();
  to_disk(unfinished_);
  std::error_code error;
  fs::remove_all(path_, error);  // of an earlier run that was started over
  if (!error) fs::rename(unfinished_, path_, error);
  if (error) fail("rename", unfinished_, error);
  to_disk(path_.parent_path());
}

struct CheckpointWriter::Part::Body {
  files::Hdf5Writer file;
  std::vector<std::int64_t> pieces;
  std::vector<std::int64_t> checksums;
};

CheckpointWriter::Part::Part(const fs::path& file) : body_(new Body{files::Hdf5Writer(file), {}, {}}) {}
CheckpointWriter::Part::~Part() = default;

void CheckpointWriter::Part::add(const Piece& piece, std::span<const float> parameters,
                                 std::span<const float> first_moments,
                                 std::span<const float> second_moments) {
  const std::size_t number = body_->pieces.size() / layout::kPieceColumns;
  for (const std::size_t value : {piece.unit, piece.member, piece.members, piece.first, piece.count})
    body_->pieces.push_back(static_cast<std::int64_t>(value));
  const std::array arrays = {parameters, first_moments, second_moments};
  for (std::size_t k = 0; k < arrays.size(); ++k) {
    body_->file.write(layout::array_name(k, number), arrays[k]);
    body_->checksums.push_back(static_cast<std::int64_t>(hash_blocks(std::as_bytes(arrays[k]))));
  }
}

void CheckpointWriter::Part::close() {
  body_->file.write("pieces", std::span<const std::int64_t>(body_->pieces));
  body_->file.write("checksums", std::span<const std::int64_t>(body_->checksums));
  body_->file.attribute("pieces", "description",
                        "five numbers a piece: unit, tensor-parallel member, their number, first place in "
                        "the member's flat buffer, count");
  body_->file.close();
}

}  // namespace rankine::train

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <rankine/core/error.hpp>
#include <rankine/core/hash.hpp>
#include <rankine/train/checkpoint.hpp>

#include "files/hdf5.hpp"
#include "train/checkpoint/layout.hpp"

namespace rankine::train {

namespace fs = std::filesystem;

namespace {

std::vector<CurvePoint> read_curve(const files::Hdf5Reader& file) {
  std::vector<CurvePoint> curve(file.doubles("curve_step").size());
  const auto column = [&](const char* name, auto put) {
    const std::vector<double> values = file.doubles(std::string("curve_") + name);
    for (std::size_t k = 0; k < std::min(curve.size(), values.size()); ++k) put(curve[k], values[k]);
  };
  column("step", [](CurvePoint& p, double v) { p.step = static_cast<std::uint64_t>(v); });
  column("loss", [](CurvePoint& p, double v) { p.loss = v; });
  column("norm", [](CurvePoint& p, double v) { p.norm = v; });
  column("rate", [](CurvePoint& p, double v) { p.rate = v; });
  column("seconds", [](CurvePoint& p, double v) { p.seconds = v; });
  column("validation_loss", [](CurvePoint& p, double v) { p.validation_loss = v; });
  column("validation_accuracy", [](CurvePoint& p, double v) { p.validation_accuracy = v; });
  return curve;
}

std::vector<nn::Unit> read_units(const files::Hdf5Reader& file) {
  std::vector<nn::Unit> units;
  for (const std::string& name : file.texts("units")) units.push_back({name, {}});
  const std::vector<std::string> names = file.texts("tensors");
  const std::vector<std::string> shapes = file.texts("tensor_shapes");
  const std::vector<std::int64_t> places = file.integers("tensor_units");
  const std::vector<std::int64_t> splits = file.integers("tensor_splits");
  for (std::size_t k = 0; k < names.size(); ++k) {
    nn::Tensor tensor;
    tensor.name = names[k];
    std::istringstream shape(shapes.at(k));
    for (std::size_t length = 0; shape >> length;) tensor.shape.push_back(length);
    tensor.split = static_cast<int>(splits.at(k));
    units.at(static_cast<std::size_t>(places.at(k))).tensors.push_back(std::move(tensor));
  }
  return units;
}

/// A piece in one of the files.
struct Stored {
  Piece piece;
  std::size_t file = 0;
  std::size_t number = 0;
  std::array<std::uint64_t, layout::kArrays.size()> checksums{};
};

}  // namespace

struct CheckpointReader::Body {
  fs::path path;
  Progress progress;
  std::vector<nn::Unit> units;
  std::vector<std::unique_ptr<files::Hdf5Reader>> parts;
  std::vector<std::vector<Stored>> pieces;  // of each unit
  std::size_t kept = ~std::size_t{0};       // the unit that `state` holds
  State state;

  [[noreturn]] void damaged(const std::string& words) const {
    throw InputError(fmt::format("checkpoint {}: {}. Remedy: remove it; the one before is taken then",
                                 path.string(), words));
  }
  void open_part(std::size_t number);
  void check_whole() const;
  std::vector<float> array(const Stored& stored, std::size_t which) const;
  State assemble(std::size_t unit) const;
};

void CheckpointReader::Body::open_part(std::size_t number) {
  parts.push_back(std::make_unique<files::Hdf5Reader>(path / layout::part_name(number)));
  const std::vector<std::int64_t> rows = parts.back()->integers("pieces");
  const std::vector<std::int64_t> sums = parts.back()->integers("checksums");
  const std::size_t count = rows.size() / layout::kPieceColumns;
  if (sums.size() != count * layout::kArrays.size()) damaged("a part has not a checksum for each array");
  for (std::size_t k = 0; k < count; ++k) {
    const auto at = [&](std::size_t column) {
      return static_cast<std::size_t>(rows[k * layout::kPieceColumns + column]);
    };
    Stored stored{{at(0), at(1), at(2), at(3), at(4)}, number, k, {}};
    for (std::size_t a = 0; a < layout::kArrays.size(); ++a)
      stored.checksums[a] = static_cast<std::uint64_t>(sums[k * layout::kArrays.size() + a]);
    if (stored.piece.unit >= units.size()) damaged("a part has a unit that the index does not know");
    pieces[stored.piece.unit].push_back(stored);
  }
}

/// Each number of each member's part is in one piece.
void CheckpointReader::Body::check_whole() const {
  for (std::size_t unit = 0; unit < units.size(); ++unit) {
    std::vector<Piece> all;
    for (const Stored& stored : pieces[unit]) all.push_back(stored.piece);
    std::sort(all.begin(), all.end(), [](const Piece& a, const Piece& b) {
      return std::pair(a.member, a.first) < std::pair(b.member, b.first);
    });
    const std::size_t members = all.empty() ? 1 : all.front().members;
    const std::size_t size = units[unit].size(members);
    std::size_t next = 0;
    for (const Piece& piece : all) {
      if (piece.members != members || piece.member * size + piece.first != next)
        damaged(fmt::format("pieces of unit {} do not fit together", units[unit].name));
      next += piece.count;
    }
    if (next != members * size) damaged(fmt::format("unit {} is not whole", units[unit].name));
  }
}

std::vector<float> CheckpointReader::Body::array(const Stored& stored, std::size_t which) const {
  std::vector<float> values = parts[stored.file]->floats(layout::array_name(which, stored.number));
  if (values.size() != stored.piece.count ||
      hash_blocks(std::as_bytes(std::span(values))) != stored.checksums[which]) {
    damaged(fmt::format("the checksum of {} of unit {} in {} is wrong", layout::kArrays[which],
                        units[stored.piece.unit].name, layout::part_name(stored.file)));
  }
  return values;
}

CheckpointReader::State CheckpointReader::Body::assemble(std::size_t unit) const {
  State whole;
  const std::size_t members = pieces[unit].empty() ? 1 : pieces[unit].front().piece.members;
  const std::array targets = {&whole.parameters, &whole.first_moments, &whole.second_moments};
  for (std::size_t which = 0; which < targets.size(); ++which) {
    std::vector<std::vector<float>> parts_of_members(members, std::vector<float>(units[unit].size(members)));
    for (const Stored& stored : pieces[unit]) {
      const std::vector<float> values = array(stored, which);
      std::copy(
          values.begin(), values.end(),
          parts_of_members[stored.piece.member].begin() + static_cast<std::ptrdiff_t>(stored.piece.first));
    }
    targets[which]->resize(units[unit].size());
    for (std::size_t member = members; member-- > 0;)
      place_part(units[unit], parts_of_members[member], member, members, *targets[which]);
  }
  return whole;
}

CheckpointReader::CheckpointReader(const fs::path& path) : body_(std::make_unique<Body>()) {
  body_->path = path;
  const files::Hdf5Reader index(path / layout::kIndex);
  const std::int64_t version = index.attribute("version", 0);
  if (version != layout::kVersion) {
    throw InputError(fmt::format("checkpoint {}: its layout is of version {}, {} is known", path.string(),
                                 version, layout::kVersion));
  }
  body_->progress.steps = static_cast<std::uint64_t>(index.attribute("steps", 0));
  body_->progress.finished = index.attribute("finished", 0) != 0;
  body_->progress.curve = read_curve(index);
  const std::vector<std::string> texts = index.texts("config_and_about");
  body_->progress.config = texts.at(0);
  body_->progress.about = texts.at(1);
  body_->units = read_units(index);
  body_->pieces.resize(body_->units.size());
  const auto parts = static_cast<std::size_t>(index.attribute("parts", 0));
  for (std::size_t number = 0; number < parts; ++number) body_->open_part(number);
  body_->check_whole();
}
CheckpointReader::~CheckpointReader() = default;

const Progress& CheckpointReader::progress() const {
  return body_->progress;
}
const std::vector<nn::Unit>& CheckpointReader::units() const {
  return body_->units;
}

void CheckpointReader::check_units(const std::vector<nn::Unit>& units) const {
  const auto differ = [&](const std::string& words) {
    throw InputError(fmt::format("checkpoint {}: {}. It is of another model", body_->path.string(), words));
  };
  if (units.size() != body_->units.size())
    differ(fmt::format("it has {} units, the model {}", body_->units.size(), units.size()));
  for (std::size_t u = 0; u < units.size(); ++u) {
    const nn::Unit& own = body_->units[u];
    if (own.tensors.size() != units[u].tensors.size())
      differ(fmt::format("unit {} has {} tensors, the model's {}", own.name, own.tensors.size(),
                         units[u].tensors.size()));
    for (std::size_t t = 0; t < own.tensors.size(); ++t) {
      const nn::Tensor& a = own.tensors[t];
      const nn::Tensor& b = units[u].tensors[t];
      if (a.name != b.name || a.shape != b.shape) {
        differ(fmt::format("{}/{} is [{}], the model has {}/{} [{}]", own.name, a.name,
                           fmt::join(a.shape, ", "), units[u].name, b.name, fmt::join(b.shape, ", ")));
      }
    }
  }
}

CheckpointReader::State CheckpointReader::whole(std::size_t unit) {
  return body_->assemble(unit);
}

void CheckpointReader::read(const std::vector<nn::Unit>& units, const Piece& piece,
                            std::span<float> parameters, std::span<float> first_moments,
                            std::span<float> second_moments) {
  if (body_->kept != piece.unit) {
    body_->state = body_->assemble(piece.unit);
    body_->kept = piece.unit;
  }
  const auto hand_out = [&](const std::vector<float>& whole, std::span<float> into) {
    if (into.empty()) return;
    const std::vector<float> part = part_of(units[piece.unit], whole, piece.member, piece.members);
    std::copy_n(part.begin() + static_cast<std::ptrdiff_t>(piece.first), piece.count, into.begin());
  };
  hand_out(body_->state.parameters, parameters);
  hand_out(body_->state.first_moments, first_moments);
  hand_out(body_->state.second_moments, second_moments);
}

void CheckpointReader::verify() {
  for (const std::vector<Stored>& of_unit : body_->pieces)
    for (const Stored& stored : of_unit)
      for (std::size_t which = 0; which < layout::kArrays.size(); ++which) body_->array(stored, which);
}

}  // namespace rankine::train

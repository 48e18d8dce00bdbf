// SPDX-License-Identifier: Apache-2.0
// Checkpoints: written on one mesh, read on another; damage is found; the right ones are kept.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>
#include <vector>

#include <rankine/core/error.hpp>
#include <rankine/train/checkpoint.hpp>

#include "catch.hpp"
#include "temporary_folder.hpp"

using namespace rankine::train;
namespace nn = rankine::nn;
namespace fs = std::filesystem;

namespace {

/// A unit with a tensor of each kind: split along each dimension, and not at all.
std::vector<nn::Unit> units_of() {
  nn::Unit block{"h.0", {}};
  block.tensors.push_back({.name = "rows", .shape = {4, 3}, .split = 0});
  block.tensors.push_back({.name = "scale", .shape = {5}});
  block.tensors.push_back({.name = "columns", .shape = {3, 8}, .split = 1});
  block.tensors.push_back({.name = "middle", .shape = {3, 4, 2}, .split = 1});
  nn::Unit end{"ln_f", {}};
  end.tensors.push_back({.name = "weight", .shape = {7}});
  return {block, end};
}

std::vector<float> counting(std::size_t count, float from) {
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), from);
  return values;
}

/// Parameters of unit u count from 1000 u, moments from 1000 u + 0.25 and 0.5.
float first_value(std::size_t unit, std::size_t which) {
  return static_cast<float>(1000 * unit) + 0.25F * static_cast<float>(which);
}

/// As the ranks of a mesh of `members` x `datas` would write it, each unit cut among the data ranks.
fs::path write(const TemporaryFolder& folder, const Progress& progress, std::size_t members,
               std::size_t datas) {
  const std::vector<nn::Unit> units = units_of();
  const CheckpointWriter writer(folder / "checkpoints", progress.steps);
  writer.begin();
  for (std::size_t rank = 0; rank < members * datas; ++rank) {
    const std::size_t member = rank % members;
    const std::size_t data = rank / members;
    const auto file = writer.part(rank);
    for (std::size_t u = 0; u < units.size(); ++u) {
      const std::size_t size = units[u].size(members);
      const Piece piece{u, member, members, data * size / datas,
                        (data + 1) * size / datas - data * size / datas};
      std::vector<std::vector<float>> arrays;
      for (std::size_t which = 0; which < 3; ++which) {
        const auto part =
            part_of(units[u], counting(units[u].size(), first_value(u, which)), member, members);
        arrays.emplace_back(part.begin() + piece.first, part.begin() + piece.first + piece.count);
      }
      file->add(piece, arrays[0], arrays[1], arrays[2]);
    }
    file->close();
  }
  writer.commit(progress, units, members * datas);
  return folder / "checkpoints" /
         fs::path("step-" + std::string(8 - std::to_string(progress.steps).size(), '0') +
                  std::to_string(progress.steps));
}

Progress at(std::uint64_t steps, double validation_loss = kNotEvaluated) {
  Progress progress;
  progress.steps = steps;
  progress.curve = {
      {.step = steps - 1, .loss = 3, .norm = 2, .rate = 0.1, .seconds = 1},
      {.step = steps, .loss = 2.5, .norm = 1, .rate = 0.2, .seconds = 2, .validation_loss = validation_loss}};
  progress.config = "a config";
  return progress;
}

}  // namespace

TEST_CASE("parts of tensor-parallel members") {
  nn::Unit unit{"u", {{.name = "columns", .shape = {2, 4}, .split = 1}, {.name = "scale", .shape = {2}}}};
  const std::vector<float> whole = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  CHECK(part_of(unit, whole, 0, 2) == std::vector<float>{0, 1, 4, 5, 8, 9});
  CHECK(part_of(unit, whole, 1, 2) == std::vector<float>{2, 3, 6, 7, 8, 9});
  CHECK(part_of(unit, whole, 0, 1) == whole);
  for (const nn::Unit& each : units_of()) {
    const std::vector<float> all = counting(each.size(), 0);
    std::vector<float> again(all.size(), -1);
    for (std::size_t member = 0; member < 2; ++member)
      place_part(each, part_of(each, all, member, 2), member, 2, again);
    CHECK(again == all);
  }
}

TEST_CASE("written on any mesh, read on any mesh") {
  const std::vector<nn::Unit> units = units_of();
  for (const auto& [members, datas] : {std::pair{1, 1}, {1, 4}, {2, 1}, {2, 2}}) {
    const TemporaryFolder folder;
    CheckpointReader reader(write(folder, at(500, 1.5), members, datas));
    reader.verify();
    reader.check_units(units);
    for (std::size_t u = 0; u < units.size(); ++u) {
      const auto state = reader.whole(u);
      CHECK(state.parameters == counting(units[u].size(), first_value(u, 0)));
      CHECK(state.first_moments == counting(units[u].size(), first_value(u, 1)));
      CHECK(state.second_moments == counting(units[u].size(), first_value(u, 2)));
      const Piece piece{u, 1, 2, 2, 3};
      std::vector<float> values(3);
      std::vector<float> seconds(3);
      reader.read(units, piece, values, {}, seconds);
      const auto part = part_of(units[u], state.parameters, 1, 2);
      CHECK(values == std::vector<float>(part.begin() + 2, part.begin() + 5));
      CHECK(seconds[0] == values[0] + 0.5F);
    }
  }
}

TEST_CASE("how far training was") {
  const TemporaryFolder folder;
  Progress progress = at(12, 1.25);
  progress.about = std::string(100'000, 'x') + "\u00e9";  // more than an attribute holds
  progress.finished = true;
  const CheckpointReader reader(write(folder, progress, 1, 1));
  CHECK(reader.progress().steps == 12);
  CHECK(reader.progress().finished);
  CHECK(reader.progress().config == "a config");
  CHECK(reader.progress().about == progress.about);
  CHECK(reader.progress().validation_loss() == 1.25);
  REQUIRE(reader.progress().curve.size() == 2);
  CHECK(reader.progress().curve[1].seconds == 2);
  CHECK(std::isnan(reader.progress().curve[0].validation_loss));
}

TEST_CASE("what is unfinished is not seen; what is damaged is passed over, and why is said") {
  const TemporaryFolder folder;
  CHECK_FALSE(last_checkpoint(folder / "checkpoints"));
  const fs::path first = write(folder, at(100), 1, 2);
  const fs::path second = write(folder, at(200), 1, 2);
  const CheckpointWriter writer(folder / "checkpoints", 300);
  writer.begin();
  writer.part(0)->close();
  CHECK(last_checkpoint(folder / "checkpoints") == second);

  std::string bytes;
  {
    std::ifstream in(second / "part-00001.h5", std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(in), {});
  }
  const float value = first_value(1, 0) + 5;  // one of those that the second data rank wrote
  const std::string needle(reinterpret_cast<const char*>(&value), sizeof(value));
  const std::size_t place = bytes.find(needle);
  REQUIRE(place != std::string::npos);
  bytes[place] = static_cast<char>(bytes[place] ^ 1);
  std::ofstream(second / "part-00001.h5", std::ios::binary) << bytes;
  std::vector<std::string> said;
  CHECK(last_checkpoint(folder / "checkpoints", [&](const std::string& words) { said.push_back(words); }) ==
        first);
  REQUIRE(said.size() == 1);
  CHECK_THAT(said[0], ContainsSubstring("step-00000200") && ContainsSubstring("checksum"));

  fs::remove(first / "part-00000.h5");
  CHECK_THROWS_WITH(CheckpointReader(first), ContainsSubstring("part-00000.h5"));
  CHECK_FALSE(last_checkpoint(folder / "checkpoints"));
}

TEST_CASE("a checkpoint whose parts do not make a whole, or of another model") {
  const TemporaryFolder folder;
  const CheckpointWriter writer(folder / "c", 1);
  writer.begin();
  const auto part = writer.part(0);
  const std::vector<float> some(3, 1);
  part->add({1, 0, 1, 0, 3}, some, some, some);  // of 7
  part->close();
  nn::Unit unit{"only", {{.name = "w", .shape = {2}}}};
  writer.commit(at(1), {unit, units_of()[1]}, 1);
  CHECK_THROWS_WITH(CheckpointReader(folder / "c/step-00000001"), ContainsSubstring("not whole"));

  CheckpointReader reader(write(folder, at(7), 1, 1));
  std::vector<nn::Unit> other = units_of();
  other[0].tensors[1].shape = {6};
  CHECK_THROWS_WITH(reader.check_units(other),
                    ContainsSubstring("h.0/scale is [5], the model has h.0/scale [6]"));
}

TEST_CASE("the last ones and the best ones are kept") {
  std::vector<FoundCheckpoint> found;
  for (const auto& [steps, loss] :
       {std::pair{100, 2.0}, {200, 1.0}, {300, kNotEvaluated}, {400, 1.5}, {500, 3.0}, {600, kNotEvaluated}})
    found.push_back({"", static_cast<std::uint64_t>(steps), loss});
  const auto gone = [&](std::size_t last, std::size_t best) {
    std::vector<std::uint64_t> steps;
    for (const auto& one : superfluous(found, last, best)) steps.push_back(one.steps);
    std::sort(steps.begin(), steps.end());
    return steps;
  };
  CHECK(gone(2, 1) == std::vector<std::uint64_t>{100, 300, 400});
  CHECK(gone(1, 2) == std::vector<std::uint64_t>{100, 300, 500});
  CHECK(gone(1, 0) == std::vector<std::uint64_t>{100, 200, 300, 400, 500});
  CHECK(gone(9, 9).empty());
}

// SPDX-License-Identifier: Apache-2.0
// Which checkpoints there are, which to go on from, which to keep.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include <rankine/core/error.hpp>
#include <rankine/train/checkpoint.hpp>

#include "files/hdf5.hpp"
#include "train/checkpoint/layout.hpp"

namespace rankine::train {

namespace fs = std::filesystem;

std::vector<FoundCheckpoint> find_checkpoints(const fs::path& folder) {
  std::vector<FoundCheckpoint> found;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    std::uint64_t steps = 0;
    const std::size_t digits = name.find('-') + 1;
    const auto [last, wrong] = std::from_chars(name.data() + digits, name.data() + name.size(), steps);
    if (wrong != std::errc() || last != name.data() + name.size() || name != layout::folder_name(steps))
      continue;
    FoundCheckpoint one{it->path(), steps, kNotEvaluated};
    try {
      const auto loss = files::Hdf5Reader(one.path / layout::kIndex).doubles("validation_loss");
      if (!loss.empty()) one.validation_loss = loss.front();
    } catch (const Error&) {
      // It is named all the same: who reads it is told what is wrong.
    }
    found.push_back(std::move(one));
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.steps < b.steps; });
  return found;
}

std::optional<fs::path> last_checkpoint(const fs::path& folder,
                                        const std::function<void(const std::string&)>& damaged) {
  std::vector<FoundCheckpoint> found = find_checkpoints(folder);
  for (; !found.empty(); found.pop_back()) {
    try {
      CheckpointReader(found.back().path).verify();
      return found.back().path;
    } catch (const InputError& error) {
      damaged(error.what());
    }
  }
  return std::nullopt;
}

std::vector<FoundCheckpoint> superfluous(std::vector<FoundCheckpoint> found, std::size_t last,
                                         std::size_t best) {
  std::vector<FoundCheckpoint> by_loss;
  for (const FoundCheckpoint& one : found)
    if (std::isfinite(one.validation_loss)) by_loss.push_back(one);
  std::stable_sort(by_loss.begin(), by_loss.end(),
                   [](const auto& a, const auto& b) { return a.validation_loss < b.validation_loss; });
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.steps > b.steps; });
  std::set<std::uint64_t> kept;
  for (std::size_t k = 0; k < std::min(best, by_loss.size()); ++k) kept.insert(by_loss[k].steps);
  for (std::size_t k = 0; k < std::min(last, found.size()); ++k) kept.insert(found[k].steps);
  std::erase_if(found, [&](const FoundCheckpoint& one) { return kept.contains(one.steps); });
  return found;
}

}  // namespace rankine::train

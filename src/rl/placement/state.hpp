// SPDX-License-Identifier: Apache-2.0
// All that a training run consists of between two updates, as bytes: the learner, and each logical shard's
// environments. It goes from driver to gang and back, and into checkpoints.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include <boost/mpl/bool.hpp>
#include <boost/serialization/is_bitwise_serializable.hpp>

#include <rankine/rl/train.hpp>

BOOST_IS_BITWISE_SERIALIZABLE(std::byte)  // bytes travel as a block, not one by one

namespace rankine::rl::placement {

struct RunState {
  std::vector<std::byte> learner;              ///< empty: nothing was done yet
  std::vector<std::vector<std::byte>> shards;  ///< by number
  bool finished = false;
};

/// Writes the state, and readable copies of parameters and learning curve, to an HDF5 file that appears
/// whole. Throws SystemError naming the file.
void write_checkpoint(const std::filesystem::path& path, const TrainOptions& options, const RunState& state,
                      const std::vector<UpdateReport>& curve, std::span<const float> parameters);

/// Throws InputError where the file is no checkpoint, or one of another config or environment.
RunState read_checkpoint(const std::filesystem::path& path, const PpoConfig& config,
                         std::string_view environment);

}  // namespace rankine::rl::placement

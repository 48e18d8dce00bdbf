// SPDX-License-Identifier: Apache-2.0
// Checkpoints of training runs in HDF5.
#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "files/hdf5.hpp"
#include "files/hdf5_writer.hpp"
#include "rl/learn/learner.hpp"
#include "rl/placement/state.hpp"

namespace rankine::rl {

namespace placement {

namespace {

std::string shard_name(std::size_t k) {
  return fmt::format("shard_{:04}", k);
}

void write_bytes(files::Hdf5Writer& file, const std::string& name, std::span<const std::byte> bytes) {
  files::append(file.column<std::uint8_t>(name),
                std::span(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
}

std::vector<std::byte> read_bytes(const files::Hdf5Reader& file, const std::string& name) {
  std::vector<std::byte> bytes;
  for (const std::int64_t value : file.integers(name)) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

void write_curve(files::Hdf5Writer& file, const std::vector<UpdateReport>& curve) {
  const auto column = [&](const char* name, auto get) {
    std::vector<double> values;
    for (const UpdateReport& report : curve) values.push_back(static_cast<double>(get(report)));
    file.write(std::string("curve_") + name, std::span<const double>(values));
  };
  column("steps", [](const UpdateReport& r) { return r.steps; });
  column("mean_return", [](const UpdateReport& r) { return r.mean_return; });
  column("entropy", [](const UpdateReport& r) { return r.entropy; });
  column("kl", [](const UpdateReport& r) { return r.kl; });
}

}  // namespace

void write_checkpoint(const std::filesystem::path& path, const TrainOptions& options, const RunState& state,
                      const std::vector<UpdateReport>& curve, std::span<const float> parameters) {
  files::Hdf5Writer file(path);
  write_bytes(file, "learner", state.learner);
  for (std::size_t k = 0; k < state.shards.size(); ++k) write_bytes(file, shard_name(k), state.shards[k]);
  const std::vector<double> numbers(parameters.begin(), parameters.end());
  file.write("parameters", std::span<const double>(numbers));
  write_curve(file, curve);
  file.attribute("/", "shards", static_cast<std::int64_t>(state.shards.size()));
  file.attribute("/", "finished", std::int64_t{state.finished});
  file.attribute("learner", "config", options.config.text());
  file.attribute("learner", "environment", options.environment);
  file.attribute("parameters", "layout", "float32 numbers as src/rl/learn/network.hpp lays them out");
  file.close();
}

RunState read_checkpoint(const std::filesystem::path& path, const PpoConfig& config,
                         std::string_view environment) {
  const files::Hdf5Reader file(path);
  if (!file.has("learner"))
    throw InputError(fmt::format("{} is no checkpoint of PPO: it has no dataset \"learner\"", path.string()));
  const std::string its_environment = file.text_attribute("learner", "environment");
  const std::string its_config = file.text_attribute("learner", "config");
  if (its_environment != environment || its_config != config.text()) {
    throw InputError(fmt::format(
        "{} was made with other options ({}: {}); now it is {}: {}. Start over with --fresh or in another "
        "folder",
        path.string(), its_environment, its_config, environment, config.text()));
  }
  RunState state;
  state.learner = read_bytes(file, "learner");
  for (std::int64_t k = 0; k < file.attribute("shards", 0); ++k)
    state.shards.push_back(read_bytes(file, shard_name(static_cast<std::size_t>(k))));
  if (state.shards.size() != static_cast<std::size_t>(config.shards))
    throw InputError(path.string() + ": shards are missing: the file is damaged");
  return state;
}

}  // namespace placement

bool unfinished(const std::filesystem::path& checkpoint) {
  return std::filesystem::exists(checkpoint) && files::Hdf5Reader(checkpoint).attribute("finished", 1) == 0;
}

Policy load_policy(const std::filesystem::path& checkpoint, const PpoConfig& config,
                   std::string_view environment) {
  const placement::RunState state = placement::read_checkpoint(checkpoint, config, environment);
  learn::Learner learner(environment_spaces(environment), config);
  std::span<const std::byte> bytes(state.learner);
  learner.load(bytes);
  return learner.policy();
}

}  // namespace rankine::rl

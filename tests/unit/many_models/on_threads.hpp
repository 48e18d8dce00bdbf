// SPDX-License-Identifier: Apache-2.0
// Runs a driver with ranks as threads, also in a run directory that goes with the test.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <functional>
#include <initializer_list>
#include <string>

#include <rankine/rankine.hpp>

#include "catch.hpp"
#include "temporary_folder.hpp"

namespace many_models_test {

namespace rk = rankine;

inline rk::RuntimeOptions small_run() {
  rk::RuntimeOptions options;
  options.arena_bytes = std::uint64_t{64} << 20;
  return options;
}

inline void on_ranks(std::initializer_list<int> counts, const std::function<void()>& driver) {
  for (const int ranks : counts) {
    INFO("ranks: " << ranks);
    rk::run_as_threads(ranks, small_run(), driver);
  }
}

/// A folder that goes with the test.
class Folder {
 public:
  const std::filesystem::path& path() const { return folder_.path; }
  std::filesystem::path operator/(const std::string& name) const { return folder_.path / name; }

 private:
  TemporaryFolder folder_;
};

}  // namespace many_models_test

// SPDX-License-Identifier: Apache-2.0
// A run directory that goes with the test, in options for a run.
#pragma once

#include <filesystem>

#include <rankine/rankine.hpp>

#include "temporary_folder.hpp"

struct RunFolder {
  RunFolder() {
    options.run_directory = folder.path.string();
    options.arena_bytes = std::uint64_t{64} << 20;
  }
  std::filesystem::path journal() const { return folder / "journal"; }

  TemporaryFolder folder;
  rankine::RuntimeOptions options;
};

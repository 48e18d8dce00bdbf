// SPDX-License-Identifier: Apache-2.0
// A test's folder, and files in it.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "temporary_folder.hpp"

class Folder {
 public:
  std::filesystem::path operator/(const std::string& name) const { return folder_.path / name; }
  /// Writes a file and names it.
  std::filesystem::path file(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_.path / name, std::ios::binary) << bytes;
    return folder_.path / name;
  }

 private:
  TemporaryFolder folder_;
};

// SPDX-License-Identifier: Apache-2.0
// A folder that goes with the test, and files as bytes.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "journal/record.hpp"

#include "catch.hpp"
#include "temporary_folder.hpp"

namespace rankine::journal {

class Folder {
 public:
  std::string file(const std::string& name) const { return (folder_.path / name).string(); }
  const std::filesystem::path& path() const { return folder_.path; }

 private:
  TemporaryFolder folder_;
};

inline std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
  return {bytes.begin(), bytes.end()};
}
inline std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline void write_file(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

/// What one finished task says.
inline Tasks task(std::uint64_t key, std::span<const std::byte> result, std::uint64_t arguments = 7) {
  Tasks tasks;
  tasks.function = 0;
  tasks.key = key;
  tasks.elements.push_back({arguments, result});
  return tasks;
}

inline Program program(const std::string& name = "test", const std::string& options = "seed 1") {
  return {kFormat, name, 42, options};
}

}  // namespace rankine::journal

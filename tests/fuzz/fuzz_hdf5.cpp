// SPDX-License-Identifier: Apache-2.0
// Series from an HDF5 file. What the HDF5 library itself does with a damaged file is its own affair, so this
// target is for what we make of the answers.
#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

#include <rankine/forecast/reader.hpp>

#include "fuzz_input.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::filesystem::path path = "/tmp/rankine-fuzz-" + std::to_string(getpid()) + ".h5";
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  rankine_fuzz::may_be_refused([&] { rankine::forecast::read_dataset(path); });
  std::filesystem::remove(path);
  return 0;
}

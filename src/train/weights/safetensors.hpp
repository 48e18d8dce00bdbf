// SPDX-License-Identifier: Apache-2.0
// The safetensors format (huggingface/safetensors): eight bytes with the length of a JSON header, the header,
// then the arrays' bytes. What arrays mean is not known here.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace rankine::train {

struct NamedArray {
  std::vector<std::size_t> shape;
  std::vector<float> values;  ///< row by row
};

struct Safetensors {
  std::map<std::string, NamedArray> arrays;
  std::map<std::string, std::string> metadata;
};

/// Arrays of float32, float16 and bfloat16; others are left out. Throws InputError naming what is wrong.
Safetensors read_safetensors(const std::filesystem::path& path);
/// As float32; appears whole.
void write_safetensors(const std::filesystem::path& path, const Safetensors& content);

}  // namespace rankine::train

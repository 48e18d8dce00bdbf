// SPDX-License-Identifier: Apache-2.0
#include "train/weights/safetensors.hpp"

#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <rankine/core/error.hpp>

#include "train/weights/halves.hpp"

namespace rankine::train {

namespace fs = std::filesystem;
static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian");

namespace {

[[noreturn]] void fail(const fs::path& path, const std::string& words) {
  throw InputError(fmt::format("{}: {}", path.string(), words));
}

std::string read_bytes(std::ifstream& file, std::size_t bytes, const fs::path& path) {
  std::string into(bytes, '\0');
  if (!file.read(into.data(), static_cast<std::streamsize>(bytes))) fail(path, "the file is cut off");
  return into;
}

nlohmann::json read_header(std::ifstream& file, std::size_t size, const fs::path& path) {
  std::uint64_t length = 0;
  const std::string first = read_bytes(file, sizeof(length), path);
  std::memcpy(&length, first.data(), sizeof(length));
  if (length > size - sizeof(length)) fail(path, "this is no safetensors file, or it is cut off");
  nlohmann::json header = nlohmann::json::parse(read_bytes(file, length, path), nullptr, false);
  if (!header.is_object()) fail(path, "this is no safetensors file: its header is no JSON object");
  return header;
}

struct Described {
  std::string type;
  std::size_t begin = 0;
  std::size_t end = 0;
  std::vector<std::size_t> shape;
};

Described describe(const nlohmann::json& entry, const std::string& name, const fs::path& path) {
  try {
    return {entry.at("dtype").get<std::string>(), entry.at("data_offsets").at(0).get<std::size_t>(),
            entry.at("data_offsets").at(1).get<std::size_t>(),
            entry.at("shape").get<std::vector<std::size_t>>()};
  } catch (const nlohmann::json::exception&) {
    fail(path, fmt::format("the header does not say what {} is", name));
  }
}

std::vector<float> to_floats(const std::string& bytes, const std::string& type) {
  std::vector<float> values(bytes.size() / (type == "F32" ? 4 : 2));
  if (type == "F32") {
    std::memcpy(values.data(), bytes.data(), 4 * values.size());
    return values;
  }
  for (std::size_t k = 0; k < values.size(); ++k) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, bytes.data() + 2 * k, 2);
    values[k] = type == "BF16" ? float_of_bf16(bits) : float_of_f16(bits);
  }
  return values;
}

}  // namespace

Safetensors read_safetensors(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw InputError(fmt::format("cannot open {}: {}", path.string(), std::strerror(errno)));
  const std::size_t size = fs::file_size(path);
  const nlohmann::json header = read_header(file, size, path);
  const auto start = static_cast<std::size_t>(file.tellg());
  Safetensors content;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      for (const auto& [key, value] : entry.items())
        if (value.is_string()) content.metadata[key] = value.get<std::string>();
      continue;
    }
    const Described array = describe(entry, name, path);
    if (array.type != "F32" && array.type != "F16" && array.type != "BF16") continue;
    std::size_t count = 1;
    for (const std::size_t length : array.shape) count *= length;
    const std::size_t bytes = count * (array.type == "F32" ? 4 : 2);
    if (array.begin > array.end || array.end > size - start || array.end - array.begin != bytes)
      fail(path, fmt::format("{} lies outside of the file or has another size than its shape", name));
    file.seekg(static_cast<std::streamoff>(start + array.begin));
    content.arrays[name] = {array.shape, to_floats(read_bytes(file, bytes, path), array.type)};
  }
  return content;
}

void write_safetensors(const fs::path& path, const Safetensors& content) {
  nlohmann::ordered_json header;
  for (const auto& [key, value] : content.metadata) header["__metadata__"][key] = value;
  std::size_t at = 0;
  for (const auto& [name, array] : content.arrays) {
    const std::size_t bytes = 4 * array.values.size();
    header[name] = {{"dtype", "F32"}, {"shape", array.shape}, {"data_offsets", {at, at + bytes}}};
    at += bytes;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // arrays begin at a multiple of eight
  const std::uint64_t length = text.size();
  const fs::path partial = path.string() + ".partial";
  std::ofstream file(partial, std::ios::binary);
  file.write(reinterpret_cast<const char*>(&length), sizeof(length));
  file << text;
  for (const auto& [name, array] : content.arrays)
    file.write(reinterpret_cast<const char*>(array.values.data()),
               static_cast<std::streamsize>(4 * array.values.size()));
  file.close();
  std::error_code error;
  if (file) fs::rename(partial, path, error);
  if (!file || error) {
    throw SystemError(fmt::format("writing {} failed: {}; free some space or choose another folder",
                                  path.string(), error ? error.message() : std::strerror(errno)));
  }
}

}  // namespace rankine::train

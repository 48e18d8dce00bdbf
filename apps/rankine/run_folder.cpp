// SPDX-License-Identifier: Apache-2.0
#include "run_folder.hpp"

#include <fstream>
#include <sstream>

#include <rankine/error.hpp>

namespace apps {

std::string text_of_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) throw rankine::SystemError("rankine: " + path.string() + " cannot be read");
  return std::move(text).str();
}

nlohmann::json status_of(const std::filesystem::path& folder) {
  std::ifstream file(folder / "status");
  nlohmann::json status = nlohmann::json::parse(file, nullptr, false);
  return status.is_object() ? status : nlohmann::json::object();
}

}  // namespace apps

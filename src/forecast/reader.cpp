// SPDX-License-Identifier: Apache-2.0
// Finds out what a path holds and calls the reader for it.
#include <algorithm>
#include <fstream>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/forecast/reader.hpp>

#include "files/csv.hpp"
#include "files/text.hpp"
#include "forecast/readers.hpp"

namespace rankine::forecast {

namespace {

constexpr std::string_view kHdf5Signature = "\x89HDF\r\n\x1a\n";
constexpr std::string_view kM3Header = "id,period,type,frequency,horizon,n,split,values";

Dataset read_m4_folder(const std::filesystem::path& folder, const ReadOptions& options) {
  // The order of M4's tables, then other names by alphabet: directory order differs between machines.
  constexpr std::string_view order[] = {"Yearly", "Quarterly", "Monthly", "Weekly", "Daily", "Hourly"};
  std::vector<std::pair<std::size_t, std::filesystem::path>> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string file = entry.path().filename().string();
    if (!file.ends_with("-train.csv")) continue;
    const auto* place = std::find_if(std::begin(order), std::end(order), [&](std::string_view name) {
      return files::equal_ignoring_case(file.substr(0, file.find('-')), name);
    });
    files.emplace_back(static_cast<std::size_t>(place - std::begin(order)), entry.path());
  }
  if (files.empty()) {
    throw InputError(
        fmt::format("folder {} holds no file *-train.csv; name an M4 folder or one file", folder.string()));
  }
  std::sort(files.begin(), files.end());
  Dataset all;
  all.name = folder.filename().string();
  for (const auto& [place, path] : files) {
    Dataset one = read_m4(path, options);
    std::move(one.series.begin(), one.series.end(), std::back_inserter(all.series));
    for (const std::string& group : one.groups) add_group(all, group);
  }
  return all;
}

std::string first_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes(4096, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

Dataset read_any(const std::filesystem::path& path, const ReadOptions& options) {
  switch (kind_of(path)) {
    case FileKind::kM4Folder:
      return read_m4_folder(path, options);
    case FileKind::kM4:
      return read_m4(path, options);
    case FileKind::kHdf5:
      return read_hdf5(path, options);
    case FileKind::kM3:
      return read_m3(path, files::read_text(path), options);
    case FileKind::kLongCsv:
      break;
  }
  return read_long_csv(path, files::read_text(path), options);
}

/// A sentence quotes the file, which must not steer a terminal.
std::string printable_text(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  }
  return text;
}

}  // namespace

FileKind kind_of(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return FileKind::kM4Folder;
  if (std::filesystem::exists(path, ignored) && !std::filesystem::is_regular_file(path, ignored)) {
    throw InputError(fmt::format(
        "{} is no file but a pipe or a device, which cannot be read twice; write it to a file first",
        path.string()));
  }
  const std::string file = path.filename().string();
  if (file.ends_with("-train.csv")) return FileKind::kM4;
  if (file.ends_with("-test.csv")) {
    throw InputError(fmt::format("{} is the hold-out; name the -train.csv file beside it", path.string()));
  }
  const std::string text = first_bytes(path);
  if (text.starts_with(kHdf5Signature)) return FileKind::kHdf5;
  std::string header(files::plain_text(text, path.string()));
  header.resize(std::min(header.size(), header.find('\n')));
  std::erase_if(header, [](char c) { return c == '"' || c == ' ' || c == '\r'; });
  return files::equal_ignoring_case(header, kM3Header) ? FileKind::kM3 : FileKind::kLongCsv;
}

InputError printable(const InputError& error) {
  return InputError(printable_text(error.what()));
}

Dataset read_dataset(const std::filesystem::path& path, const ReadOptions& options) {
  try {
    return read_any(path, options);
  } catch (const InputError& error) {
    throw printable(error);
  }
}

}  // namespace rankine::forecast

// SPDX-License-Identifier: Apache-2.0
#include "farm/output_store.hpp"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

namespace rankine::farm {

namespace {

constexpr std::uint32_t kMagic = 0x314f4b52;  // RKO1

struct PieceHead {
  std::uint32_t magic = kMagic;
  Stream stream = Stream::output;
  std::uint64_t serial = 0;
  std::uint64_t bytes = 0;
};

[[noreturn]] void fail(const char* call, const std::filesystem::path& path) {
  throw SystemError(fmt::format("rankine: {}({}): {}", call, path.string(), std::strerror(errno)));
}

int create(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0) fail("open", path);
  return file;
}

void write_all(int file, const std::filesystem::path& path, std::span<iovec> parts) {
  while (!parts.empty()) {
    const ssize_t written = ::writev(file, parts.data(), static_cast<int>(parts.size()));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("write", path);
    auto left = static_cast<std::size_t>(written);
    while (!parts.empty() && left >= parts.front().iov_len) {
      left -= parts.front().iov_len;
      parts = parts.subspan(1);
    }
    if (parts.empty()) return;
    parts.front().iov_base = static_cast<char*>(parts.front().iov_base) + left;
    parts.front().iov_len -= left;
  }
}

std::filesystem::path with_ending(std::filesystem::path path, const char* ending) {
  return path += ending;
}

}  // namespace

OutputWriter::~OutputWriter() {
  if (pieces_ >= 0) ::close(pieces_);
  if (index_ >= 0) ::close(index_);
}

void OutputWriter::open() {
  if (index_ >= 0) return;
  std::error_code ignored;  // what is wrong with the folder the file says
  std::filesystem::create_directories(path_.parent_path(), ignored);
  if (pieces_ < 0) pieces_ = create(with_ending(path_, ".out"));
  index_ = create(with_ending(path_, ".index"));
}

OutputEntry OutputWriter::begin() {
  open();
  OutputEntry entry;
  entry.serial = ++serial_;
  entry.first = written_;
  return entry;
}

void OutputWriter::append(const OutputEntry& entry, Stream stream, std::span<const char> bytes) {
  if (bytes.empty()) return;
  PieceHead head{kMagic, stream, entry.serial, bytes.size()};
  iovec parts[] = {{&head, sizeof head}, {const_cast<char*>(bytes.data()), bytes.size()}};
  try {
    write_all(pieces_, with_ending(path_, ".out"), parts);
  } catch (const SystemError&) {
    // What was written of it is not a piece: readers must not find it.
    if (::ftruncate(pieces_, static_cast<off_t>(written_)) != 0)
      fail("ftruncate", with_ending(path_, ".out"));
    throw;
  }
  written_ += sizeof head + bytes.size();
}

void OutputWriter::end(OutputEntry& entry) {
  entry.end = written_;
  iovec parts[] = {{&entry, sizeof entry}};
  write_all(index_, with_ending(path_, ".index"), parts);
}

OutputReader::OutputReader(const std::filesystem::path& folder) {
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() == ".index") files_.push_back(at->path());
  }
  if (error) throw InputError(fmt::format("{}: {}", folder.string(), error.message()));
  std::sort(files_.begin(), files_.end());
  for (std::size_t file = 0; file < files_.size(); ++file) {
    std::ifstream index(files_[file], std::ios::binary);
    if (!index) throw SystemError(fmt::format("rankine: {} cannot be opened", files_[file].string()));
    OutputEntry entry;
    while (index.read(reinterpret_cast<char*>(&entry), sizeof entry)) {
      ++attempts_;
      const auto [at, fresh] = last_.try_emplace(entry.key, Found{entry, file});
      if (!fresh && entry.ended_ns >= at->second.entry.ended_ns) at->second = {entry, file};
    }
    files_[file].replace_extension(".out");
  }
}

const OutputEntry* OutputReader::last(std::uint64_t key) const {
  const auto found = last_.find(key);
  return found == last_.end() ? nullptr : &found->second.entry;
}

std::string OutputReader::file_of(const OutputEntry& entry) const {
  return files_[last_.at(entry.key).file].stem();
}

void OutputReader::read(const OutputEntry& entry, const Sink& sink) const {
  const std::filesystem::path& path = files_[last_.at(entry.key).file];
  std::ifstream file(path, std::ios::binary);
  std::vector<char> bytes;
  for (std::uint64_t at = entry.first; at < entry.end;) {
    PieceHead head;
    file.seekg(static_cast<std::streamoff>(at));
    if (!file.read(reinterpret_cast<char*>(&head), sizeof head) || head.magic != kMagic ||
        head.bytes > entry.end - at)
      throw InputError(fmt::format("{}: damaged at byte {}", path.string(), at));
    at += sizeof head + head.bytes;
    if (head.serial != entry.serial) continue;
    bytes.resize(head.bytes);
    if (!file.read(bytes.data(), static_cast<std::streamsize>(head.bytes)))
      throw InputError(fmt::format("{}: it ends within a piece", path.string()));
    sink(head.stream, bytes);
  }
}

}  // namespace rankine::farm

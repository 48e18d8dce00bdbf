// SPDX-License-Identifier: Apache-2.0
// What commands printed, in two files a worker instead of two a command: NAME.out takes pieces as they come,
// each behind a small head, NAME.index gets one entry for each attempt that ended. Both only ever grow, so
// that they can be read at any time, and after any end. Knows no ranks.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace rankine::farm {

enum class Stream : std::uint32_t { output = 1, error = 2 };

/// Of one attempt. The layout of the index file, in the order of bytes of the machine.
struct OutputEntry {
  std::uint64_t key = 0;                 ///< of the command
  std::uint64_t id = 0;                  ///< the command's line when it ran
  std::uint64_t serial = 0;              ///< of the attempt within the file
  std::uint64_t first = 0;               ///< where its pieces may begin in the file
  std::uint64_t end = 0;                 ///< and end
  std::array<std::uint64_t, 2> bytes{};  ///< that it printed to its output, to its error stream
  std::int64_t began_ns = 0;             ///< since 1970
  std::int64_t ended_ns = 0;             ///< the same
  double cpu_seconds = 0;
  double memory_mib = 0;
  std::int32_t status = 0;    ///< as waitpid gives it
  std::uint32_t attempt = 0;  ///< from 1
  std::uint64_t good = 0;     ///< 1: it succeeded
};
static_assert(sizeof(OutputEntry) == 104);

/// Makes its files when there is something to write. Throws SystemError naming the file.
class OutputWriter {
 public:
  /// Files PATH.out and PATH.index, which must not be there yet.
  explicit OutputWriter(std::filesystem::path path) : path_(std::move(path)) {}
  ~OutputWriter();
  OutputWriter(const OutputWriter&) = delete;
  OutputWriter& operator=(const OutputWriter&) = delete;

  /// Of an attempt that begins: its serial number, and where its pieces may begin.
  OutputEntry begin();
  void append(const OutputEntry& entry, Stream stream, std::span<const char> bytes);
  /// Sets entry.end.
  void end(OutputEntry& entry);

 private:
  void open();

  std::filesystem::path path_;
  int pieces_ = -1;
  int index_ = -1;
  std::uint64_t written_ = 0;
  std::uint64_t serial_ = 0;
};

/// All files of a folder.
class OutputReader {
 public:
  using Sink = std::function<void(Stream, std::span<const char>)>;

  /// Reads the indices. What is cut off at the end of one is left out. Throws InputError if there is no such
  /// folder, SystemError.
  explicit OutputReader(const std::filesystem::path& folder);

  /// The last attempt of the command that ended, nullptr if none did.
  const OutputEntry* last(std::uint64_t key) const;
  /// The name of the file that has it, without its ending.
  std::string file_of(const OutputEntry& entry) const;
  std::size_t attempts() const { return attempts_; }
  /// Its pieces in the order in which they came. Throws InputError naming the file if they are damaged.
  void read(const OutputEntry& entry, const Sink& sink) const;

 private:
  struct Found {
    OutputEntry entry;
    std::size_t file;
  };
  std::vector<std::filesystem::path> files_;
  std::unordered_map<std::uint64_t, Found> last_;
  std::size_t attempts_ = 0;
};

}  // namespace rankine::farm

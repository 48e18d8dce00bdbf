// SPDX-License-Identifier: Apache-2.0
// The file of a journal or a trace: opened, locked against a second run, read at any place, written at its
// end. Every system call is checked; texts name the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "journal/scan.hpp"

namespace rankine::journal {

class File {
 public:
  enum class Access : std::uint8_t { read, write };
  /// write: made if it is not there, and locked. Throws InputError where it is a directory or another run has
  /// it, SystemError where the system refuses.
  /// `what` it is, for the texts.
  File(std::string path, Access access, const char* what = "journal");
  File(File&& other) noexcept;
  File& operator=(File&&) = delete;
  ~File();

  const std::string& path() const { return path_; }
  std::uint64_t bytes() const;
  /// Fills `into` as far as the file goes. Throws SystemError.
  std::size_t read(std::uint64_t offset, std::span<std::byte> into) const;
  ReadAt reader() const;

  /// Writes all at `offset`; 0, or errno of what failed.
  int write(std::uint64_t offset, std::span<const std::byte> bytes);
  /// 0, or errno.
  int sync();
  int cut(std::uint64_t bytes);

 private:
  [[noreturn]] void fail(const std::string& doing, int code) const;

  std::string path_;
  const char* what_;
  int fd_ = -1;
};

}  // namespace rankine::journal

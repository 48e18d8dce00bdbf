// SPDX-License-Identifier: Apache-2.0
// Reads a journal from its beginning and says where and why it ends: complete, torn in its last record (the
// writer was stopped there), or damaged in the middle. Trusts no byte of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "journal/record.hpp"

namespace rankine::journal {

/// Reads up to into.size() bytes at an offset; fewer only at the end of what there is.
using ReadAt = std::function<std::size_t(std::uint64_t offset, std::span<std::byte> into)>;

/// For bytes in memory.
ReadAt read_from(std::span<const std::byte> bytes);

enum class Ending : std::uint8_t {
  complete,
  torn,     ///< the last record was not written to its end: cut off, nothing else is lost
  damaged,  ///< bytes in the middle are wrong
  foreign,  ///< it does not begin as a journal does
};

class Scanner {
 public:
  /// `bytes`: of the whole journal as it is now.
  Scanner(ReadAt read, std::uint64_t bytes);

  struct Item {
    Record record;
    std::uint64_t offset = 0;  ///< of the frame
    std::uint64_t bytes = 0;   ///< of the frame with its payload
  };
  /// The next record, valid until the next call; nothing at the end.
  std::optional<Item> next();

  // After the end:
  Ending ending() const { return ending_; }
  /// Everything before is good.
  std::uint64_t good_bytes() const { return at_; }
  std::uint64_t bytes() const { return bytes_; }
  /// What is wrong at good_bytes(), for people; empty if complete.
  const std::string& trouble() const { return trouble_; }
  /// Position in the journal of bytes that a record's span names.
  std::uint64_t offset_of(std::span<const std::byte> inside) const {
    return window_offset_ + static_cast<std::uint64_t>(inside.data() - window_.data());
  }

 private:
  std::span<const std::byte> bytes_at(std::uint64_t offset, std::uint64_t count);
  std::optional<Item> end(Ending ending, std::string trouble);
  bool only_zeros_left();

  ReadAt read_;
  std::uint64_t bytes_;
  std::uint64_t at_ = 0;
  std::vector<std::byte> window_;
  std::uint64_t window_offset_ = 0;
  bool ended_ = false;
  Ending ending_ = Ending::complete;
  std::string trouble_;
};

}  // namespace rankine::journal

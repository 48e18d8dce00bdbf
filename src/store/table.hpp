// SPDX-License-Identifier: Apache-2.0
// The sealed objects of one lessee: what may be released once and what was forgotten. Offsets and sizes only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include <rankine/core/error.hpp>

namespace rankine {

/// The store was asked for something that is not there: a location of another rank, unknown, or released
/// before.
class StoreError : public Error {
 public:
  using Error::Error;
};

class Table {
 public:
  void insert(std::uint64_t offset, std::uint64_t bytes);
  /// Throws StoreError where no sealed object of `bytes` lies at `offset`.
  void erase(std::uint64_t offset, std::uint64_t bytes);

  std::size_t live() const { return bytes_at_.size(); }
  std::uint64_t live_bytes() const { return live_bytes_; }

 private:
  std::unordered_map<std::uint64_t, std::uint64_t> bytes_at_;
  std::uint64_t live_bytes_ = 0;
};

}  // namespace rankine

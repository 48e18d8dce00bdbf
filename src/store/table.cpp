// SPDX-License-Identifier: Apache-2.0
// The table's errors in words.
#include "store/table.hpp"

#include <string>

#include <rankine/core/check.hpp>

namespace rankine {

void Table::insert(std::uint64_t offset, std::uint64_t bytes) {
  check(bytes_at_.emplace(offset, bytes).second, "two sealed objects lie at the same place");
  live_bytes_ += bytes;
}

void Table::erase(std::uint64_t offset, std::uint64_t bytes) {
  const auto found = bytes_at_.find(offset);
  if (found == bytes_at_.end()) {
    throw StoreError("release of an object of " + std::to_string(bytes) + " bytes at offset " +
                     std::to_string(offset) +
                     " that is not in the store: it was never sealed or is released twice");
  }
  if (found->second != bytes) {
    throw StoreError("release of an object of " + std::to_string(bytes) + " bytes at offset " +
                     std::to_string(offset) + " where one of " + std::to_string(found->second) +
                     " bytes lies: the location is stale");
  }
  live_bytes_ -= bytes;
  bytes_at_.erase(found);
}

}  // namespace rankine

// SPDX-License-Identifier: Apache-2.0
#include "store/blocks.hpp"

#include <rankine/core/check.hpp>

namespace rankine {

BlockRecord& Blocks::add(std::uint32_t block, const BlockRecord& record) {
  const auto [at, fresh] = records_.emplace(block, record);
  check(fresh, "a block that is handed out is free");
  return at->second;
}

BlockRecord* Blocks::find(std::uint32_t block, std::uint32_t serial) {
  const auto found = records_.find(block);
  const bool known = found != records_.end() && found->second.serial == serial && !found->second.doomed;
  return known ? &found->second : nullptr;
}

void Blocks::erase(std::uint32_t block) {
  records_.erase(block);
}

void Blocks::enqueue(std::uint32_t block, BlockRecord& record) {
  std::list<std::uint32_t>& to = queue(record.kind);
  record.queued = to.insert(to.end(), block);
}

void Blocks::dequeue(BlockRecord& record) {
  if (!record.queued) return;
  queue(record.kind).erase(*record.queued);
  record.queued.reset();
}

}  // namespace rankine

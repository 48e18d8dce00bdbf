// SPDX-License-Identifier: Apache-2.0
// A reader's hold on an object in memory: while it lives the bytes stay where they are, whoever spills or
// releases the object meanwhile. It keeps the mapping too, so it may outlive its Store.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include "store/block_table.hpp"
#include "store/segment.hpp"

namespace rankine {

class Pin {
 public:
  Pin() = default;
  /// Takes over one pin that the word counts already.
  Pin(std::shared_ptr<const Segment> mapping, std::atomic<std::uint64_t>& word,
      std::span<const std::byte> bytes)
      : mapping_(std::move(mapping)), word_(&word), bytes_(bytes) {}
  Pin(Pin&& other) noexcept
      : mapping_(std::move(other.mapping_)),
        word_(std::exchange(other.word_, nullptr)),
        bytes_(std::exchange(other.bytes_, {})) {}
  Pin& operator=(Pin&& other) noexcept {
    std::swap(mapping_, other.mapping_);
    std::swap(word_, other.word_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Pin() {
    if (word_ != nullptr) BlockTable::unpin(*word_);
  }

  explicit operator bool() const { return word_ != nullptr; }
  std::span<const std::byte> bytes() const { return bytes_; }
  /// Where the bytes lie in the node's arena.
  std::uint64_t offset() const { return static_cast<std::uint64_t>(bytes_.data() - mapping_->data()); }

 private:
  std::shared_ptr<const Segment> mapping_;
  std::atomic<std::uint64_t>* word_ = nullptr;
  std::span<const std::byte> bytes_;
};

}  // namespace rankine

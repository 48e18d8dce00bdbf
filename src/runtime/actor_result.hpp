// SPDX-License-Identifier: Apache-2.0
// What one call gives back, or the state of an actor that is saved: bytes inline or in the arena, or a
// failure, and the refs that lie inside.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include <rankine/runtime/call.hpp>

#include "runtime/blob_pool.hpp"
#include "runtime/large_value.hpp"
#include "runtime/room.hpp"
#include "store/store.hpp"

namespace rankine::runtime {

class ResultHolder final : public detail::Call::ResultSink {
 public:
  /// `front`: bytes that come before what the user's code writes.
  ResultHolder(Store& store, Room& room, BlobPool& blobs, std::size_t inline_bytes,
               std::span<const std::byte> front = {})
      : store_(store), room_(room), blobs_(blobs), inline_bytes_(inline_bytes), front_(front) {}
  ResultHolder(const ResultHolder&) = delete;
  ResultHolder& operator=(const ResultHolder&) = delete;
  ~ResultHolder() { blobs_.drop(blob_); }

  std::span<std::byte> allocate(std::size_t bytes) override {
    std::span<std::byte> all;
    if (front_.size() + bytes <= inline_bytes_) {
      blob_ = blobs_.make_inline(front_.size() + bytes);
      all = blob_->inline_bytes();
    } else {
      large_.emplace(store_, room_, front_.size() + bytes);
      all = large_->bytes();
    }
    if (!front_.empty()) std::memcpy(all.data(), front_.data(), front_.size());
    return all.subspan(front_.size());
  }
  std::vector<ObjectId>* refs() override { return &refs_; }

  /// After the user's code has ended well.
  void seal() {
    if (large_) blob_ = blobs_.make_located(large_->seal());
    large_.reset();
  }
  /// Takes over the packed failure.
  void fail(Blob* failure) {
    large_.reset();
    refs_.clear();
    blobs_.drop(std::exchange(blob_, failure));
    failed_ = true;
  }
  bool failed() const { return failed_; }
  const Blob& blob() const { return *blob_; }
  Blob* take() { return std::exchange(blob_, nullptr); }
  const std::vector<ObjectId>& names() const { return refs_; }

 private:
  Store& store_;
  Room& room_;
  BlobPool& blobs_;
  std::size_t inline_bytes_;
  std::span<const std::byte> front_;
  Blob* blob_ = nullptr;
  std::optional<LargeValue> large_;
  std::vector<ObjectId> refs_;
  bool failed_ = false;
};

}  // namespace rankine::runtime

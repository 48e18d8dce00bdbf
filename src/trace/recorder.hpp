// SPDX-License-Identifier: Apache-2.0
// The head's side of a trace: takes note of what happens, in blocks that a thread writes. About 30 bytes a
// task of its own, and 12 a piece of a map; it ends by itself at `bytes_max`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "trace/record.hpp"
#include "trace/writer.hpp"

namespace rankine::trace {

struct RecorderSettings {
  std::string path;
  std::uint64_t bytes_max = std::uint64_t{1} << 30;
};

/// Not thread-safe: under the progress lock.
class Recorder {
 public:
  /// A trace that is there already is moved aside, to PATH.1 and so on. Throws SystemError, InputError.
  Recorder(const RecorderSettings& settings, const Begin& begin, Time zero);
  ~Recorder();

  Nanoseconds since_begin(Time at) const { return at - zero_; }
  /// True once for each class: its Class record is due.
  bool is_new(ClassId id);
  template <class R>
  void put(const R& record) {
    if (full_) [[unlikely]]
      return leave_out(1);
    to_.put(record);
    ++records_;
    if (block_.size() >= kBlockBytes) [[unlikely]]
      hand_over();
  }
  /// To be called now and then: what is old enough goes to the file.
  void breathe(Time now) {
    if (now - handed_over_ < kBlockAge || block_.empty()) return;
    hand_over();
    handed_over_ = now;
  }
  /// The last record, which is not left out.
  void end(Nanoseconds driver_left, Nanoseconds at);

 private:
  static constexpr std::size_t kBlockBytes = std::size_t{64} << 10;
  static constexpr Nanoseconds kBlockAge = kSecond;

  void hand_over();
  void leave_out(std::uint64_t records) { left_out_ += records; }

  Time zero_;
  Time handed_over_;
  std::uint64_t bytes_left_;
  std::vector<std::byte> block_;
  BlockEncoder to_{block_};
  std::uint64_t records_ = 0;  ///< in the block
  std::uint64_t left_out_ = 0;
  bool full_ = false;
  std::vector<bool> classes_;
  Writer writer_;
};

}  // namespace rankine::trace

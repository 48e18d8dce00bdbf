// SPDX-License-Identifier: Apache-2.0
// Appends blocks to the file of a trace on a thread of its own: whoever records never waits for the disk. A
// disk that fails ends the trace, not the run; what comes faster than it writes is left out and counted.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "journal/file.hpp"

namespace rankine::trace {

class Writer {
 public:
  static constexpr std::size_t kQueuedMax = std::size_t{64} << 20;  ///< bytes that may wait for the disk

  /// Over what the file has.
  explicit Writer(journal::File&& file);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  /// Writes what is left.
  ~Writer();

  /// Takes the block, without waiting; false: it is left out. `block` is empty afterwards.
  bool append(std::vector<std::byte>& block);

 private:
  void run();
  int write(const std::vector<std::byte>& block);
  int put(std::span<const std::byte> bytes);

  journal::File file_;
  std::uint64_t at_ = 0;  ///< of the next byte; the thread's own
  std::mutex mutex_;
  std::condition_variable bell_;
  std::deque<std::vector<std::byte>> queue_;
  std::vector<std::vector<std::byte>> spare_;
  std::size_t queued_bytes_ = 0;
  bool failed_ = false;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace rankine::trace

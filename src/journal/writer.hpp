// SPDX-License-Identifier: Apache-2.0
// Appends records to a journal on a thread of its own: whoever has something to say never waits for the disk.
// What was appended is written within kGather and safe from a failure of the machine within kWindow or
// kWindowBytes. A disk that fails ends the journal, not the run; one that is too slow for what comes makes it
// leave records out, which a resume computes again.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "journal/file.hpp"
#include "journal/record.hpp"

namespace rankine::journal {

inline constexpr std::chrono::milliseconds kGather{5};
inline constexpr std::chrono::milliseconds kWindow{100};
inline constexpr std::uint64_t kWindowBytes = std::uint64_t{4} << 20;

class Writer {
 public:
  /// Appends behind the first `bytes` of the file. `queued_bytes_max`: records that would make more wait for
  /// the disk are left out.
  Writer(File&& file, std::uint64_t bytes, std::uint64_t queued_bytes_max = std::uint64_t{256} << 20);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  /// Writes what is left.
  ~Writer();

  // Any thread, without waiting. False: the record is left out, because the disk failed or is too slow.
  bool append(const Record& record);
  /// One task with a result that is not copied: `written` is called, on the writer's thread, when it is no
  /// longer needed.
  bool append_large(const Tasks& task, std::span<const std::byte> result, std::function<void()> written);

  /// Waits until everything appended so far is safe, at most so long. False: it is not.
  bool flush(std::chrono::nanoseconds at_most);

  /// A sentence about what went wrong, once; then empty until something else does.
  std::string take_trouble();
  bool has_trouble() const { return has_trouble_.load(std::memory_order_relaxed); }
  /// The disk failed: nothing is written any more.
  bool has_failed();
  std::uint64_t left_out() const { return left_out_.load(std::memory_order_relaxed); }

  const File& file() const { return file_; }

 private:
  struct Large {
    std::size_t at = 0;  ///< of the small bytes that come before it
    OpenFrame front;
    std::span<const std::byte> result;
    std::function<void()> written;
  };
  struct Batch {
    std::vector<std::byte> bytes;
    std::vector<Large> large;
    std::uint64_t total = 0;
  };
  using Lock = std::unique_lock<std::mutex>;

  void run();
  bool leave_out(std::uint64_t bytes);
  void write(Batch& batch);
  int write_large(const Large& large);
  int put(std::span<const std::byte> bytes);
  void sync(Lock& lock);
  void fail(int code, const char* doing);

  File file_;
  const std::uint64_t queued_bytes_max_;
  std::uint64_t at_;  ///< of the next byte; the thread's own
  std::uint64_t unsynced_bytes_ = 0;
  std::chrono::steady_clock::time_point last_sync_;

  std::mutex mutex_;
  std::condition_variable bell_;  ///< for the thread
  std::condition_variable safe_;  ///< for flush
  Batch next_;
  std::uint64_t appended_ = 0;      ///< records so far
  std::uint64_t written_ = 0;       ///< of them, in the file
  std::uint64_t synced_ = 0;        ///< of them, safe
  std::uint64_t flush_wanted_ = 0;  ///< up to this record, soon
  std::uint64_t writing_bytes_ = 0;
  bool failed_ = false;
  bool stop_ = false;
  std::string trouble_;
  std::atomic<bool> has_trouble_{false};
  std::atomic<std::uint64_t> left_out_{0};
  std::thread thread_;
};

}  // namespace rankine::journal

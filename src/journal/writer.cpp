// SPDX-License-Identifier: Apache-2.0
#include "journal/writer.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "journal/checksum.hpp"

namespace rankine::journal {

Writer::Writer(File&& file, std::uint64_t bytes, std::uint64_t queued_bytes_max)
    : file_(std::move(file)),
      queued_bytes_max_(queued_bytes_max),
      at_(bytes),
      last_sync_(std::chrono::steady_clock::now()),
      thread_([this] { run(); }) {}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    bell_.notify_one();
  }
  thread_.join();
}

/// With the lock held.
bool Writer::leave_out(std::uint64_t bytes) {
  if (!failed_ && next_.total + writing_bytes_ + bytes <= queued_bytes_max_) return false;
  if (left_out_.fetch_add(1) == 0 && !failed_) {
    trouble_ = "rankine: the journal " + file_.path() +
               " is not written as fast as results come: some are left out, and a resume will compute them "
               "again. Remedy: a run directory on a faster disk";
    has_trouble_ = true;
  }
  return true;
}

bool Writer::append(const Record& record) {
  const std::lock_guard lock(mutex_);
  if (leave_out(0)) return false;
  const bool first = next_.total == 0;
  const std::size_t before = next_.bytes.size();
  if (!encode(record, next_.bytes)) {
    ++left_out_;
    return false;
  }
  next_.total += next_.bytes.size() - before;
  ++appended_;
  if (first) bell_.notify_one();
  return true;
}

bool Writer::append_large(const Tasks& task, std::span<const std::byte> result,
                          std::function<void()> written) {
  Large large{0, encode_open(task, result.size()), result, std::move(written)};
  const std::lock_guard lock(mutex_);
  if (large.front.bytes.size() + result.size() > kPayloadMax) {
    ++left_out_;
    return false;
  }
  if (leave_out(result.size())) return false;
  const bool first = next_.total == 0;
  large.at = next_.bytes.size();
  next_.total += kFrameBytes + large.front.bytes.size() + result.size();
  next_.large.push_back(std::move(large));
  ++appended_;
  if (first) bell_.notify_one();
  return true;
}

bool Writer::flush(std::chrono::nanoseconds at_most) {
  Lock lock(mutex_);
  const std::uint64_t upto = appended_;
  flush_wanted_ = std::max(flush_wanted_, upto);
  bell_.notify_one();
  safe_.wait_for(lock, at_most, [&] { return synced_ >= upto || failed_; });
  return synced_ >= upto && !failed_;
}

std::string Writer::take_trouble() {
  const std::lock_guard lock(mutex_);
  has_trouble_ = false;
  return std::exchange(trouble_, {});
}

bool Writer::has_failed() {
  const std::lock_guard lock(mutex_);
  return failed_;
}

void Writer::fail(int code, const char* doing) {
  const std::lock_guard lock(mutex_);
  failed_ = true;
  trouble_ = "rankine: the journal " + file_.path() + " could not be " + doing + ": " + std::strerror(code) +
             ". The run goes on without it: what it said before is kept, what finishes from now on a resume "
             "will compute again. Remedy: make room there, or choose another run directory";
  has_trouble_ = true;
  safe_.notify_all();
}

int Writer::put(std::span<const std::byte> bytes) {
  const int code = file_.write(at_, bytes);
  if (code == 0) {
    at_ += bytes.size();
    unsynced_bytes_ += bytes.size();
  }
  return code;
}

int Writer::write_large(const Large& large) {
  std::byte header[kFrameBytes];
  frame_header(large.front.bytes.size() + large.result.size(), large.front.kind,
               crc32c(large.result, crc32c(large.front.bytes)), header);
  int code = put(header);
  if (code == 0) code = put(large.front.bytes);
  if (code == 0) code = put(large.result);
  return code;
}

void Writer::write(Batch& batch) {
  const std::uint64_t good = at_;
  std::span<const std::byte> small = batch.bytes;
  int code = 0;
  std::size_t done = 0;
  for (const Large& large : batch.large) {
    if (code == 0) code = put(small.subspan(done, large.at - done));
    done = large.at;
    if (code == 0) code = write_large(large);
  }
  if (code == 0) code = put(small.subspan(done));
  for (const Large& large : batch.large) large.written();
  if (code == 0) return;
  file_.cut(good);  // at best; else the next start cuts the torn tail off
  at_ = good;
  fail(code, "written");
}

/// Everything written so far is made safe, without the lock.
void Writer::sync(Lock& lock) {
  const std::uint64_t upto = written_;
  lock.unlock();
  const int code = unsynced_bytes_ > 0 ? file_.sync() : 0;
  if (code != 0) fail(code, "made safe (fdatasync)");
  unsynced_bytes_ = 0;
  last_sync_ = std::chrono::steady_clock::now();
  lock.lock();
  if (!failed_) synced_ = upto;
  safe_.notify_all();
}

void Writer::run() {
  Batch batch;
  Lock lock(mutex_);
  for (;;) {
    const bool hurry = stop_ || flush_wanted_ > synced_;
    if (next_.total == 0) {
      if (stop_ && unsynced_bytes_ == 0) return;
      const bool due = std::chrono::steady_clock::now() >= last_sync_ + kWindow;
      if (unsynced_bytes_ > 0 && (hurry || due || failed_)) {
        sync(lock);
      } else if (unsynced_bytes_ > 0) {
        bell_.wait_until(lock, last_sync_ + kWindow);
      } else {
        flush_wanted_ = 0;
        bell_.wait(lock);
      }
      continue;
    }
    if (!hurry) {
      // Many small records become one write.
      bell_.wait_for(lock, kGather, [this] { return stop_ || next_.total >= kWindowBytes; });
    }
    std::swap(batch, next_);
    writing_bytes_ = batch.total;
    const bool lost = failed_;
    const std::uint64_t upto = appended_;
    lock.unlock();
    if (lost) {
      for (const Large& large : batch.large) large.written();
    } else {
      write(batch);
    }
    batch.bytes.clear();
    batch.large.clear();
    batch.total = 0;
    lock.lock();
    writing_bytes_ = 0;
    written_ = upto;
    const bool due = std::chrono::steady_clock::now() >= last_sync_ + kWindow;
    if (due || unsynced_bytes_ >= kWindowBytes) sync(lock);
  }
}

}  // namespace rankine::journal

// SPDX-License-Identifier: Apache-2.0
#include "trace/writer.hpp"

#include <cstdio>
#include <cstring>
#include <utility>

#include "journal/checksum.hpp"
#include "journal/record.hpp"
#include "trace/record.hpp"

namespace rankine::trace {

Writer::Writer(journal::File&& file) : file_(std::move(file)), thread_([this] { run(); }) {}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  bell_.notify_one();
  thread_.join();
}

bool Writer::append(std::vector<std::byte>& block) {
  {
    const std::lock_guard lock(mutex_);
    if (failed_ || queued_bytes_ + block.size() > kQueuedMax) {
      block.clear();
      return false;
    }
    queued_bytes_ += block.size();
    queue_.push_back(std::move(block));
    block.clear();
    if (!spare_.empty()) {
      block = std::move(spare_.back());
      spare_.pop_back();
    }
  }
  bell_.notify_one();
  return true;
}

void Writer::run() {
  int code = put(std::as_bytes(std::span(kMagic)));
  std::unique_lock lock(mutex_);
  for (;;) {
    bell_.wait(lock, [this] { return stop_ || !queue_.empty(); });
    if (queue_.empty()) return;
    std::vector<std::byte> block = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= block.size();
    lock.unlock();
    if (code == 0) {
      code = write(block);
      if (code != 0) {
        std::fprintf(stderr, "rankine: the trace %s ends here: it could not be written: %s\n",
                     file_.path().c_str(), std::strerror(code));
      }
    }
    block.clear();
    lock.lock();
    failed_ = code != 0;
    if (spare_.size() < 2) spare_.push_back(std::move(block));
  }
}

int Writer::write(const std::vector<std::byte>& block) {
  std::byte header[journal::kFrameBytes];
  journal::frame_header(block.size(), kFormat, journal::crc32c(block), header);
  if (const int code = put(header); code != 0) return code;
  return put(block);
}

int Writer::put(std::span<const std::byte> bytes) {
  const int code = file_.write(at_, bytes);
  at_ += bytes.size();
  return code;
}

}  // namespace rankine::trace

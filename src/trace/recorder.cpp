// SPDX-License-Identifier: Apache-2.0
#include "trace/recorder.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace rankine::trace {

namespace {

/// The traces of earlier starts stay: the oldest is PATH.1.
journal::File make_file(const std::string& path) {
  std::error_code code;
  if (std::filesystem::is_regular_file(path, code)) {
    int n = 1;
    while (std::filesystem::exists(path + "." + std::to_string(n), code)) ++n;
    std::filesystem::rename(path, path + "." + std::to_string(n), code);
  }
  return journal::File(path, journal::File::Access::write, "trace");
}

}  // namespace

Recorder::Recorder(const RecorderSettings& settings, const Begin& begin, Time zero)
    : zero_(zero), handed_over_(zero), bytes_left_(settings.bytes_max), writer_(make_file(settings.path)) {
  block_.reserve(kBlockBytes + 4096);
  put(begin);
}

Recorder::~Recorder() {
  if (!block_.empty()) hand_over();
}

bool Recorder::is_new(ClassId id) {
  const auto at = static_cast<std::size_t>(id);
  if (at < classes_.size() && classes_[at]) return false;
  if (at >= classes_.size()) classes_.resize(at + 1);
  classes_[at] = true;
  return true;
}

void Recorder::hand_over() {
  full_ = block_.size() >= bytes_left_;
  bytes_left_ -= std::min<std::uint64_t>(bytes_left_, block_.size());
  if (!writer_.append(block_)) leave_out(records_);
  records_ = 0;
  block_.reserve(kBlockBytes + 4096);
  to_.restart();
}

void Recorder::end(Nanoseconds driver_left, Nanoseconds at) {
  full_ = false;
  put(End{driver_left, at, left_out_});
  hand_over();
}

}  // namespace rankine::trace

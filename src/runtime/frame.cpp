// SPDX-License-Identifier: Apache-2.0
#include "runtime/frame.hpp"

#include <utility>

namespace rankine::runtime {

namespace {
thread_local TaskFrame* current_frame = nullptr;
}

FrameScope::FrameScope(TaskFrame& frame) : previous_(std::exchange(current_frame, &frame)) {}
FrameScope::~FrameScope() {
  current_frame = previous_;
}

TaskFrame& thread_frame() {
  return *current_frame;
}

TaskFrame* thread_frame_or_null() {
  return current_frame;
}

}  // namespace rankine::runtime

// SPDX-License-Identifier: Apache-2.0
// What the sanitizers must be told when the stack changes; nothing in other builds.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace rankine::runtime {

/// One side of a switch: a stack and the sanitizers' memory of it.
struct SanitizedStack {
  const void* bottom = nullptr;
  std::size_t bytes = 0;
  void* fake_stack = nullptr;
  void* thread = nullptr;
};

#if defined(__SANITIZE_ADDRESS__)
inline void before_switch(SanitizedStack& from, const SanitizedStack& to) {
  __sanitizer_start_switch_fiber(&from.fake_stack, to.bottom, to.bytes);
}
/// `left` receives the bounds of the stack that was left.
inline void after_switch(SanitizedStack& arrived, SanitizedStack& left) {
  __sanitizer_finish_switch_fiber(arrived.fake_stack, &left.bottom, &left.bytes);
}
/// The last switch away from a stack that is given up.
inline void leave_for_good(const SanitizedStack& to) {
  __sanitizer_start_switch_fiber(nullptr, to.bottom, to.bytes);
}
inline void open_stack(SanitizedStack&) {}
/// The marks of frames that never returned would outlive the mapping.
inline void close_stack(SanitizedStack& stack) {
  __asan_unpoison_memory_region(stack.bottom, stack.bytes);
}
#elif defined(__SANITIZE_THREAD__)
inline void before_switch(SanitizedStack& from, const SanitizedStack& to) {
  from.thread = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(to.thread, 0);
}
inline void after_switch(SanitizedStack&, SanitizedStack&) {}
inline void leave_for_good(const SanitizedStack& to) {
  __tsan_switch_to_fiber(to.thread, 0);
}
inline void open_stack(SanitizedStack& stack) {
  stack.thread = __tsan_create_fiber(0);
}
inline void close_stack(SanitizedStack& stack) {
  __tsan_destroy_fiber(stack.thread);
}
#else
inline void before_switch(SanitizedStack&, const SanitizedStack&) {}
inline void after_switch(SanitizedStack&, SanitizedStack&) {}
inline void leave_for_good(const SanitizedStack&) {}
inline void open_stack(SanitizedStack&) {}
inline void close_stack(SanitizedStack&) {}
#endif

}  // namespace rankine::runtime

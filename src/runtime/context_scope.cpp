// SPDX-License-Identifier: Apache-2.0
#include "runtime/context_scope.hpp"

#include <utility>

#include <rankine/core/error.hpp>

namespace rankine {

namespace {
thread_local detail::Context* thread_context = nullptr;
}

namespace detail {

Context* context_or_null() {
  return thread_context;
}

Context& current_context() {
  if (thread_context == nullptr) {
    throw Error(
        "rankine: this thread runs neither the driver nor a task, so it cannot submit, put, get or draw "
        "random "
        "numbers. Remedy: do it on the thread that runs the driver or the task and hand the values over");
  }
  return *thread_context;
}

}  // namespace detail

namespace runtime {

ContextScope::ContextScope(detail::Context& context, TaskFrame& frame)
    : previous_(std::exchange(thread_context, &context)), frame_(frame) {}
ContextScope::~ContextScope() {
  thread_context = previous_;
}

}  // namespace runtime
}  // namespace rankine

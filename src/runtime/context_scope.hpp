// SPDX-License-Identifier: Apache-2.0
// Which runtime, and what of it, a thread works for.
#pragma once

#include <rankine/runtime/context.hpp>

#include "runtime/frame.hpp"

namespace rankine::runtime {

/// Makes `context` and `frame` those of this thread while it lives.
class ContextScope {
 public:
  ContextScope(detail::Context& context, TaskFrame& frame);
  ~ContextScope();
  ContextScope(const ContextScope&) = delete;
  ContextScope& operator=(const ContextScope&) = delete;

 private:
  detail::Context* previous_;
  FrameScope frame_;
};

}  // namespace rankine::runtime

// SPDX-License-Identifier: Apache-2.0
// What members of gangs need of the rank they run on.
#pragma once

#include <rankine/runtime/context.hpp>

#include "runtime/progress_mutex.hpp"

namespace rankine::runtime {

class GangHost {
 public:
  virtual ProgressMutex& progress_mutex() = 0;
  virtual detail::Context& member_context() = 0;
  /// Sends what was written, and lets the main thread see what it brought about. With the lock held.
  virtual void publish() = 0;

 protected:
  ~GangHost() = default;
};

}  // namespace rankine::runtime

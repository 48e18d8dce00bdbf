// SPDX-License-Identifier: Apache-2.0
// rk::explain(future): why is my task not running?
#pragma once

#include <rankine/object.hpp>
#include <rankine/runtime/explanation.hpp>  // IWYU pragma: export

namespace rankine {

/// Asks the head where the future's task is and what it waits for. In the driver and in tasks; in tasks it
/// waits for the answer.
template <class T>
Explanation explain(const Future<T>& future) {
  return detail::current_context().explain(future.what());
}

}  // namespace rankine

// SPDX-License-Identifier: Apache-2.0
// Random numbers that do not depend on ranks, order or retries: the stream is named by (run seed, task key).
#pragma once

#include <rankine/core/philox.hpp>
#include <rankine/runtime/context.hpp>

namespace rankine {

/// The generator of the running task (or of the driver). A UniformRandomBitGenerator of 64-bit numbers; also
/// uniform(), normal(), below(n). A retried task draws the same numbers again.
inline Philox& random() {
  return detail::current_context().random();
}

/// Whether somebody asked that the running task end: return soon, with any value.
inline bool cancelled() {
  return detail::current_context().cancelled();
}

}  // namespace rankine

// SPDX-License-Identifier: Apache-2.0
// What all collectives throw when a member of their group is gone.
#pragma once

#include <rankine/core/error.hpp>

namespace rankine::train {

[[noreturn]] inline void throw_broken() {
  throw GangBroken("train: the group of ranks is broken: another member was lost or threw");
}

}  // namespace rankine::train

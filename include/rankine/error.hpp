// SPDX-License-Identifier: Apache-2.0
// The exceptions a program may catch.
#pragma once

#include <rankine/core/error.hpp>  // IWYU pragma: export

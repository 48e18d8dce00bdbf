// SPDX-License-Identifier: Apache-2.0
// Everything a program needs.
#pragma once

#include <rankine/error.hpp>
#include <rankine/object.hpp>
#include <rankine/options.hpp>
#include <rankine/random.hpp>
#include <rankine/runtime.hpp>
#include <rankine/serialize/array.hpp>
#include <rankine/serialize/serialize.hpp>
#include <rankine/statistics.hpp>
#include <rankine/task.hpp>

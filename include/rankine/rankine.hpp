// SPDX-License-Identifier: Apache-2.0
// Everything a program needs.
#pragma once

#include <rankine/actor.hpp>
#include <rankine/actor_pool.hpp>
#include <rankine/draining.hpp>
#include <rankine/error.hpp>
#include <rankine/explain.hpp>
#include <rankine/gang.hpp>
#include <rankine/object.hpp>
#include <rankine/options.hpp>
#include <rankine/random.hpp>
#include <rankine/resources.hpp>
#include <rankine/runtime.hpp>
#include <rankine/serialize/array.hpp>
#include <rankine/serialize/serialize.hpp>
#include <rankine/state.hpp>
#include <rankine/statistics.hpp>
#include <rankine/task.hpp>

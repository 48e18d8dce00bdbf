// SPDX-License-Identifier: Apache-2.0
// How a failure travels: packed on the rank where it happened (or on the head, for failures that the
// scheduler makes), rethrown as a typed exception at get().
#pragma once

#include <cstddef>
#include <exception>
#include <span>
#include <string>
#include <vector>

#include <rankine/core/error.hpp>

#include "scheduler/types.hpp"

namespace rankine::runtime {

struct Failure {
  scheduler::FailureKind kind = scheduler::FailureKind::threw;
  TaskError::Parts parts;  ///< kinds other than threw use text alone
};

std::vector<std::byte> pack_failure(const Failure& failure);
Failure unpack_failure(std::span<const std::byte> bytes);

/// The exception in flight as data (type demangled).
Failure describe_exception(const std::exception_ptr& error);

/// The exception that a caller of get() sees.
[[noreturn]] void throw_failure(const Failure& failure);

/// Human-readable form of a mangled type name.
std::string demangle(const char* name);

}  // namespace rankine::runtime

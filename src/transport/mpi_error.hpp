// SPDX-License-Identifier: Apache-2.0
// What MPI calls return, turned into SystemError with words.
#pragma once

#include <string>

#include <rankine/core/ids.hpp>

namespace rankine::transport {

[[noreturn]] void throw_mpi(const std::string& call, int code, const std::string& remedy);
/// The same naming the rank, and what a failed access usually means.
[[noreturn]] void throw_mpi_access(const char* call, int code, Rank target);

/// Throws SystemError unless `code` is MPI_SUCCESS, which is zero everywhere.
inline void check_mpi(int code, const char* call, const char* remedy = "") {
  if (code != 0) [[unlikely]]
    throw_mpi(call, code, remedy);
}

inline void check_access(int code, const char* call, Rank target) {
  if (code != 0) [[unlikely]]
    throw_mpi_access(call, code, target);
}

}  // namespace rankine::transport

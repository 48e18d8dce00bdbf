// SPDX-License-Identifier: Apache-2.0
#include "transport/mpi_error.hpp"

#include <mpi.h>

#include <rankine/core/error.hpp>

namespace rankine::transport {
namespace {

std::string mpi_error_text(int code) {
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  if (MPI_Error_string(code, text, &length) != MPI_SUCCESS) return "MPI error " + std::to_string(code);
  return std::string(text, static_cast<std::size_t>(length));
}

}  // namespace

void throw_mpi(const std::string& call, int code, const std::string& remedy) {
  static_assert(MPI_SUCCESS == 0);
  throw SystemError(call + " failed: " + mpi_error_text(code) + (remedy.empty() ? "" : ": " + remedy));
}

void throw_mpi_access(const char* call, int code, Rank target) {
  throw_mpi(std::string(call) + " to rank " + std::to_string(index(target)), code,
            "the rank may have died, or the network path to it is gone");
}

}  // namespace rankine::transport

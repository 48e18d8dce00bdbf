// SPDX-License-Identifier: Apache-2.0
#include "train/trainer/members.hpp"

#include <numeric>

#include <rankine/core/error.hpp>

namespace rankine::train {

namespace {

void check(int code, const char* call) {
  if (code != MPI_SUCCESS) throw SystemError(std::string("training: ") + call + " failed");
}

double reduced(Gang& gang, double own, MPI_Op operation) {
  if (gang.size() == 1) return own;
  double all = 0;
  check(MPI_Allreduce(&own, &all, 1, MPI_DOUBLE, operation, gang.comm()), "MPI_Allreduce");
  return all;
}

}  // namespace

unsigned char said_by_first(Gang& gang, unsigned char own) {
  if (gang.size() > 1) check(MPI_Bcast(&own, 1, MPI_UNSIGNED_CHAR, 0, gang.comm()), "MPI_Bcast");
  return own;
}

double sum_of(Gang& gang, double own) {
  return reduced(gang, own, MPI_SUM);
}
double largest_of(Gang& gang, double own) {
  return reduced(gang, own, MPI_MAX);
}

void wait_for_all(Gang& gang) {
  if (gang.size() > 1) check(MPI_Barrier(gang.comm()), "MPI_Barrier");
}

std::vector<std::string> gathered(Gang& gang, const std::string& own) {
  if (gang.size() == 1) return {own};
  const bool first = gang.rank() == 0;
  const auto members = static_cast<std::size_t>(first ? gang.size() : 0);
  std::vector<int> sizes(members);
  const int size = static_cast<int>(own.size());
  check(MPI_Gather(&size, 1, MPI_INT, sizes.data(), 1, MPI_INT, 0, gang.comm()), "MPI_Gather");
  std::vector<int> places(members);
  std::exclusive_scan(sizes.begin(), sizes.end(), places.begin(), 0);
  std::string all(first ? static_cast<std::size_t>(places.back() + sizes.back()) : 0, '\0');
  check(MPI_Gatherv(own.data(), size, MPI_CHAR, all.data(), sizes.data(), places.data(), MPI_CHAR, 0,
                    gang.comm()),
        "MPI_Gatherv");
  std::vector<std::string> texts;
  for (std::size_t k = 0; k < members; ++k)
    texts.push_back(all.substr(static_cast<std::size_t>(places[k]), static_cast<std::size_t>(sizes[k])));
  return texts;
}

}  // namespace rankine::train

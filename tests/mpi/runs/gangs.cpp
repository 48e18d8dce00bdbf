// SPDX-License-Identifier: Apache-2.0
// Gangs in a real job: members have a communicator of their own, disjoint gangs run at once, a member that
// throws and a cancel break the others out of whatever MPI call they sit in, and no communicator is leaked. A
// check that fails says so on standard error and makes the exit code 1.
#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/mpi.hpp>

#include <rankine/rankine.hpp>

#include "checks.hpp"
#include "gang_calls.hpp"

namespace rk = rankine;
namespace mpi = boost::mpi;

namespace {

using Clock = std::chrono::steady_clock;

double mean(rk::Gang& gang, double x) {
  return mpi::all_reduce(gang.comm(), x + gang.rank(), std::plus<>()) / gang.size();
}
std::vector<int> who(rk::Gang& gang) {
  std::vector<int> ranks;
  mpi::all_gather(gang.comm(), gang.rank(), ranks);
  return ranks;
}
/// A text goes around the ring: messages of Boost.MPI that are serialised.
std::string ring(rk::Gang& gang, const std::string& text) {
  const int next = (gang.rank() + 1) % gang.size();
  const int before = (gang.rank() + gang.size() - 1) % gang.size();
  if (gang.size() == 1) return text;
  std::string got = text;
  if (gang.rank() == 0) {
    gang.comm().send(next, 1, text + ".");
    gang.comm().recv(before, 1, got);
  } else {
    gang.comm().recv(before, 1, got);
    gang.comm().send(next, 1, got + ".");
  }
  return got;
}
/// All collectives that the shim knows.
long everything(rk::Gang& gang) {
  const gang_calls::Members members(gang.comm());
  const long wrong = gang_calls::gathers(members) + gang_calls::scatters(members) +
                     gang_calls::reductions(members) + gang_calls::groups(members) +
                     gang_calls::neighbours(members);
  return mpi::all_reduce(gang.comm(), wrong, std::plus<>());
}
/// The last member throws, or all wait for ever, the others in `where`.
int sit(rk::Gang& gang, const std::string& where, bool throws) {
  if (throws && gang.rank() == gang.size() - 1) throw std::out_of_range("no more");
  const MPI_Comm comm = gang.comm();
  int x = 0;
  MPI_Request request;
  if (throws || gang.rank() != gang.size() - 1) {
    if (where == "barrier") MPI_Barrier(comm);
    if (where == "reduce") x = mpi::all_reduce(gang.comm(), 1, std::plus<>());
    if (where == "text") gang.comm().recv(gang.size() - 1, 9, *std::make_unique<std::string>());
    if (where == "split") MPI_Comm_split(comm, 0, 0, &*std::make_unique<MPI_Comm>());
  }
  if (where == "large")
    MPI_Allreduce(MPI_IN_PLACE, std::vector<int>(1 << 20).data(), 1 << 20, MPI_INT, MPI_SUM, comm);
  if (where == "probe") MPI_Probe(gang.size() - 1, 9, comm, MPI_STATUS_IGNORE);
  if (where == "wait") {
    MPI_Irecv(&x, 1, MPI_INT, gang.size() - 1, 9, comm, &request);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
  }
  MPI_Recv(&x, 1, MPI_INT, gang.rank(), 10, comm, MPI_STATUS_IGNORE);  // nobody sends this
  return x;
}
int nothing(rk::Gang& gang, int x) {
  return x + gang.size();
}
/// Leaves a message behind that nobody receives.
int litter(rk::Gang& gang, int x) {
  if (gang.rank() > 0) MPI_Send(&x, 1, MPI_INT, 0, 0, gang.comm());
  return x;
}
/// Would take what another gang left.
int finds(rk::Gang& gang) {
  int came = 0;
  MPI_Barrier(gang.comm());
  MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, gang.comm(), &came, MPI_STATUS_IGNORE);
  return came;
}
double nested(int ranks) {
  return rk::submit_gang<mean>({.ranks = ranks}, 1.0).get();
}

Checks expect("gangs");

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

void values(int most) {
  for (int n = 1; n <= most; ++n) {
    const std::string of = " of " + std::to_string(n);
    expect(rk::submit_gang<mean>({.ranks = n}, 2.0).get() == 2.0 + (n - 1) / 2.0, "the mean" + of);
    std::vector<int> order;
    for (int i = 0; i < n; ++i) order.push_back(i);
    for (const auto& one : rk::submit_gang_all<who>({.ranks = n}).get()) expect(one == order, "ranks" + of);
    const std::string round = rk::submit_gang<ring>({.ranks = n}, std::string("x")).get();
    expect(round.size() == (n == 1 ? 1u : static_cast<std::size_t>(n) + 1), "the text that went around" + of);
    expect(rk::submit_gang<everything>({.ranks = n}).get() == 0, "a collective" + of);
  }
}

void at_once(int most) {
  std::vector<rk::Future<double>> gangs;
  for (int i = 0; i < 200; ++i) gangs.push_back(rk::submit_gang<mean>({.ranks = 1 + i % most}, 1.0 * i));
  for (int i = 0; i < 200; ++i)
    expect(gangs[static_cast<std::size_t>(i)].get() == i + (i % most) / 2.0, "one of 200 gangs");
}

void breaks(int most) {
  for (const std::string where : {"barrier", "reduce", "text", "split", "large", "probe", "wait", "recv"}) {
    const auto begin = Clock::now();
    try {
      rk::submit_gang<sit>({.ranks = most}, where, true).get();
      expect(false, "a member threw, the others sat in " + where);
    } catch (const rk::TaskError& error) {
      expect(error.parts().type == "std::out_of_range" && error.parts().text == "no more",
             std::string("the first error: ") + error.what());
      const std::string member = "gang rank " + std::to_string(most - 1) + " of " + std::to_string(most);
      expect(error.parts().function.find(member) != std::string::npos, "the error names the " + member);
    }
    expect(seconds_since(begin) < 5, "left " + where + " soon");
  }
  for (const std::string where : {"barrier", "recv", "probe"}) {
    const auto gang = rk::submit_gang<sit>({.ranks = most}, where, false);
    expect(!gang.wait(std::chrono::milliseconds(30)), "a gang that waits for ever");
    const auto begin = Clock::now();
    gang.cancel();
    try {
      gang.get();
      expect(false, "cancelled");
    } catch (const rk::TaskCancelled&) {
    }
    expect(seconds_since(begin) < 5, "cancelled in " + where + ", soon");
  }
  const auto late = rk::submit_gang<sit>({.ranks = most, .timeout = std::chrono::milliseconds(50)},
                                         std::string("recv"), false);
  try {
    late.get();
    expect(false, "over its time");
  } catch (const rk::TaskTimedOut&) {
  }
}

void many(int most, int count) {
  rk::Future<int> last;
  for (int i = 0; i < count; ++i) {
    last = rk::submit_gang<nothing>({.ranks = most}, i);
    if (i % 100 == 99) expect(last.get() == i + most, "one gang of many");
  }
  expect(last.get() == count - 1 + most, "the last gang of many");
}

void run_all(int ranks, int count) {
  const int most = ranks == 1 ? 1 : ranks - 1;
  values(most);
  at_once(most);
  breaks(most);
  values(most);
  for (int i = 0; i < 20; ++i) {
    rk::submit_gang<litter>({.ranks = most}, i).get();
    expect(rk::submit_gang<finds>({.ranks = most}).get() == 0, "a message of another gang");
  }
  if (most > 1) expect(rk::submit<nested>(most - 1).get() == 1.0 + (most - 2) / 2.0, "a gang of a task");
  many(most, count);
  try {
    rk::submit_gang<nothing>({.ranks = most + 1}, 1).get();
    expect(false, "too many ranks");
  } catch (const rk::Unsatisfiable& error) {
    const std::string asked = "a gang of " + std::to_string(most + 1) + " ranks";
    expect(std::string(error.what()).find(asked) != std::string::npos, error.what());
  }
}

}  // namespace

int main(int argc, char** argv) {
  rk::Runtime runtime(argc, argv);
  const int count = argc > 1 ? std::stoi(argv[1]) : 1000;
  return runtime.run([&runtime, count] {
    run_all(runtime.size(), count);
    return expect.exit_code();
  });
}

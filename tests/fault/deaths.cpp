// SPDX-License-Identifier: Apache-2.0
// Jobs whose ranks die. Each name of a scene is one job, which prints "deaths: NAME: as promised" when
// everything came out as if nobody had died, or died with the error that is promised. To be started by
// `mpirun
// --enable-recovery`; run_deaths.py does, kills from outside where a scene asks for it ("kill: PID"), and
// watches the end.
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <dlfcn.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/mpi.hpp>

#include <rankine/rankine.hpp>

namespace rk = rankine;

namespace {

using namespace std::chrono_literals;

void expect(bool right, const std::string& what) {
  if (!right) throw std::runtime_error(what);
}

template <class T>
void expect_equal(const T& is, const T& should, const std::string& what) {
  if (is == should) return;
  throw std::runtime_error(what + ": " + std::to_string(is) + " instead of " + std::to_string(should));
}

/// Asks the watcher of this job to do something to a process, and goes on when it has.
void ask_outside(const std::string& what, std::int64_t pid) {
  std::cout << what << ": " << pid << std::endl;
}

// ---- tasks ----

int slow_square(int x) {
  std::this_thread::sleep_for(2ms);
  return x * x;
}
int pid_of_this_rank() {
  return static_cast<int>(getpid());
}
/// The ways in which a process ends.
enum class Way { sigkill, segv, abort, exit, memory };

[[noreturn]] void die(Way way) {
  switch (way) {
    case Way::sigkill:
      std::raise(SIGKILL);
      break;
    case Way::segv:
      std::raise(SIGSEGV);
      break;
    case Way::abort:
      std::abort();
    case Way::exit:
      _exit(3);
    case Way::memory: {
      // What the kernel's out-of-memory killer does, to this process only.
      rlimit limit{256u << 20, 256u << 20};
      setrlimit(RLIMIT_AS, &limit);
      std::vector<std::unique_ptr<char[]>> taken;
      for (;;) {
        char* more = static_cast<char*>(std::malloc(1u << 20));
        if (more == nullptr) std::raise(SIGKILL);
        taken.emplace_back(more);
      }
    }
  }
  _exit(4);  // not reached
}

/// Dies the first time; the second attempt finds the file that the first one left.
int die_once(int way, const std::string& mark) {
  if (access(mark.c_str(), F_OK) != 0) {
    std::fclose(std::fopen(mark.c_str(), "w"));
    die(static_cast<Way>(way));
  }
  return 7;
}
int die_always(int x) {
  std::raise(SIGKILL);
  return x;
}

std::vector<rk::Future<int>> start_other_work(int count) {
  std::vector<rk::Future<int>> others;
  for (int i = 0; i < count; ++i) others.push_back(rk::submit<slow_square>(i));
  return others;
}
void finish(const std::vector<rk::Future<int>>& others) {
  for (std::size_t i = 0; i < others.size(); ++i) {
    expect_equal(others[i].get(), static_cast<int>(i * i), "other work");
  }
}

std::string new_mark() {
  const char* folder = std::getenv("TMPDIR");
  return std::string(folder != nullptr ? folder : "/tmp") + "/rankine-mark-" + std::to_string(getpid());
}

// ---- scenes ----

void one_dies(Way way) {
  const std::uint64_t before = rk::statistics().workers;
  const auto others = start_other_work(200);
  const std::string mark = new_mark();
  const auto dying = rk::submit<die_once>({.max_retries = 1}, static_cast<int>(way), mark);
  expect_equal(dying.get(), 7, "the second attempt");
  finish(others);
  std::remove(mark.c_str());
  expect_equal(rk::statistics().workers, before - 1, "workers that are left");
}

/// A rank that is stopped from outside while it works is given up, and does not come back.
void frozen() {
  const int pid = rk::submit<pid_of_this_rank>().get();
  const auto others = start_other_work(1000);
  ask_outside("stop", pid);
  finish(others);
  expect_equal(rk::statistics().workers, std::uint64_t{3}, "workers that are left");
}

/// One that is stopped for a moment only is not.
void thawed() {
  const int pid = rk::submit<pid_of_this_rank>().get();
  const auto others = start_other_work(1000);
  ask_outside("stop", pid);
  finish(others);
  expect_equal(rk::statistics().workers, std::uint64_t{4}, "workers that are left");
}

double agree(rk::Gang& gang, int way, const std::string& mark) {
  double value = gang.rank();
  for (int i = 0; i < 50; ++i) {
    value = boost::mpi::all_reduce(gang.comm(), value, std::plus<>()) / gang.size();
    if (i == 20 && gang.rank() == 1) die_once(way, mark);
  }
  return value;
}

/// A member dies while the others are inside a collective operation: they get out, and the gang runs anew.
void gang() {
  const auto others = start_other_work(100);
  const std::string mark = new_mark();
  const auto agreed = rk::submit_gang<agree>({.ranks = 3}, static_cast<int>(Way::sigkill), mark);
  expect_equal(agreed.get(), 1.0, "the second attempt");
  std::remove(mark.c_str());
  finish(others);
}

/// With one worker left besides rank 0, rank 0 joins, so that a gang of two goes on.
void gang_with_the_head() {
  const std::string mark = new_mark();
  const auto agreed = rk::submit_gang<agree>({.ranks = 2}, static_cast<int>(Way::sigkill), mark);
  expect_equal(agreed.get(), 0.5, "the second attempt");
  std::remove(mark.c_str());
  try {
    rk::submit_gang<agree>({.ranks = 3}, static_cast<int>(Way::sigkill), mark).get();
    expect(false, "a gang of three ran on two ranks");
  } catch (const rk::Unsatisfiable& error) {
    std::cout << "too large: " << error.what() << std::endl;
  }
}

std::atomic<bool> dies_in_creation{false};

int die_in_the_next_creation() {
  dies_in_creation = true;
  return 0;
}
double sum_of_ranks(rk::Gang& gang) {
  return boost::mpi::all_reduce(gang.comm(), gang.rank(), std::plus<>());
}

/// A member dies inside MPI's creation of the communicator, which nothing ends for the other one: its rank
/// lives on and is a member again, also of the gangs after.
void creation() {
  const int kept = rk::submit<pid_of_this_rank>({.rank = 1}).get();
  rk::submit<die_in_the_next_creation>({.rank = 2}).get();
  expect_equal(rk::submit_gang<sum_of_ranks>({.ranks = 2}).get(), 1.0, "the second attempt");
  for (int i = 0; i < 20; ++i)
    expect_equal(rk::submit_gang<sum_of_ranks>({.ranks = 2}).get(), 1.0, "a gang after it");
  expect_equal(rk::submit<pid_of_this_rank>({.rank = 1}).get(), kept, "the process of rank 1");
  expect_equal(rk::statistics().workers, std::uint64_t{2}, "rank 1, and rank 0, which helps out");
}

/// What it has counted is in its checkpoints.
class Counter {
 public:
  int add(int k) { return n_ += k; }
  int add_and_die_once(int k, const std::string& mark) {
    die_once(static_cast<int>(Way::sigkill), mark);
    return n_ += k;
  }
  int save() const { return n_; }
  void load(int n) { n_ = n; }

 private:
  int n_ = 0;
};

void actor() {
  const std::string mark = new_mark();
  const auto counter = rk::spawn<Counter>({.max_restarts = 1, .max_task_retries = 1, .checkpoint_every = 3});
  std::vector<rk::Future<int>> sums;
  for (int i = 0; i < 10; ++i) sums.push_back(counter.call<&Counter::add>(1));
  sums.push_back(counter.call<&Counter::add_and_die_once>(1, mark));
  for (int i = 0; i < 10; ++i) sums.push_back(counter.call<&Counter::add>(1));
  for (int i = 0; i < 21; ++i) expect_equal(sums[static_cast<std::size_t>(i)].get(), i + 1, "a call");
  std::remove(mark.c_str());
  const auto second = rk::spawn<Counter>({.max_restarts = 0});
  try {
    second.call<&Counter::add_and_die_once>(1, mark).get();
    expect(false, "a call of an actor without a restart");
  } catch (const rk::ActorDied& error) {
    std::cout << "no restart: " << error.what() << std::endl;
  }
  std::remove(mark.c_str());
}

/// One worker after the other dies; then rank 0 works.
void last_worker() {
  const auto others = start_other_work(300);
  for (int n = 0; n < 4; ++n) {
    const std::string mark = new_mark() + std::to_string(n);
    expect_equal(rk::submit<die_once>(static_cast<int>(Way::sigkill), mark).get(), 7, "another attempt");
    std::remove(mark.c_str());
  }
  finish(others);
  expect_equal(rk::statistics().workers, std::uint64_t{1}, "rank 0");
}

/// A task that has no try left says so, with the rank.
void no_retry() {
  const std::string mark = new_mark();
  const auto dying =
      rk::submit<die_once>({.max_retries = 0, .name = "fragile"}, static_cast<int>(Way::sigkill), mark);
  try {
    dying.get();
    expect(false, "there is no retry");
  } catch (const rk::WorkerDied& error) {
    std::cout << "no retry: " << error.what() << std::endl;
  }
  std::remove(mark.c_str());
}

/// The head is killed from outside while all ranks work.
void headless() {
  const auto others = start_other_work(100'000);
  ask_outside("kill", getpid());
  finish(others);
}

void poison() {
  const auto others = start_other_work(100);
  const auto bad = rk::submit<die_always>({.max_retries = 10, .name = "the poison"}, 1);
  try {
    bad.get();
    expect(false, "the poison ended well");
  } catch (const rk::Error& error) {
    const std::string text = error.what();
    std::cout << "poison: " << text << std::endl;
    expect(text.find("the poison") != std::string::npos, "the error names the task: " + text);
  }
  finish(others);
}

const std::map<std::string, std::function<void()>> kScenes = {
    {"sigkill", [] { one_dies(Way::sigkill); }},
    {"segv", [] { one_dies(Way::segv); }},
    {"abort", [] { one_dies(Way::abort); }},
    {"exit", [] { one_dies(Way::exit); }},
    {"memory", [] { one_dies(Way::memory); }},
    {"frozen", frozen},
    {"thawed", thawed},
    {"poison", poison},
    {"headless", headless},
    {"gang", gang},
    {"gang with the head", gang_with_the_head},
    {"creation", creation},
    {"actor", actor},
    {"last worker", last_worker},
    {"no retry", no_retry},
};

}  // namespace

/// Stands in for MPI's own, which it calls.
extern "C" int PMPI_Comm_create_group(MPI_Comm comm, MPI_Group group, int tag, MPI_Comm* made) {
  if (dies_in_creation) std::raise(SIGKILL);
  using Creation = int (*)(MPI_Comm, MPI_Group, int, MPI_Comm*);
  static const auto next = reinterpret_cast<Creation>(dlsym(RTLD_NEXT, "PMPI_Comm_create_group"));
  return next(comm, group, tag, made);
}

int main(int argc, char** argv) {
  rk::RuntimeOptions options;
  options.lost_after = 1500ms;
  rk::Runtime runtime(argc, argv, options);
  const std::string name = argc > 1 ? argv[1] : "";
  return runtime.run([&name] {
    kScenes.at(name)();
    std::cout << "deaths: " << name << ": as promised" << std::endl;
  });
}

// SPDX-License-Identifier: Apache-2.0
// A job of which one rank crashes in the way its first argument names; the second, if any, is the run
// directory. own: the program handles the signal itself and says so. off: without reports.
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include <rankine/rankine.hpp>

namespace rk = rankine;

namespace {

/// A write where no memory is, which the compiler must not know.
void touch_nothing() {
  volatile std::uintptr_t address = 16;
  *reinterpret_cast<volatile int*>(address) = 1;
}

int touch(const std::string& how, const std::vector<double>& values) {
  if (how == "segv" || how == "own" || how == "off") touch_nothing();
  if (how == "abort") std::abort();
  if (how == "fpe") std::raise(SIGFPE);
  if (how == "exit") std::exit(5);
  if (how == "thread") std::thread([] { throw std::runtime_error("nobody is there"); }).join();
  return static_cast<int>(values.size());
}

/// Deeper than any stack; the compiler must not make a loop of it.
int deeper(volatile int* depth) {
  volatile char page[2048];
  page[0] = static_cast<char>(*depth);
  *depth = *depth + 1;
  return *depth < 0 ? 0 : deeper(depth) + page[0];
}
int overflow(int depth) {
  volatile int at = depth;
  return deeper(&at);
}

int third(int element) {
  if (element == 7) touch_nothing();
  return element;
}

struct Fragile {
  int value = 0;
  int poke(const std::string& bytes) {
    if (bytes.size() > 4) touch_nothing();
    return ++value;
  }
};

int member(rk::Gang& gang, int depth) {
  return gang.rank() == gang.size() - 1 ? overflow(depth) : 0;
}

void say(int) {
  static const char text[] = "the program's own handler\n";
  const ssize_t wrote = write(STDERR_FILENO, text, sizeof text - 1);
  _exit(wrote > 0 ? 6 : 7);
}

int crash(const std::string& how) {
  if (how == "stack") return rk::submit<overflow>(0).get();
  if (how == "map") return rk::map<third>(std::vector<int>{1, 2, 3, 7}).get().front();
  if (how == "actor") return rk::spawn<Fragile>().call<&Fragile::poke>(std::string("stone")).get();
  if (how == "gang") return rk::submit_gang<member>({.ranks = 1}, 0).get();
  return rk::submit<touch>(how, std::vector<double>(1000, 1.0)).get();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string how = argc > 1 ? argv[1] : "segv";
  if (how == "own") std::signal(SIGSEGV, say);
  rk::RuntimeOptions options;
  if (argc > 2) options.run_directory = argv[2];
  options.crash_reports = how != "off";
  rk::Runtime runtime(argc, argv, options);
  return runtime.run([&how] { return crash(how) == 0 ? 1 : 0; });
}

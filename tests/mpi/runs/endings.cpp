// SPDX-License-Identifier: Apache-2.0
// A job that ends in the way its argument names, after large objects have been made, so that there is
// something to leave behind: success, code (the driver returns 7), driver (the driver throws), task (a task
// throws and nobody catches it), busy (the driver throws while the other ranks compute), forever (works until
// somebody stops it; prints "working" once it does).
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

#include <rankine/rankine.hpp>

namespace rk = rankine;

namespace {

constexpr std::size_t kElements = 1u << 18;  // 2 MiB: through shared memory

rk::Array<double> make(int seed) {
  return rk::Array<double>(kElements, [seed](std::size_t i) { return seed + static_cast<double>(i); });
}
double last(const rk::Array<double>& values) {
  return values[values.size() - 1];
}
int refuse(int x) {
  throw std::out_of_range("no element " + std::to_string(x));
}
/// Never returns, which the compiler must not know: no call into the runtime ends it.
int spin(int x) {
  volatile int same = x;
  while (same == x) {
  }
  return same;
}

void work() {
  std::vector<rk::Future<double>> lasts;
  for (int i = 0; i < 8; ++i) lasts.push_back(rk::submit<last>(rk::submit<make>(i)));
  for (int i = 0; i < 8; ++i) {
    if (lasts[static_cast<std::size_t>(i)].get() != i + static_cast<double>(kElements) - 1) {
      throw std::logic_error("endings: a wrong value");
    }
  }
}

int end_as(const std::string& how) {
  work();
  if (how == "success") return 0;
  if (how == "code") return 7;
  if (how == "driver") throw std::runtime_error("the driver gave up");
  if (how == "task") return rk::submit<refuse>(3).get();
  if (how == "busy") {
    const auto endless = rk::submit<spin>(1);
    throw std::runtime_error("the driver gave up while others compute");
  }
  if (how != "forever") throw std::invalid_argument("endings: unknown way \"" + how + "\"");
  std::printf("working\n");
  std::fflush(stdout);
  for (;;) work();
}

}  // namespace

int main(int argc, char** argv) {
  rk::Runtime runtime(argc, argv);
  const std::string how = argc > 1 ? argv[1] : "success";
  return runtime.run([&how] { return end_as(how); });
}

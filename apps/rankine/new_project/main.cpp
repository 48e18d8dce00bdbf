// How much of a square lies within a quarter of a circle: random points, many tasks.
#include <cstdio>
#include <vector>

#include <rankine/rankine.hpp>

namespace rk = rankine;

// A task: any free function. Its random numbers are the same on any number of ranks.
long inside(int points) {
  auto random = rk::random();
  long count = 0;
  for (int i = 0; i < points; ++i) {
    const double x = random.uniform();
    const double y = random.uniform();
    count += x * x + y * y < 1 ? 1 : 0;
  }
  return count;
}

int main(int argc, char** argv) {
  rk::Runtime runtime(argc, argv);
  return runtime.run([] {  // the driver: once, on rank 0
    const int points = 100000;
    const std::vector<int> tasks(200, points);
    const std::vector<long> counts = rk::map<inside>(tasks).get();
    long all = 0;
    for (const long count : counts) all += count;
    std::printf("pi is about %.4f\n", 4.0 * static_cast<double>(all) / (200.0 * points));
  });
}

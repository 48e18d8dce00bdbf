// SPDX-License-Identifier: Apache-2.0
// The smallest whole program: tasks, futures as arguments, a map, an error. Run it with mpirun -n 3
// rankine-hello.
#include <cmath>
#include <iostream>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include <rankine/rankine.hpp>

namespace rk = rankine;

double area(double r) {
  return 3.141592653589793 * r * r;
}  // any free function is a task

double careful_root(double x) {
  if (x < 0) throw std::domain_error("no real root of " + std::to_string(x));
  return std::sqrt(x);
}

int main(int argc, char** argv) {
  rk::Runtime runtime(argc, argv);
  return runtime.run([&runtime] {    // the driver: once, on rank 0
    auto a = rk::submit<area>(2.0);  // Future<double>
    auto b = rk::submit<area>(a);    // a future is an argument: a dependency
    auto c = rk::submit([](double x, double y) { return x + y; }, a, b);
    std::cout << "areas: " << a.get() << ' ' << b.get() << ", their sum: " << c.get() << '\n';

    std::vector<int> numbers(1000);
    std::iota(numbers.begin(), numbers.end(), 1);
    const auto squares = rk::map([](int x) { return static_cast<long>(x) * x; }, numbers).get();
    std::cout << "sum of 1000 squares: " << std::accumulate(squares.begin(), squares.end(), 0L) << '\n';

    try {
      rk::submit<careful_root>(-1.0).get();
    } catch (const rk::TaskError& error) {
      std::cout << "caught: " << error.parts().type << ": " << error.parts().text << '\n';
    }
    std::cout << rk::statistics().finished << " tasks on " << runtime.size() << " ranks\n";
  });
}

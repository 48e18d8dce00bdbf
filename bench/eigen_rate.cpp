// SPDX-License-Identifier: Apache-2.0
#include "eigen_rate.hpp"

#include <algorithm>
#include <barrier>
#include <chrono>
#include <thread>
#include <vector>

#include <Eigen/Core>

double eigen_rate(int m, int k, int n, int threads) {
  using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const double flops = 2.0 * m * k * n;
  const int rounds = std::max(1, static_cast<int>(4e9 / flops));
  constexpr int kTries = 5;
  std::barrier barrier(threads);
  std::vector<double> seconds(kTries);
  const auto work = [&](bool first) {
    const Matrix a = Matrix::Random(m, k);
    const Matrix b = Matrix::Random(k, n);
    Matrix c(m, n);
    for (double& one : seconds) {
      barrier.arrive_and_wait();
      const auto start = std::chrono::steady_clock::now();
      for (int round = 0; round < rounds; ++round) c.noalias() = a * b;
      barrier.arrive_and_wait();
      if (first) one = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    }
  };
  std::vector<std::thread> others;
  for (int t = 1; t < threads; ++t) others.emplace_back(work, false);
  work(true);
  for (std::thread& other : others) other.join();
  return flops * rounds * threads / *std::min_element(seconds.begin(), seconds.end()) * 1e-9;
}

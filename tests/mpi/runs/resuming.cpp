// SPDX-License-Identifier: Apache-2.0
// Work with keys that is killed and started again: resuming RUN MARKS. Each execution of a task adds a line
// to the file MARKS; the last line of output is a digest of all results, which no kill may change.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <numeric>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <rankine/core/clock.hpp>
#include <rankine/core/hash.hpp>
#include <rankine/rankine.hpp>

namespace rk = rankine;

namespace {

constexpr std::uint64_t kMap = 1;
constexpr std::uint64_t kLarge = 2;
constexpr std::uint64_t kChain = 100;  // and on
constexpr int kElements = 240;
constexpr int kLargeElements = 12;
constexpr int kLinks = 20;

/// One line, in one write: lines of several processes do not mix.
void mark(const std::string& marks, std::uint64_t key, int element) {
  const std::string line = std::to_string(key) + " " + std::to_string(element) + "\n";
  const int fd = open(marks.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const bool wrote = fd >= 0 && write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  if (fd >= 0) close(fd);
  if (!wrote) throw rk::SystemError("rankine: the marks of a test could not be written: " + marks);
}

/// Some milliseconds of work with a result that depends on all of it.
double churn(std::uint64_t seed) {
  const rk::Time start = rk::now();
  while (rk::seconds_since(start) < 0.005) {
  }
  std::uint64_t state = seed;
  for (int i = 0; i < 1000; ++i) state = rk::hash_mix(state, seed);
  return static_cast<double>(state >> 11) * 0x1.0p-53;
}

double element(int i, const std::string& marks) {
  const double value = churn(static_cast<std::uint64_t>(i)) + rk::random().uniform();
  mark(marks, kMap, i);
  return value;
}

std::vector<double> large(int i, const std::string& marks) {
  std::vector<double> values(static_cast<std::size_t>(3000 + i));
  std::iota(values.begin(), values.end(), churn(static_cast<std::uint64_t>(1000 + i)));
  mark(marks, kLarge, i);
  return values;
}

double link(double before, int i, const std::string& marks) {
  const double value = 0.5 * before + churn(static_cast<std::uint64_t>(2000 + i));
  mark(marks, kChain + static_cast<std::uint64_t>(i), 0);
  return value;
}

std::uint64_t digest_of(const std::vector<double>& values, std::uint64_t digest) {
  return rk::hash_bytes(std::as_bytes(std::span(values)), digest);
}

int drive(const std::string& marks) {
  const int starts = rk::load_state<int>("starts").value_or(0) + 1;
  rk::save_state("starts", starts);
  std::vector<int> inputs(kElements);
  std::iota(inputs.begin(), inputs.end(), 0);
  const auto elements = rk::map<element>({.key = kMap}, inputs, marks);
  inputs.resize(kLargeElements);
  const auto larges = rk::map<large>({.key = kLarge}, inputs, marks);
  std::vector<rk::Future<double>> chain{rk::submit<link>({.key = kChain}, 1.0, 0, marks)};
  for (int i = 1; i < kLinks; ++i) {
    chain.push_back(
        rk::submit<link>({.key = kChain + static_cast<std::uint64_t>(i)}, chain.back(), i, marks));
  }
  std::vector<double> values;
  for (std::size_t i = 0; i < kElements; ++i) values.push_back(elements[i].get());
  for (const auto& one : chain) values.push_back(one.get());
  std::uint64_t digest = digest_of(values, 0);
  for (std::size_t i = 0; i < kLargeElements; ++i) digest = digest_of(larges[i].get(), digest);
  std::cout << "starts " << starts << " resumed " << rk::statistics().resumed << std::endl;
  std::printf("digest %016llx\n", static_cast<unsigned long long>(digest));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  rk::RuntimeOptions options;
  options.run_directory = argv[1];
  rk::Runtime runtime(argc, argv, options);
  return runtime.run([&] { return drive(argv[2]); });
}

// SPDX-License-Identifier: Apache-2.0
// Large arguments, results and objects between ranks, wherever these are: on one node they are read in place,
// between nodes they are fetched. Few messages, since virtual hosts are slow. Exit code 1 and a sentence on a
// wrong value.
#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

#include <rankine/rankine.hpp>

namespace rk = rankine;

namespace {

constexpr std::size_t kCount = 300'000;

rk::Array<double> make_ramp(double slope) {
  return rk::Array<double>(kCount, [slope](std::size_t i) { return slope * static_cast<double>(i); });
}
double sum(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}
std::string shout(const std::string& text, int times) {
  return text + std::string(static_cast<std::size_t>(times), '!');
}
double scale(double x, const std::vector<double>& table) {
  return x * table.back();
}

bool right = true;
void expect(bool holds, const char* what) {
  if (holds) return;
  std::printf("wrong: %s\n", what);
  right = false;
}

void check_on(int from, int to) {
  const double total = 0.5 * kCount * (kCount - 1.0);
  const auto made = rk::submit<make_ramp>({.rank = from}, 2.0);
  expect(rk::submit<sum>({.rank = to}, made).get() == 2 * total,
         "a result of one rank as argument of another");
  expect(made.get()[kCount - 1] == 2.0 * (kCount - 1), "a result read by the driver");
  const auto put = rk::put(make_ramp(3.0));
  expect(rk::submit<sum>({.rank = to}, put).get() == 3 * total, "an object of the driver as argument");
  const std::vector<double> values(kCount, 1.0);
  expect(rk::submit<sum>({.rank = to}, values).get() == kCount, "a large argument by value");

  std::vector<std::string> texts;
  for (int i = 0; i < 40; ++i) texts.push_back(std::string(5'000, static_cast<char>('a' + i % 26)));
  const auto shouted = rk::map<shout>({.rank = to}, texts, 3).get();
  for (std::size_t i = 0; i < texts.size(); ++i)
    expect(shouted[i] == texts[i] + "!!!", "elements of varying size");

  std::vector<double> numbers(5'000);
  std::iota(numbers.begin(), numbers.end(), 0.0);
  const auto scaled = rk::map<scale>({.rank = to}, numbers, values).get();
  for (std::size_t i = 0; i < numbers.size(); ++i) expect(scaled[i] == numbers[i], "elements of fixed size");
}

}  // namespace

int main(int argc, char** argv) {
  rk::Runtime runtime(argc, argv);
  return runtime.run([&runtime] {
    const int last = runtime.size() - 1;
    const int first = runtime.size() > 1 ? 1 : 0;
    check_on(first, last);
    check_on(last, first);
    std::printf("%s on %d nodes, %d ranks\n", right ? "right" : "WRONG", runtime.nodes(), runtime.size());
    return right ? 0 : 1;
  });
}

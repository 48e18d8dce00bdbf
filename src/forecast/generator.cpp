// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/core/philox.hpp>
#include <rankine/forecast/generator.hpp>

namespace rankine::forecast {

namespace {

constexpr const char* kGroups[] = {"Flat", "Trend", "Seasonal", "Both"};
constexpr const char* kDaily = "Daily";

std::uint64_t kind(std::uint64_t index, const GeneratorOptions& options) {
  return index % (options.season > 1 ? 4 : 2);
}

double uniform(Philox& random, double low, double high) {
  return low + (high - low) * random.uniform();
}

/// Normal deviates in pairs (Marsaglia's polar method): half the logarithms of Philox::normal and no cosine.
class Normals {
 public:
  explicit Normals(Philox& random) : random_(random) {}
  double operator()() {
    if (spare_is_set_) {
      spare_is_set_ = false;
      return spare_;
    }
    double u, v, square;
    do {
      u = 2 * random_.uniform() - 1;
      v = 2 * random_.uniform() - 1;
      square = u * u + v * v;
    } while (square >= 1 || square == 0);
    const double factor = std::sqrt(-2 * std::log(square) / square);
    spare_ = v * factor;
    spare_is_set_ = true;
    return u * factor;
  }

 private:
  Philox& random_;
  double spare_ = 0;
  bool spare_is_set_ = false;
};

struct Components {
  double level, trend, alpha, beta, phi, sd;
  std::vector<double> season;  // one factor for each position of the cycle, mean 1
};

Components draw_components(Philox& random, std::uint64_t kind, int season) {
  Components p{};
  p.level = 100 * std::pow(10, random.uniform());
  p.sd = p.level * uniform(random, 0.01, 0.04);
  p.alpha = uniform(random, 0.05, 0.4);
  p.phi = 1;
  if (kind % 2 == 1) {
    p.beta = p.alpha * uniform(random, 0, 0.02);
    p.phi = uniform(random, 0.9, 0.97);
    p.trend = p.level * uniform(random, -0.005, 0.005);
  }
  p.season.assign(static_cast<std::size_t>(season), 1.0);
  if (kind >= 2) {
    const double amplitude = uniform(random, 0.05, 0.35);
    const double second = amplitude * uniform(random, 0, 0.5);
    const double phase = random.uniform();
    const double second_phase = random.uniform();
    for (std::size_t k = 0; k < p.season.size(); ++k) {
      const double turn = static_cast<double>(k) / season;
      p.season[k] += amplitude * std::sin(2 * std::numbers::pi * (turn + phase)) +
                     (season > 3 ? second * std::sin(2 * std::numbers::pi * (2 * turn + second_phase)) : 0);
    }
  }
  return p;
}

/// How many training values: drawn evenly.
std::size_t draw_length(Philox& random, const GeneratorOptions& options) {
  const auto range = static_cast<std::uint64_t>(options.length_max - options.length_min) + 1;
  return static_cast<std::size_t>(options.length_min) + random.below(range);
}

void draw_daily(Philox& random, const GeneratorOptions& options, GeneratedSeries& generated) {
  Series& series = generated.series;
  series.train.resize(draw_length(random, options));
  std::size_t day = 0;
  const auto next = [&] { return 10.0 + static_cast<double>(day++ % 7); };
  for (double& y : series.train) y = next() + 0.5 * random.uniform();
  const std::size_t origin = day;
  for (double& y : generated.expected) y = next() + 0.25;
  day = origin;
  for (double& y : series.test) y = next() + 0.5 * random.uniform();
}

void draw_known(Philox& random, std::uint64_t index, const GeneratorOptions& options,
                GeneratedSeries& generated) {
  Components p = draw_components(random, kind(index, options), options.season);
  Series& series = generated.series;
  series.train.resize(draw_length(random, options));
  Normals normal(random);
  std::size_t position = 0;  // in the cycle
  const auto next_factor = [&] {
    const double factor = p.season[position];
    if (++position == p.season.size()) position = 0;
    return factor;
  };
  const auto step = [&] {
    const double mean = p.level + p.phi * p.trend;
    const double e = p.sd * normal();
    p.level = mean + p.alpha * e;
    p.trend = p.phi * p.trend + p.beta * e;
    return mean + e;
  };
  for (double& y : series.train) y = step() * next_factor();
  const std::size_t origin = position;
  double mean = p.level;
  double trend = p.trend;
  for (double& y : generated.expected) {
    trend *= p.phi;
    mean += trend;
    y = mean * next_factor();
  }
  position = origin;
  for (double& y : series.test) y = step() * next_factor();
}

}  // namespace

void check(const GeneratorOptions& options) {
  if (options.season < 1)
    throw InputError(fmt::format("season is {}; it must be at least 1", options.season));
  if (options.horizon < 1)
    throw InputError(fmt::format("horizon is {}; it must be at least 1", options.horizon));
  if (options.length_min < 1 || options.length_max < options.length_min) {
    throw InputError(fmt::format("lengths {} .. {} are not a range of at least 1", options.length_min,
                                 options.length_max));
  }
}

std::string generated_id(std::uint64_t index) {
  return fmt::format("G{:09}", index);
}

std::string generated_group(std::uint64_t index, const GeneratorOptions& options) {
  return options.process == Process::kRayEts ? kDaily : kGroups[kind(index, options)];
}

std::vector<std::string> generated_groups(const GeneratorOptions& options) {
  if (options.process == Process::kRayEts) return {kDaily};
  return {std::begin(kGroups), std::begin(kGroups) + (options.season > 1 ? 4 : 2)};
}

GeneratorOptions ray_ets_options(int season) {
  return {season, 7, 50, 500, Process::kRayEts};
}

GeneratedSeries generate_series(std::uint64_t seed, std::uint64_t index, const GeneratorOptions& options) {
  check(options);
  Philox random(seed, index);
  GeneratedSeries generated;
  Series& series = generated.series;
  series.id = generated_id(index);
  series.group = generated_group(index, options);
  series.season = options.season;
  series.horizon = options.horizon;
  series.test.resize(static_cast<std::size_t>(options.horizon));
  generated.expected.resize(series.test.size());
  if (options.process == Process::kRayEts) {
    draw_daily(random, options, generated);
  } else {
    draw_known(random, index, options, generated);
  }
  return generated;
}

}  // namespace rankine::forecast

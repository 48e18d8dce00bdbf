// SPDX-License-Identifier: Apache-2.0
#include "metg_graph.hpp"

#include <algorithm>
#include <bit>
#include <numeric>

#include <rankine/core/philox.hpp>

namespace rankine::bench {

namespace {

/// Steps until the edges of a butterfly come again; at least 1.
std::int32_t stages(std::int32_t width) {
  return std::max(1, static_cast<std::int32_t>(std::bit_width(static_cast<std::uint32_t>(width - 1))));
}

/// Whether random_nearest has the edge: a number of the counter-based generator, the same on every rank.
bool connected(std::int32_t stage, std::int32_t from, std::int32_t to) {
  const PhiloxBlock block = philox4x32({static_cast<std::uint32_t>(stage), static_cast<std::uint32_t>(from),
                                        static_cast<std::uint32_t>(to), 0},
                                       {0x7461736bu, 0x62656e63u});
  return block[0] * 0x1.0p-32 < kFractionConnected;
}

}  // namespace

std::string name_of(Pattern pattern) {
  constexpr std::array names{"trivial", "stencil_1d", "fft", "tree", "all_to_all", "random_nearest"};
  return names[static_cast<std::size_t>(pattern)];
}

std::int32_t TaskGraph::width_at(std::int32_t step) const {
  if (pattern != Pattern::tree || step >= stages(width)) return width;
  return std::min(width, 1 << step);
}

Columns TaskGraph::inputs_of(std::int32_t step, std::int32_t column) const {
  Columns inputs;
  if (step == 0) return inputs;
  const auto add_from = [&](std::int32_t first, std::int32_t last) {
    const std::int32_t end = std::min(last, width_at(step - 1) - 1);
    for (std::int32_t c = std::max(0, first); c <= end; ++c) inputs.add(c);
  };
  switch (pattern) {
    case Pattern::trivial:
      break;
    case Pattern::stencil_1d:
      add_from(column - 1, column + 1);
      break;
    case Pattern::fft: {
      const std::int32_t reach = 1 << ((step - 1) % stages(width));
      add_from(column - reach, column - reach);
      add_from(column, column);
      add_from(column + reach, column + reach);
      break;
    }
    case Pattern::tree:
      add_from(column / 2, column / 2);
      break;
    case Pattern::all_to_all:
      add_from(0, width - 1);
      break;
    case Pattern::random_nearest:
      for (std::int32_t c = column - kRadix / 2; c <= column + (kRadix - 1) / 2; ++c) {
        if (c >= 0 && c < width && (c == column || connected(step % kPeriod, c, column))) inputs.add(c);
      }
      break;
  }
  return inputs;
}

std::int64_t TaskGraph::tasks() const {
  const std::int32_t ramp = std::min(steps, stages(width));
  std::int64_t sum = std::int64_t{steps - ramp} * width;
  for (std::int32_t step = 0; step < ramp; ++step) sum += width_at(step);
  return sum;
}

Edges::Edges(const TaskGraph& graph) {
  first_ = stages(graph.width) + 1;  // by then a tree has its width twice
  period_ = std::lcm(stages(graph.width), kPeriod);
  for (std::int32_t step = 0; step < first_ + period_; ++step) {
    Table table;
    table.inputs.resize(static_cast<std::size_t>(graph.width));
    table.dependants.resize(static_cast<std::size_t>(graph.width));
    for (std::int32_t column = 0; column < graph.width_at(step); ++column) {
      Columns& inputs = table.inputs[static_cast<std::size_t>(column)];
      inputs = graph.inputs_of(step, column);
      for (const std::int32_t from : inputs) table.dependants[static_cast<std::size_t>(from)].add(column);
    }
    tables_.push_back(std::move(table));
  }
}

}  // namespace rankine::bench

// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include <fmt/format.h>

#include <rankine/core/clock.hpp>
#include <rankine/many_models/progress.hpp>

namespace rankine {

std::string progress_text(const std::string& unit, const ProgressState& state) {
  const auto ended = static_cast<double>(state.ended);
  const double rate = ended / std::max(state.seconds, 1e-9);
  std::string text;
  if (state.total > 0) {
    const double share = std::min(1.0, ended / static_cast<double>(state.total));
    text = fmt::format("{:3.0f} %  {} of {} {}  {:.0f}/s", 100 * share, state.ended, state.total, unit, rate);
  } else {
    text = fmt::format("{} {}  {:.0f}/s", state.ended, unit, rate);
  }
  if (state.last) return text + fmt::format("  done in {:.2f} s", state.seconds);
  if (state.draining) return text + "  draining: nothing new starts";
  if (state.total == 0) return text + fmt::format("  {:.0f} s", state.seconds);
  if (state.ended == 0) return text + "  ETA -";
  const double left = static_cast<double>(state.total) - ended;
  return text + fmt::format("  ETA {:.0f} s", std::max(0.0, left) / rate);
}

ProgressLine::ProgressLine(std::string unit, std::uint64_t total, bool shown)
    : unit_(std::move(unit)),
      total_(total),
      shown_(shown),
      live_(isatty(STDERR_FILENO) == 1),
      start_(now()) {}

bool ProgressLine::due(bool draining) const {
  const double every_s = live_ ? 0.2 : 10;
  return shown_ && ((draining && !drains_) || seconds() - shown_s_ >= every_s);
}

void ProgressLine::show(std::uint64_t ended, bool draining) {
  drains_ = draining;
  shown_s_ = seconds();
  print({ended, total_, shown_s_, draining, false});
}

void ProgressLine::done(std::uint64_t ended) {
  print({ended, total_, seconds(), false, true});
}

void ProgressLine::leave() {
  if (open_) std::cerr << std::endl;
  open_ = false;
}

double ProgressLine::seconds() const {
  return seconds_since(start_);
}

void ProgressLine::print(const ProgressState& state) {
  if (!shown_) return;
  open_ = live_ && !state.last;
  // The blanks cover what is left of a longer line.
  std::cerr << (live_ ? "\r" : "") << progress_text(unit_, state) << (open_ ? "    " : "          \n")
            << std::flush;
}

}  // namespace rankine

// SPDX-License-Identifier: Apache-2.0
// How far a run with a known or unknown amount of work is, for people: one live line on a terminal, a line
// every ten seconds in a log. Writes to standard error and to nothing else.
#pragma once

#include <cstdint>
#include <string>

#include <rankine/core/time.hpp>

namespace rankine {

/// What a line says.
struct ProgressState {
  std::uint64_t ended = 0;  ///< units, of work of this run and of what it took from an earlier one
  std::uint64_t total = 0;  ///< units; 0: not known
  double seconds = 0;       ///< since the beginning
  bool draining = false;    ///< nothing new starts
  bool last = false;        ///< all is done
};

/// " 45 %  900 of 2000 models  300/s  ETA 4 s", without an end of line.
std::string progress_text(const std::string& unit, const ProgressState& state);

class ProgressLine {
 public:
  /// `unit`: what is counted, in the plural. `shown` false: it says nothing, but keeps the time.
  ProgressLine(std::string unit, std::uint64_t total, bool shown);

  /// Whether it is time for the next line: five a second on a terminal, one every ten in a log, and one at
  /// once when the run begins to drain.
  bool due(bool draining) const;
  void show(std::uint64_t ended, bool draining);
  /// The last line.
  void done(std::uint64_t ended);
  /// What others print comes below the live line.
  void leave();
  double seconds() const;

 private:
  void print(const ProgressState& state);

  std::string unit_;
  std::uint64_t total_;
  bool shown_;
  bool live_;  ///< standard error is a terminal
  bool drains_ = false;
  bool open_ = false;  ///< the live line waits for its end
  Time start_;
  double shown_s_ = 0;
};

}  // namespace rankine

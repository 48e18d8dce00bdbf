// SPDX-License-Identifier: Apache-2.0
#include <rankine/tune/history.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>
#include <utility>

#include <rankine/core/check.hpp>
#include <rankine/core/hash.hpp>

namespace rankine::tune {

History::History(Space space, std::vector<Direction> directions, std::uint64_t seed)
    : space_(std::move(space)), directions_(std::move(directions)), seed_(seed) {
  rows_left_.resize(space_.row_count());
  std::iota(rows_left_.begin(), rows_left_.end(), 0u);
  row_places_ = rows_left_;
}

double History::loss(double value, std::size_t objective) const {
  if (std::isnan(value)) return std::numeric_limits<double>::infinity();
  return directions_[objective] == Direction::minimise ? value : -value;
}

double History::loss(const Trial& trial, std::size_t objective) const {
  if (objective >= trial.values.size()) return std::numeric_limits<double>::infinity();
  return loss(trial.values[objective], objective);
}

std::vector<TrialId> History::ranking() const {
  std::vector<TrialId> ids;
  for (const Trial& trial : trials_) {
    if (!trial.values.empty() && trial.state != TrialState::failed) ids.push_back(trial.id);
  }
  const auto key = [this](TrialId id) {
    const Trial& trial = trials_[id];
    const bool finished = trial.state == TrialState::finished;
    return std::tuple(!finished, finished ? 0 : -trial.last_step(), loss(trial), id);
  };
  std::sort(ids.begin(), ids.end(), [&](TrialId a, TrialId b) { return key(a) < key(b); });
  return ids;
}

Philox History::random(TrialId id, std::string_view purpose) const {
  return Philox(seed_, hash_mix(hash_text(purpose), id));
}

Trial& History::begin(Configuration configuration) {
  take_row(configuration.row);
  Trial& trial = trials_.emplace_back();
  trial.id = static_cast<TrialId>(trials_.size() - 1);
  trial.configuration = std::move(configuration);
  running_.push_back(trial.id);
  return trial;
}

void History::take_row(std::int64_t row) {
  if (row < 0) return;
  const auto taken = static_cast<std::uint32_t>(row);
  const std::uint32_t place = row_places_.at(taken);
  check(place < rows_left_.size() && rows_left_[place] == taken, "a row of the table is drawn twice");
  const std::uint32_t last = rows_left_.back();
  rows_left_[place] = last;
  row_places_[last] = place;
  rows_left_.pop_back();
}

void History::set_state(TrialId id, TrialState state) {
  Trial& trial = trials_[id];
  if (trial.state == state) return;
  if (trial.state == TrialState::running) {
    running_.erase(std::find(running_.begin(), running_.end(), id));
  }
  if (trial.state == TrialState::paused) --paused_;
  if (state == TrialState::paused) ++paused_;
  if (state == TrialState::running) running_.push_back(id);
  trial.state = state;
  if (!trial.ended() || state == TrialState::failed) return;
  ended_.push_back(id);
  if (state != TrialState::finished) return;
  if (best_ == kNoTrial || loss(trial) < loss(trials_[best_])) best_ = id;
}

void History::add_earlier(Trial trial) {
  earlier_.push_back(std::move(trial));
}

}  // namespace rankine::tune

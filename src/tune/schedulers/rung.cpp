// SPDX-License-Identifier: Apache-2.0
#include "tune/schedulers/rung.hpp"

#include <cmath>
#include <iterator>

namespace rankine::tune {

void Rung::add(TrialId trial, double loss) {
  const Entry entry{loss, trial};
  if (!best_.empty() && entry < *best_.rbegin()) {
    best_.insert(entry);
    if (std::isfinite(loss)) open_.insert(entry);
  } else {
    rest_.insert(entry);
  }
  balance();
}

void Rung::balance() {
  const auto wanted = static_cast<std::size_t>(static_cast<double>(size()) / eta_ + 1e-9);
  while (best_.size() > wanted) {
    const auto worst = std::prev(best_.end());
    open_.erase(*worst);
    rest_.insert(best_.extract(worst));
  }
  while (best_.size() < wanted) {
    const Entry first = *rest_.begin();
    best_.insert(rest_.extract(rest_.begin()));
    if (std::isfinite(first.first) && promoted_.count(first.second) == 0) open_.insert(first);
  }
}

TrialId Rung::promotable() const {
  return open_.empty() ? kNoTrial : open_.begin()->second;
}

void Rung::promote(TrialId trial) {
  promoted_.insert(trial);
  for (auto at = open_.begin(); at != open_.end(); ++at) {  // the first one, as a rule
    if (at->second != trial) continue;
    open_.erase(at);
    return;
  }
}

bool Rung::among_best(TrialId trial, double loss) const {
  if (!std::isfinite(loss)) return false;
  const Entry entry{loss, trial};
  if (best_.count(entry) > 0) return true;
  // ceil instead of floor: one more than best_ has, unless eta divides the size.
  const auto allowed = static_cast<std::size_t>(std::ceil(static_cast<double>(size()) / eta_ - 1e-9));
  return best_.size() < allowed && !rest_.empty() && *rest_.begin() == entry;
}

}  // namespace rankine::tune

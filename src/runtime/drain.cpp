// SPDX-License-Identifier: Apache-2.0
#include "runtime/drain.hpp"

#include <algorithm>

namespace rankine::runtime {

void Drain::ask(const DrainPlan& plan, const std::string& reason) {
  if (phase_ == Phase::open && !asked_) {
    asked_ = true;
    reason_ = reason;
    plan_.begin = plan.begin;
  }
  plan_.cut = std::min(plan_.cut, plan.cut);
  plan_.leave = std::min(plan_.leave, plan.leave);
}

Drain::Step Drain::step(Time now, const Load& load) {
  looked_ = now;
  switch (phase_) {
    case Phase::open: {
      const bool nothing_to_do = quiet_for_long(now, load.stuck && !load.busy);
      if (now < plan_.begin && !nothing_to_do) return Step::none;
      phase_ = Phase::draining;
      quiet_since_ = kNeverEnds;
      return Step::begin;
    }
    case Phase::draining:
      if (now < plan_.cut && !quiet_for_long(now, !load.busy)) return Step::none;
      phase_ = Phase::saving;
      save_by_ = now + std::max<Nanoseconds>(0, (plan_.leave - now) / 2);
      return Step::save;
    case Phase::saving:
      if (now < save_by_ && !load.saved) return Step::none;
      phase_ = Phase::cut;
      return Step::cut;
    case Phase::cut:
      break;
  }
  return Step::none;
}

bool Drain::quiet_for_long(Time now, bool quiet) {
  if (!quiet) {
    quiet_since_ = kNeverEnds;
    return false;
  }
  if (quiet_since_ == kNeverEnds) quiet_since_ = now;
  return now - quiet_since_ >= kSettled;
}

Time Drain::alarm() const {
  if (phase_ == Phase::cut) return kNeverEnds;
  if (phase_ == Phase::saving) return std::min(save_by_, looked_ + kLook);
  const Time due = phase_ == Phase::open ? plan_.begin : plan_.cut;
  const bool looking = phase_ == Phase::draining || quiet_since_ != kNeverEnds;
  return looking ? std::min(due, looked_ + kLook) : due;
}

}  // namespace rankine::runtime

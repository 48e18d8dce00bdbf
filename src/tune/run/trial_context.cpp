// SPDX-License-Identifier: Apache-2.0
#include <rankine/tune/trial_context.hpp>

#include <algorithm>

#include <fmt/format.h>

#include <rankine/actor.hpp>
#include <rankine/error.hpp>

#include "tune/run/desk.hpp"

namespace rankine::tune {

struct TrialContext::Line {
  Actor<Desk> desk;
  std::optional<Future<int>> answer;  ///< to the last report
};

TrialContext::TrialContext(TrialRequest request, const TrialResult& previous)
    : request_(std::move(request)), loaded_(previous.checkpoint) {
  from_ = loaded_.empty() ? 0 : request_.assignment.from;
  if (request_.desk.empty()) return;
  try {
    line_ = std::make_unique<Line>(Line{find_actor<Desk>(request_.desk), std::nullopt});
  } catch (const Error&) {
    line_.reset();  // the desk is gone: what is reported comes with the result
  }
}

TrialContext::~TrialContext() = default;

Step TrialContext::until() const {
  return std::min(request_.assignment.until, request_.steps_max);
}

Decision TrialContext::report(Step step, std::vector<double> values, double cost) {
  if (!result_.reports.empty() && step <= result_.reports.back().step) {
    throw InputError(
        fmt::format("trial {} reports step {} after step {}", trial(), step, result_.reports.back().step));
  }
  if (cost < 0) cost = static_cast<double>(step - from_);
  result_.reports.push_back({step, std::move(values), request_.cost_before + cost});
  if (decision_ != Decision::go_on) return decision_;
  if (step >= until()) return decision_ = Decision::pause;
  if (!line_) return decision_;
  // The verdict may come a report late; a trial does not wait for it, but it lets the desk have its turn.
  constexpr std::chrono::milliseconds turn{1};
  try {
    if (!line_->answer || line_->answer->ready())
      line_->answer = line_->desk.call<&Desk::report>(request_.assignment.number, result_.reports.back());
    if (line_->answer->wait(turn)) decision_ = static_cast<Decision>(line_->answer->get());
  } catch (const Error&) {
    line_.reset();
  }
  return decision_;
}

TrialResult TrialContext::finish(std::vector<double> values) {
  const Step last = result_.reports.empty() ? 0 : result_.reports.back().step;
  const bool told =
      decision_ == Decision::stop || (decision_ == Decision::pause && last < request_.steps_max);
  result_.ending.kind = told ? Ending::Kind::paused : Ending::Kind::finished;
  if (!told) result_.ending.values = std::move(values);
  result_.checkpoint = Array<std::byte>(std::move(saved_));
  return std::move(result_);
}

}  // namespace rankine::tune

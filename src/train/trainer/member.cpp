// SPDX-License-Identifier: Apache-2.0
// A member's part of a training: the loop of steps, evaluations and checkpoints. All members do the same;
// what one of them alone can know (time, a drain) the first one tells the others before each step.
#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include <rankine/core/clock.hpp>
#include <rankine/draining.hpp>
#include <rankine/resources.hpp>
#include <rankine/train/trainer.hpp>

#include "train/trainer/members.hpp"
#include "train/trainer/spans.hpp"

namespace rankine::train::detail {

namespace {

constexpr int kTraceFrom = 5;
constexpr int kTraceSteps = 2;

class Member {
 public:
  Member(Gang& gang, const Mission& mission, const Makers& makers)
      : gang_(gang),
        mission_(mission),
        options_(mission.options),
        makers_(makers),
        threads_(std::max<std::size_t>(1, options_.threads)),
        hardware_(makers.hardware(threads_)),
        mesh_(make_mesh(gang, options_.parallel, hardware_.collectives)),
        examples_(makers.examples(options_.shape)),
        engine_(make_engine()),
        stop_(options_.patience) {
    report_.peak = measure();
    report_.flops_a_step = 3 * engine_.flops() * static_cast<double>(options_.shape.shards);
    report_.parameters = engine_.model().size();
    checkpointed_ = now();
    begin();
  }

  MemberReport run() {
    while (!over()) {
      step();
      const bool evaluates =
          over() || (options_.evaluate_every > 0 && steps() % options_.evaluate_every == 0);
      const Wishes wishes = agree();
      if (evaluates || wishes.drain || steps() % options_.log_every == 0) add_point(evaluates);
      const bool good = evaluates && is_among_best();
      if (over() || wishes.drain || good || (wishes.checkpoint && interval_.steps == 0)) checkpoint();
      if (wishes.drain && !over()) {
        report_.drained = true;
        break;
      }
    }
    if (over()) checkpoint();
    report_.progress.finished = over();
    if (!report_.drained) evaluate_whole();
    return finish();
  }

 private:
  struct Wishes {
    bool checkpoint = false;
    bool drain = false;
  };
  /// Since the last point of the curve.
  struct Interval {
    double loss = 0;
    std::uint64_t steps = 0;
    double seconds = 0;
    StepResult last;
    double rate = 0;
  };

  static std::unique_ptr<Mesh> make_mesh(Gang& gang, const Parallel& parallel, const MakeCollectives& make) {
    return gang.size() == 1 ? std::make_unique<Mesh>(parallel) : std::make_unique<Mesh>(parallel, gang, make);
  }

  Engine make_engine() {
    EngineConfig config;
    config.shards = options_.shape.shards;
    config.examples = options_.shape.each();
    config.targets = examples_.targets_an_example;
    config.adamw = options_.adamw;
    config.clip = options_.clip;
    config.seed = options_.shape.seed;
    nn::Device& device = *hardware_.device;
    return Engine(makers_.model(mesh_->tensor_group(), options_.parallel, device), config, *mesh_, device,
                  threads_);
  }

  bool first() const { return gang_.rank() == 0; }
  std::uint64_t steps() const { return report_.progress.steps; }
  bool over() const { return steps() >= options_.steps || report_.stopped_early; }

  void begin() {
    if (mission_.checkpoint.empty()) {
      if (!options_.initial.empty()) load(options_.initial, false);
      report_.progress.config = mission_.config;
      report_.progress.about = makers_.about();
      return;
    }
    report_.progress = load(mission_.checkpoint, true);
    saved_ = steps();
    for (const CurvePoint& point : report_.progress.curve)
      if (std::isfinite(point.validation_loss)) report_.stopped_early = stop_.tell(point.validation_loss);
  }

  Progress load(const std::filesystem::path& path, bool with_moments) {
    CheckpointReader reader(path);
    const std::vector<nn::Unit>& units = engine_.model().units;
    reader.check_units(units);
    engine_.load([&](const Piece& piece, std::span<float> parameters, std::span<float> first_moments,
                     std::span<float> second_moments) {
      if (with_moments) {
        reader.read(units, piece, parameters, first_moments, second_moments);
      } else {
        reader.read(units, piece, parameters, {}, {});
      }
    });
    return reader.progress();
  }

  void step() {
    const bool traced =
        options_.trace && attempted_++ >= kTraceFrom && attempted_ <= kTraceFrom + kTraceSteps;
    engine_.trace(traced ? &timeline_ : nullptr);
    const Time start = now();
    interval_.rate = options_.rate.at(steps());
    interval_.last = engine_.step(*examples_.feed, steps(), interval_.rate);
    if (!std::isfinite(interval_.last.loss)) {
      throw Error(
          fmt::format("the loss of step {} is {}: training diverged. Remedy: a smaller learning rate "
                      "(now {}), or a longer warm-up",
                      steps(), interval_.last.loss, interval_.rate));
    }
    interval_.loss += interval_.last.loss;
    ++interval_.steps;
    ++report_.progress.steps;
    const double seconds = seconds_since(start);
    interval_.seconds += seconds;
    report_.seconds += seconds;
    report_.tokens += static_cast<double>(options_.shape.batch) * examples_.tokens_an_example;
    report_.flops += report_.flops_a_step;
  }

  /// What the first member knows of the time.
  Wishes agree() {
    unsigned char word = 0;
    if (first()) {
      const bool due =
          !options_.folder.empty() && seconds_since(checkpointed_) >= options_.checkpoint_seconds;
      word = static_cast<unsigned char>((due ? 1 : 0) | (draining() ? 2 : 0));
    }
    word = said_by_first(gang_, word);
    return {(word & 1) != 0, (word & 2) != 0};
  }

  nn::LossSum evaluate(std::size_t most) {
    const std::size_t all = examples_.feed->evaluations();
    return engine_.evaluate(*examples_.feed, 0, most == 0 ? all : std::min(most, all));
  }

  void add_point(bool evaluates) {
    CurvePoint point;
    point.step = steps();
    const auto count = static_cast<double>(std::max<std::uint64_t>(1, interval_.steps));
    point.loss = interval_.loss / count;
    point.norm = interval_.last.norm;
    point.rate = interval_.rate;
    point.seconds = interval_.seconds;
    if (!report_.progress.curve.empty()) point.seconds += report_.progress.curve.back().seconds;
    if (evaluates) {
      const nn::LossSum sum = evaluate(options_.evaluation_batches * options_.shape.shards);
      point.validation_loss = sum.count > 0 ? sum.loss / sum.count : kNotEvaluated;
      point.validation_accuracy = sum.count > 0 ? sum.right / sum.count : kNotEvaluated;
      if (stop_.tell(point.validation_loss) && steps() < options_.steps) report_.stopped_early = true;
    }
    report_.progress.curve.push_back(point);
    if (first()) tell(point, count);
    interval_ = {};
  }

  void tell(const CurvePoint& point, double count) {
    Report report;
    report.point = point;
    report.steps = options_.steps;
    const double a_second = interval_.seconds > 0 ? count / interval_.seconds : 0;
    report.tokens_per_second =
        a_second * static_cast<double>(options_.shape.batch) * examples_.tokens_an_example;
    report.utilisation = report_.peak > 0 ? a_second * report_.flops_a_step / report_.peak : 0;
    report.mesh = describe(options_.parallel);
    makers_.report(report);
  }

  /// Whether the evaluation at this point is to be kept as one of the best.
  bool is_among_best() const {
    const std::vector<CurvePoint>& curve = report_.progress.curve;
    const double own = curve.back().validation_loss;
    if (options_.folder.empty() || options_.keep_best == 0 || !std::isfinite(own)) return false;
    const auto better = std::count_if(curve.begin(), curve.end() - 1,
                                      [&](const CurvePoint& p) { return p.validation_loss <= own; });
    return static_cast<std::size_t>(better) < options_.keep_best;
  }

  void checkpoint() {
    if (options_.folder.empty() || saved_ == steps()) return;
    report_.progress.finished = over();
    const CheckpointWriter writer(options_.folder, steps());
    if (first()) writer.begin();
    wait_for_all(gang_);
    const auto part = writer.part(static_cast<std::size_t>(gang_.rank()));
    engine_.save([&](const Piece& piece, std::span<const float> parameters,
                     std::span<const float> first_moments, std::span<const float> second_moments) {
      part->add(piece, parameters, first_moments, second_moments);
    });
    part->close();
    wait_for_all(gang_);
    if (first()) {
      writer.commit(report_.progress, engine_.model().units, static_cast<std::size_t>(gang_.size()));
      std::error_code ignored;  // one too many does no harm
      for (const FoundCheckpoint& one :
           superfluous(find_checkpoints(options_.folder), options_.keep_last, options_.keep_best))
        std::filesystem::remove_all(one.path, ignored);
    }
    saved_ = steps();
    checkpointed_ = now();
  }

  void evaluate_whole() {
    const nn::LossSum sum = evaluate(0);
    report_.loss = sum.loss;
    report_.count = sum.count;
    report_.right = sum.right;
  }

  /// Of all members together.
  double measure() { return sum_of(gang_, hardware_.product_rate()); }

  MemberReport finish() {
    report_.peak = std::max(report_.peak, measure());  // the machine may have been busy at the start
    report_.memory_bytes =
        static_cast<std::size_t>(largest_of(gang_, static_cast<double>(engine_.memory().total())));
    report_.spans = gathered(gang_, lines_of(timeline_.take()));
    return std::move(report_);
  }

  Gang& gang_;
  const Mission& mission_;
  const TrainerOptions& options_;
  const Makers& makers_;
  nn::Threads threads_;
  Hardware hardware_;
  std::unique_ptr<Mesh> mesh_;
  Examples examples_;
  Engine engine_;
  EarlyStop stop_;
  MemberReport report_;
  Interval interval_;
  std::optional<std::uint64_t> saved_;  // steps at the last checkpoint
  Time checkpointed_;
  Timeline timeline_;
  int attempted_ = 0;  // steps of this attempt
};

}  // namespace

MemberReport train_member(Gang& gang, const Mission& mission, const Makers& makers) {
  return Member(gang, mission, makers).run();
}

}  // namespace rankine::train::detail

// SPDX-License-Identifier: Apache-2.0
// rk::Trainer: trains a model of yours on the ranks of a run, as a gang on a mesh data x tensor x pipeline.
// It evaluates, writes checkpoints, begins again from the last one when a rank dies, with fewer ranks where
// too few are left, and stops in good order when the run's time is over. What comes out is the same in all
// these cases (see engine.hpp for the bits).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>

#include <rankine/gang.hpp>
#include <rankine/serialize/boost.hpp>
#include <rankine/serialize/serialize.hpp>
#include <rankine/train/checkpoint.hpp>
#include <rankine/train/engine.hpp>
#include <rankine/train/examples.hpp>
#include <rankine/train/hardware.hpp>
#include <rankine/train/learning_rate.hpp>
#include <rankine/train/parallel.hpp>

namespace rankine {
namespace train {

struct TrainerOptions {
  std::uint64_t steps = 1000;
  BatchShape shape;  ///< batch, logical shards (results depend on both) and the seed of everything
  Schedule rate;
  nn::AdamW adamw;
  double clip = 1;  ///< largest norm of the gradient; 0: no clipping
  /// In the beginning; there must be a worker for each of its ranks. With fewer left, the largest mesh that
  /// they can make.
  Parallel parallel;
  std::size_t threads = 0;  ///< of each rank; 0: as many CPUs as a rank has, or one with GPUs
  double gpus = 0;          ///< of each rank; for a Job whose hardware() is a GPU

  std::uint64_t evaluate_every = 250;   ///< steps; 0: at the end only
  std::size_t evaluation_batches = 20;  ///< of `shape.batch` examples; 0: the whole validation set
  std::uint64_t patience = 0;           ///< evaluations without a better one after which training ends; 0: no
  std::uint64_t log_every = 10;         ///< steps from one point of the curve to the next

  std::filesystem::path folder;    ///< of checkpoints, seen by all ranks; empty: there are none
  double checkpoint_seconds = 60;  ///< from one to the next
  std::size_t keep_last = 2;
  std::size_t keep_best = 1;  ///< by validation loss, and one is written at each evaluation that is so good
  bool resume = false;        ///< go on from the last checkpoint there, if there is one
  /// Deaths of ranks in a row without a new checkpoint between them after which it gives up.
  int restarts_max = 8;
  std::filesystem::path initial;  ///< a checkpoint whose parameters are begun with; empty: the seed's
  bool trace = false;             ///< note what each rank does in two early steps

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& steps& shape.batch& shape.shards& shape.seed& rate;
    ar& adamw.beta1& adamw.beta2& adamw.epsilon& adamw.weight_decay& clip& threads& gpus;
    ar& parallel.data& parallel.tensor& parallel.pipeline& parallel.zero& parallel.interleave;
    ar& parallel.recompute& parallel.sequence;
    ar& evaluate_every& evaluation_batches& patience& log_every;
    ar& checkpoint_seconds& keep_last& keep_best& resume& restarts_max;
    ar& trace;
    std::string paths[] = {folder.string(), initial.string()};
    ar& paths[0] & paths[1];
    folder = paths[0];
    initial = paths[1];
  }
};

/// What is told while it trains.
struct Report {
  CurvePoint point;
  std::uint64_t steps = 0;       ///< of all
  double tokens_per_second = 0;  ///< or images, since the point before
  /// Operations of the model (three forward passes a step) over those of a large matrix product on the same
  /// threads, measured at the start (in Trained: or at the end, what is more); 0: not known.
  double utilisation = 0;
  std::string mesh;
};

struct Trained {
  Progress progress;
  std::uint64_t steps_resumed = 0;  ///< of its steps, those before this run
  nn::LossSum validation;           ///< over the whole validation set, at the end
  bool stopped_early = false;       ///< because the validation loss no longer fell
  double seconds = 0;               ///< of this run, from its start to its end
  double tokens_per_second = 0;     ///< of its training steps
  double utilisation = 0;           ///< as in Report
  double peak = 0;                  ///< operations a second that it is measured by, of all ranks
  double flops_a_step = 0;
  std::size_t parameters = 0;
  std::size_t memory_bytes = 0;  ///< of the rank that has most: parameters, gradients, moments, activations
  int restarts = 0;              ///< after deaths of ranks
  Parallel parallel;             ///< at the end
  std::filesystem::path checkpoint;              ///< the last one
  std::vector<std::vector<TimelineSpan>> spans;  ///< of each rank, with options.trace

  double validation_loss() const {
    return validation.count > 0 ? validation.loss / validation.count : kNotEvaluated;
  }
  double validation_accuracy() const {
    return validation.count > 0 ? validation.right / validation.count : kNotEvaluated;
  }
};

/// The largest mesh that `ranks` ranks can make of `wanted` by halving replicas, stages and members of tensor
/// groups; of equally large ones the one with the largest tensor groups, then the most stages.
Parallel shrink(const Parallel& wanted, std::size_t ranks);

namespace detail {

/// What the members of a gang are told.
struct Mission {
  TrainerOptions options;
  std::string checkpoint;  ///< to begin from; empty: from the start
  std::string config;

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& options& checkpoint& config;
  }
};

/// And what the first of them says in the end.
struct MemberReport {
  Progress progress;
  double loss = 0, count = 0, right = 0;  // of the validation set
  bool stopped_early = false, drained = false;
  double seconds = 0, tokens = 0, flops = 0;  // of steps of this attempt
  double peak = 0, flops_a_step = 0;
  std::size_t parameters = 0, memory_bytes = 0;
  std::vector<std::string> spans;  // of each member, a line each

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& progress& loss& count& right& stopped_early& drained& seconds& tokens& flops;
    ar& peak& flops_a_step& parameters& memory_bytes& spans;
  }
};

/// A job's parts, whatever its type.
struct Makers {
  std::function<Hardware(nn::Threads&)> hardware;
  std::function<nn::Model(nn::TensorGroup&, const Parallel&, nn::Device&)> model;
  std::function<Examples(const BatchShape&)> examples;
  std::function<std::string()> about;
  std::function<void(const Report&)> report;
};

MemberReport train_member(Gang& gang, const Mission& mission, const Makers& makers);
Trained drive(const TrainerOptions& options, const std::string& config, const Examples& examples,
              const std::function<Future<MemberReport>(const GangOptions&, const Mission&)>& start);

template <class Job>
Makers makers_of(const Job& job) {
  Makers makers;
  makers.hardware = [&job](nn::Threads& threads) {
    if constexpr (requires { job.hardware(threads); }) return job.hardware(threads);
    return host_hardware(threads);
  };
  makers.model = [&job](nn::TensorGroup& group, const Parallel& parallel, nn::Device& device) {
    if constexpr (requires { job.model(group, parallel, device); }) {
      return job.model(group, parallel, device);
    } else {
      if (!device.host())
        throw InputError("train: a job with GPUs makes its model by model(group, parallel, device)");
      return job.model(group, parallel);
    }
  };
  makers.examples = [&job](const BatchShape& shape) { return job.examples(shape); };
  makers.about = [&job] {
    if constexpr (requires { job.about(); }) return std::string(job.about());
    return std::string();
  };
  makers.report = [&job](const Report& report) {
    if constexpr (requires { job.report(report); }) job.report(report);
  };
  return makers;
}

template <class Job>
MemberReport member(Gang& gang, const Mission& mission, const Job& job) {
  return train_member(gang, mission, makers_of(job));
}

}  // namespace detail

/// A Job is a value that travels (plain, or with a Boost.Serialization member) and says what is trained on
/// what:
///   nn::Model model(nn::TensorGroup& group, const train::Parallel& parallel) const;
///   train::Examples examples(const train::BatchShape& shape) const;
///   std::string config() const;                    // what results depend on besides the options
///   std::string about() const;                     // optional: is kept in checkpoints
///   void report(const train::Report&) const;       // optional: called by the gang's first member
/// and for GPUs (gpus.hpp, and TrainerOptions::gpus)
///   train::Hardware hardware(nn::Threads& threads) const;
///   nn::Model model(nn::TensorGroup& group, const train::Parallel& parallel, nn::Device& device) const;
/// hardware(), model() and examples() are called on every rank; what does not fit is thrown as InputError.
template <class Job>
class Trainer {
 public:
  Trainer(Job job, TrainerOptions options) : job_(std::move(job)), options_(std::move(options)) {}

  /// Driver only. Throws InputError for what cannot be, Drained when the run's time is over (the last
  /// checkpoint is written then), TaskError for what a member threw.
  Trained run() const {
    return detail::drive(options_, job_.config(), job_.examples(options_.shape),
                         [this](const GangOptions& gang, const detail::Mission& mission) {
                           return submit_gang<detail::member<Job>>(gang, mission, job_);
                         });
  }

 private:
  Job job_;
  TrainerOptions options_;
};

}  // namespace train

using train::Trainer;

}  // namespace rankine

// SPDX-License-Identifier: Apache-2.0
#include "train_settings.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iostream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <rankine/nn/cuda.hpp>
#include <rankine/rankine.hpp>
#include <rankine/train/gpus.hpp>

namespace train_app {

namespace rk = rankine;

// ---- The job

train::Corpus Job::corpus() const {
  if (!text.empty()) return train::read_text(text);
  if (!tokens.empty()) return train::read_tokens(tokens, validation, vocabulary);
  return train::tokenise(train::generate_text(generated, 1), "the generated text");
}

train::Hardware Job::hardware(nn::Threads& threads) const {
  return on_gpu() ? train::cuda_hardware(scalar()) : train::host_hardware(threads);
}

nn::Model Job::model(nn::TensorGroup& group, const train::Parallel& parallel, nn::Device& where) const {
  if (is_gpt()) {
    nn::GptConfig config = gpt;
    config.sequence_parallel = parallel.sequence;
    return where.host() ? nn::make_gpt(config, group) : nn::make_cuda_gpt(config, scalar(), group, where);
  }
  if (parallel.tensor > 1)
    throw rk::InputError("--tensor-parallel splits the layers of a GPT only, not those of a classifier");
  if (kind == "mlp") {
    const nn::MlpConfig config{.inputs = inputs, .hidden = hidden, .classes = classes, .dropout = dropout};
    return where.host() ? nn::make_mlp(config) : nn::make_cuda_mlp(config, scalar(), where);
  }
  const auto side = static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(inputs))));
  if (side * side != inputs)
    throw rk::InputError(fmt::format("--model cnn: {} numbers an example are no square image", inputs));
  nn::CnnConfig config;
  config.height = config.width = side;
  config.convolutions = convolutions;
  config.hidden = hidden;
  config.classes = classes;
  config.dropout = dropout;
  if (side < 16) config.kernel = 3;
  return where.host() ? nn::make_cnn(config) : nn::make_cuda_cnn(config, scalar(), where);
}

train::Examples Job::examples(const train::BatchShape& shape) const {
  if (is_gpt()) return train::token_examples(corpus(), gpt.context, shape, train::order_named(order));
  return train::labelled_examples(nn::read_split_dataset(dataset), shape);
}

std::string Job::config() const {
  const std::string where = on_gpu() ? ", cuda in " + precision : "";
  if (is_gpt()) {
    return fmt::format(
        "gpt {} layers, {} heads, {} wide, context {}, vocabulary {}, bias {}, dropout {}, {}{}{}",
        gpt.layers, gpt.heads, gpt.width, gpt.context, gpt.vocabulary, gpt.bias, gpt.dropout, order,
        imported.empty() ? "" : ", weights " + imported, where);
  }
  return fmt::format("{} {}{}, dropout {}{}", kind, kind == "cnn" ? fmt::format("{} ", convolutions) : "",
                     hidden, dropout, where);
}

std::string Job::about() const {
  if (!is_gpt()) return {};
  return text_of({gpt, tokens.empty() ? corpus().symbols : std::vector<std::string>()});
}

void Job::report(const train::Report& report) const {
  const train::CurvePoint& point = report.point;
  std::string line = fmt::format("{:>7}/{} steps  loss {:.4f}  {:>9.0f} {}/s", point.step, report.steps,
                                 point.loss, report.tokens_per_second, is_gpt() ? "tokens" : "examples");
  if (report.utilisation > 0) line += fmt::format("  {:>3.0f} % of peak", 100 * report.utilisation);
  line += fmt::format("  norm {:.3f}  rate {:.2e}", point.norm, point.rate);
  if (std::isfinite(point.validation_loss)) line += fmt::format("  validation {:.4f}", point.validation_loss);
  if (std::isfinite(point.validation_loss) && !is_gpt())
    line += fmt::format(" ({:.2f} % right)", 100 * point.validation_accuracy);
  std::cerr << line + "\n";
}

// ---- Presets

namespace {

/// nanoGPT's config/train_shakespeare_char.py, with what its README changes for a CPU, and
/// config/train_gpt2.py.
void take_gpt_preset(const std::string& name, Settings& settings) {
  train::TrainerOptions& o = settings.options;
  settings.job.gpt = nn::gpt_preset(name);
  o.adamw = {.beta1 = 0.9, .beta2 = 0.99, .epsilon = 1e-8, .weight_decay = 0.1};
  o.rate = {train::Schedule::Kind::cosine, 1e-3, 1e-4, 100, 0};
  o.evaluate_every = 250;
  if (name == "nanogpt-cpu") {
    o.shape.batch = 12;
    o.shape.shards = 4;
    o.steps = 2000;
    o.evaluation_batches = 20;
  } else if (name == "baby-gpt") {
    o.shape.batch = 64;
    o.shape.shards = 8;
    o.steps = 5000;
    o.evaluation_batches = 200;
  } else {
    o.shape.batch = 480;
    o.shape.shards = 32;
    o.steps = 600'000;
    o.evaluation_batches = 1;
    o.evaluate_every = 1000;
    o.adamw.beta2 = 0.95;
    o.rate = {train::Schedule::Kind::cosine, 6e-4, 6e-5, 2000, 0};
  }
}

void take_classifier_preset(Settings& settings) {
  train::TrainerOptions& o = settings.options;
  const bool cnn = settings.job.kind == "cnn";
  settings.job.hidden = cnn ? std::vector<std::size_t>{128} : std::vector<std::size_t>{512, 256};
  settings.job.dropout = cnn ? 0.25 : 0.2;
  o.adamw = {.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .weight_decay = 0.01};
  o.rate = {train::Schedule::Kind::cosine, 1e-3, 1e-5, 100, 0};
  o.shape.batch = 128;
  o.shape.shards = 4;
  o.evaluate_every = 500;
  o.evaluation_batches = 0;
  o.log_every = 50;
  settings.epochs = 8;
}

/// Copies what was said on the command line or in the file.
class Said {
 public:
  Said(const CLI::App& app, const Settings& said, Settings& settings)
      : app_(app), said_(said), settings_(settings) {}

  bool was(const char* option) const { return app_.get_option(option)->count() > 0; }
  template <class Field>
  void take(const char* option, Field field) const {
    if (was(option)) field(settings_) = field(said_);
  }

 private:
  const CLI::App& app_;
  const Settings& said_;
  Settings& settings_;
};

#define FIELD(path)      \
  [](auto& s) -> auto& { \
    return s.path;       \
  }

void take_numbers(const Said& said) {
  said.take("--iters", FIELD(options.steps));
  said.take("--epochs", FIELD(epochs));
  said.take("--batch", FIELD(options.shape.batch));
  said.take("--shards", FIELD(options.shape.shards));
  said.take("--rate", FIELD(options.rate.rate));
  said.take("--minimum-rate", FIELD(options.rate.minimum));
  said.take("--warm-up", FIELD(options.rate.warm_up));
  said.take("--weight-decay", FIELD(options.adamw.weight_decay));
  said.take("--beta1", FIELD(options.adamw.beta1));
  said.take("--beta2", FIELD(options.adamw.beta2));
  said.take("--clip", FIELD(options.clip));
  said.take("--evaluate-every", FIELD(options.evaluate_every));
  said.take("--evaluation-batches", FIELD(options.evaluation_batches));
  said.take("--log-every", FIELD(options.log_every));
  said.take("--layers", FIELD(job.gpt.layers));
  said.take("--heads", FIELD(job.gpt.heads));
  said.take("--width", FIELD(job.gpt.width));
  said.take("--context", FIELD(job.gpt.context));
  said.take("--bias", FIELD(job.gpt.bias));
  said.take("--hidden", FIELD(job.hidden));
  said.take("--convolutions", FIELD(job.convolutions));
  said.take("--dropout", FIELD(job.dropout));
}

#undef FIELD

void take_device(Settings& settings) {
  const Job& job = settings.job;
  if (job.scalar() == nn::Scalar::bf16 && !job.on_gpu())
    throw rk::InputError("--precision bf16 is for --device cuda; on a CPU all is float32");
  if (settings.plan && job.on_gpu())
    throw rk::InputError("--plan measures CPUs; for --device cuda say the mesh");
  settings.options.gpus = job.on_gpu() ? 1 : 0;
}

}  // namespace

void merge_preset(const CLI::App& app, Settings& settings) {
  try {
    const Settings given = settings;
    if (settings.job.kind.empty()) settings.job.kind = settings.job.dataset.empty() ? "gpt" : "mlp";
    const Job& job = settings.job;
    if (job.is_gpt() != job.dataset.empty()) {
      throw rk::InputError(job.is_gpt() ? "--model gpt learns from --text or --tokens, not from --dataset"
                                        : "--model mlp and cnn need a --dataset");
    }
    if (!job.is_gpt() && !settings.preset.empty())
      throw rk::InputError("--preset is for GPTs; a classifier has --model mlp or cnn");
    if (settings.preset.empty()) settings.preset = job.is_gpt() ? "nanogpt-cpu" : job.kind;
    job.is_gpt() ? take_gpt_preset(settings.preset, settings) : take_classifier_preset(settings);
    if (job.is_gpt() && job.text.empty() && job.tokens.empty()) settings.job.generated = 300'000;
    const Said said(app, given, settings);
    take_numbers(said);
    if (said.was("--iters")) settings.epochs = 0;
    if (said.was("--rate") && !said.was("--minimum-rate"))
      settings.options.rate.minimum = given.options.rate.rate / 10;
    if (said.was("--dropout")) settings.job.gpt.dropout = given.job.dropout;
    settings.options.rate.kind = train::schedule_named(settings.schedule);
    if (said.was("--schedule") && settings.schedule == "constant") settings.options.rate.minimum = 0;
    train::order_named(settings.job.order);
    settings.options.shape.check();
    take_device(settings);
    for (const char* option : {"--data-parallel", "--tensor-parallel", "--pipeline-parallel"})
      settings.mesh_said = settings.mesh_said || said.was(option);
  } catch (const rk::InputError& error) {
    throw CLI::ValidationError(error.what(), CLI::ExitCodes::ValidationError);
  }
}

void look_at_data(Settings& settings) {
  train::TrainerOptions& o = settings.options;
  if (settings.job.is_gpt()) {
    const train::Corpus corpus = settings.job.corpus();
    nn::GptConfig& gpt = settings.job.gpt;
    if (settings.import_file.empty()) {
      // A preset's vocabulary may be larger than the file's, to be a multiple of 128 (nanoGPT's GPT-2).
      gpt.vocabulary =
          settings.preset == "gpt2-124m" ? std::max(gpt.vocabulary, corpus.vocabulary) : corpus.vocabulary;
    } else if (corpus.vocabulary > gpt.vocabulary) {
      throw rk::InputError(
          fmt::format("{} has tokens up to {}, but the weights of {} are for a vocabulary of {}", corpus.name,
                      corpus.vocabulary - 1, settings.import_file, gpt.vocabulary));
    }
  }
  if (settings.job.is_gpt()) {
    nn::check_gpt(settings.job.gpt, o.parallel.tensor);
  } else {
    const nn::Dataset training = nn::read_split_dataset(settings.job.dataset).training;
    settings.job.inputs = training.width;
    settings.job.classes = training.classes;
  }
  const train::Examples examples = settings.job.examples(o.shape);
  if (settings.epochs > 0) {
    if (examples.steps_an_epoch == 0)
      throw rk::InputError("--epochs: random windows have no epochs. Remedy: --order epochs, or --iters");
    o.steps =
        static_cast<std::uint64_t>(std::ceil(settings.epochs * static_cast<double>(examples.steps_an_epoch)));
  }
  o.rate.decay = settings.decay_steps > 0 ? settings.decay_steps : std::max(o.steps, o.rate.warm_up);
  if (settings.decay_steps == 0 && o.steps < o.rate.warm_up) o.rate.warm_up = o.steps / 2;
  o.rate.check();
}

// ---- Options

namespace {

void add_data(CLI::App& app, Settings& s) {
  const char* const group = "What is learned from what";
  const auto add = [&](const char* name, auto& value, const char* words) {
    return app.add_option(name, value, words)->group(group);
  };
  auto* text = add("--text", s.job.text, "a text file, character by character; without data a text is made");
  auto* tokens = add("--tokens", s.job.tokens, "a file of 16-bit tokens, as nanoGPT and llm.c write them");
  auto* dataset = add("--dataset", s.job.dataset, "MNIST's folder, or a CSV of whole numbers and a label");
  text->excludes(tokens)->excludes(dataset);
  tokens->excludes(dataset);
  add("--validation-tokens", s.job.validation,
      "tokens to validate on (default: the file beside it with val for train, else the last tenth)")
      ->needs(tokens);
  add("--vocabulary", s.job.vocabulary, "of the token files (default: the largest token and one)")
      ->needs(tokens);
  add("--model", s.job.kind, "gpt, mlp, cnn (default: gpt; mlp with --dataset)")
      ->check(CLI::IsMember({"gpt", "mlp", "cnn"}));
  add("--preset", s.preset, "numbers of nanoGPT: nanogpt-cpu (default), baby-gpt, gpt2-124m");
  add("--order", s.job.order, "windows (at random places) or epochs (each once) of a text");
  add("--import", s.import_file, "begin with GPT-2 weights: .safetensors, or llm.c's .bin")
      ->excludes(dataset);
  add("--export", s.export_file, "write the weights as .safetensors with Hugging Face's names");
}

void add_numbers(CLI::App& app, Settings& s) {
  const char* const group = "The preset's numbers";
  const auto add = [&](const char* name, auto& value, const char* words) {
    return app.add_option(name, value, words)->group(group);
  };
  add("--iters", s.options.steps, "steps");
  add("--epochs", s.epochs, "passes over the data, instead")->check(CLI::PositiveNumber);
  add("--batch", s.options.shape.batch, "examples of a step, of all ranks together");
  add("--layers", s.job.gpt.layers, "");
  add("--heads", s.job.gpt.heads, "");
  add("--width", s.job.gpt.width, "of the residual stream");
  add("--context", s.job.gpt.context, "tokens of an example");
  add("--bias", s.job.gpt.bias, "true or false: in dense layers and norms");
  add("--hidden", s.job.hidden, "units of a classifier's hidden layers")->delimiter(',');
  add("--convolutions", s.job.convolutions, "channels of a cnn's convolutions")->delimiter(',');
  add("--dropout", s.job.dropout, "");
  add("--schedule", s.schedule, "of the rate: constant, linear, cosine");
  add("--rate", s.options.rate.rate, "of AdamW, after the warm-up");
  add("--minimum-rate", s.options.rate.minimum, "at the end (default: a tenth)");
  add("--warm-up", s.options.rate.warm_up, "steps");
  add("--decay-steps", s.decay_steps, "the step at which the rate stops falling (default: the last)");
  add("--beta1", s.options.adamw.beta1, "");
  add("--beta2", s.options.adamw.beta2, "");
  add("--weight-decay", s.options.adamw.weight_decay, "of matrices");
  add("--clip", s.options.clip, "largest norm of the gradient; 0: no clipping");
  add("--evaluate-every", s.options.evaluate_every, "steps");
  add("--evaluation-batches", s.options.evaluation_batches, "of an evaluation; 0: the whole validation set");
  add("--log-every", s.options.log_every, "steps from line to line")->check(CLI::PositiveNumber);
}

void add_mesh(CLI::App& app, Settings& s) {
  const char* const group = "How it is spread over ranks";
  train::Parallel& p = s.options.parallel;
  const auto add = [&](const char* name, auto& value, const char* words) {
    return app.add_option(name, value, words)->group(group);
  };
  add("--data-parallel", p.data, "replicas that share the batch (default: as many as there are workers)")
      ->check(CLI::PositiveNumber);
  add("--tensor-parallel", p.tensor, "ranks that share each layer (Megatron-LM)")->check(CLI::PositiveNumber);
  add("--pipeline-parallel", p.pipeline, "stages of layers")->check(CLI::PositiveNumber);
  add("--zero", p.zero, "shard over replicas: 1 optimiser state, 2 also gradients, 3 also parameters")
      ->check(CLI::Range(0, 3));
  add("--interleave", p.interleave, "pieces of the chain a stage has")->check(CLI::PositiveNumber);
  app.add_flag("--recompute", p.recompute, "keep inputs of layers only, run them again before backward")
      ->group(group);
  app.add_flag("--sequence-parallel", p.sequence, "split what tensor parallelism does not")->group(group);
  add("--shards", s.options.shape.shards,
      "logical ones of a batch, a power of two: results depend on them, not on ranks");
  add("--threads", s.options.threads, "of each rank (default: its CPUs)");
  add("--device", s.job.device, "cpu (default), or cuda: each rank on a GPU of its own, sums over NCCL")
      ->check(CLI::IsMember({"cpu", "cuda"}));
  add("--precision", s.job.precision, "on a GPU: float32 (default), or bf16 with float32 master weights")
      ->check(CLI::IsMember({"float32", "bf16"}));
  app.add_flag("--plan", s.plan, "print which mesh would be fastest, and why; train nothing")->group(group);
}

}  // namespace

void add_options(CLI::App& app, Settings& settings) {
  app.set_config("--config", "", "a TOML file with these options by their long names");
  settings.job.kind.clear();
  add_data(app, settings);
  add_numbers(app, settings);
  add_mesh(app, settings);
  app.add_option("--seed", settings.options.shape.seed, "of everything")->default_val(1);
  app.add_option("--patience", settings.options.patience,
                 "evaluations without a better one after which it ends; 0: it does not");
  app.add_option("--checkpoint-seconds", settings.options.checkpoint_seconds, "from one to the next")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--keep-last", settings.options.keep_last, "checkpoints")->check(CLI::PositiveNumber);
  app.add_option("--keep-best", settings.options.keep_best, "checkpoints of least validation loss");
  app.add_flag("--no-report", settings.plain, "no report.html, no checkpoints: for timing");
  const char* const group = "Text from a checkpoint (no training)";
  app.add_option("--sample", settings.sample, "tokens to write")->group(group);
  app.add_option("--from", settings.sample_from, "the checkpoint (default: the last one of --out)")
      ->group(group);
  app.add_option("--prompt", settings.sampling.prompt, "what comes before; numbers where tokens have no text")
      ->group(group);
  app.add_option("--temperature", settings.sampling.temperature, "0: always the likeliest")
      ->group(group)
      ->check(CLI::NonNegativeNumber);
  app.add_option("--top-k", settings.sampling.top_k, "only so many likeliest tokens; 0: all")->group(group);
  apps::add_run_options(app, settings.run, "checkpoints, report.html, timeline.json");
  app.footer(
      "Exit code: 0 done or stopped before the wall time, to be run again; 1 wrong input or a failed system "
      "call, 2 the run could not begin.");
}

}  // namespace train_app

// SPDX-License-Identifier: Apache-2.0
// The options of rankine-train, its presets, and what they make: a job for the Trainer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/serialization/vector.hpp>

#include <rankine/nn/classifiers.hpp>
#include <rankine/nn/gpt.hpp>
#include <rankine/train/trainer.hpp>

#include "run_options.hpp"
#include "train_sample.hpp"

namespace train_app {

namespace nn = rankine::nn;
namespace train = rankine::train;

/// What is trained on what: travels to the ranks.
struct Job {
  std::string kind = "gpt";    ///< gpt, mlp, cnn
  std::string device = "cpu";  ///< or cuda
  /// float32; on a GPU or bf16, between layers and in products.
  std::string precision = "float32";
  std::string text, tokens, validation, dataset;
  std::uint64_t vocabulary = 0;  ///< of a token file; 0: found in it
  std::string order = "windows";
  nn::GptConfig gpt;
  std::vector<std::size_t> hidden = {512, 256}, convolutions = {16, 32};
  double dropout = 0;                     ///< of a classifier
  std::uint64_t inputs = 0, classes = 0;  ///< of its data
  std::string imported;                   ///< tells the initial weights from others; empty: the seed's
  std::uint64_t generated = 0;            ///< characters of a text that is made; 0: none

  bool is_gpt() const { return kind == "gpt"; }
  bool on_gpu() const { return device == "cuda"; }
  nn::Scalar scalar() const { return precision == "bf16" ? nn::Scalar::bf16 : nn::Scalar::f32; }
  train::Corpus corpus() const;
  train::Hardware hardware(nn::Threads& threads) const;
  nn::Model model(nn::TensorGroup& group, const train::Parallel& parallel, nn::Device& device) const;
  train::Examples examples(const train::BatchShape& shape) const;
  std::string config() const;
  std::string about() const;
  void report(const train::Report& report) const;

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& kind& device& precision& text& tokens& validation& dataset& vocabulary& order;
    ar& gpt.layers& gpt.heads& gpt.width& gpt.context& gpt.vocabulary& gpt.bias& gpt.dropout;
    ar& hidden& convolutions& dropout& inputs& classes& imported& generated;
  }
};

struct Settings {
  Job job;
  train::TrainerOptions options;
  std::string preset;
  std::string schedule = "cosine";
  double epochs = 0;
  std::uint64_t decay_steps = 0;
  std::string import_file, export_file;
  std::string sample_from;
  Sampling sampling;
  std::size_t sample = 0;
  bool plan = false;
  bool plain = false;
  bool mesh_said = false;
  apps::RunOptions run;
};

void add_options(CLI::App& app, Settings& settings);
/// The preset's numbers, and over them what was said on the command line or in the file. Throws
/// CLI::ValidationError.
void merge_preset(const CLI::App& app, Settings& settings);
/// What needs the data: vocabulary, steps of epochs, the place where the rate stops falling.
void look_at_data(Settings& settings);

}  // namespace train_app

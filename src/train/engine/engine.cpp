// SPDX-License-Identifier: Apache-2.0
// One step: the stage's passes in the order of its schedule, then the sums, their norm, and the update.
#include <rankine/train/engine.hpp>

#include <algorithm>
#include <memory>
#include <utility>

#include <rankine/core/error.hpp>
#include <rankine/core/hash.hpp>
#include <rankine/train/pipeline.hpp>

#include "train/engine/chunk.hpp"
#include "train/engine/gradients.hpp"
#include "train/engine/held_unit.hpp"
#include "train/engine/norm.hpp"
#include "train/engine/parameters.hpp"
#include "train/engine/stages.hpp"

namespace rankine::train {

struct Engine::Body {
  Body(nn::Model model, const EngineConfig& config, Mesh& mesh, nn::Device& device, nn::Threads& threads)
      : model_(std::move(model)),
        config_(config),
        mesh_(mesh),
        device_(device),
        threads_(threads),
        parallel_(mesh.parallel()),
        stages_(model_, parallel_, config.examples),
        micro_batches_(checked(config, parallel_, model_).shards / parallel_.data),
        actions_(pipeline_actions(mesh.place().pipeline, parallel_.pipeline, parallel_.interleave,
                                  micro_batches_)),
        parameters_(parallel_, model_.scalar, mesh.data(), device),
        gradients_(micro_batches_, config.bucket_bytes, parallel_, mesh.data(), device),
        losses_(micro_batches_) {
    hold_units();
    make_chunks();
    make_workspace();
    for (HeldUnit& unit : units_) {
      std::vector<float> values(model_.units[unit.unit()].size(parallel_.tensor));
      nn::initialise(model_.units[unit.unit()], config.seed, mesh.place().tensor, parallel_.tensor, values);
      unit.set_whole(values);
    }
  }

  static const EngineConfig& checked(const EngineConfig& config, const Parallel& parallel,
                                     const nn::Model& model) {
    check(parallel, config.shards, model.layers.size());
    if (config.examples == 0 || config.targets == 0)
      throw InputError("train: a shard needs examples, and an example targets");
    return config;
  }

  // ---- making ----

  void hold_units() {
    const std::vector<std::size_t> held = stages_.units(mesh_.place().pipeline);
    units_.reserve(held.size());
    for (const std::size_t unit : held)
      units_.emplace_back(unit, model_.units[unit], model_.scalar, parallel_, mesh_.data(), device_, memory_);
    for (const LayerRange& range : stages_.chunks(mesh_.place().pipeline)) {
      for (std::size_t layer = range.first; layer < range.last; ++layer) {
        std::vector<HeldUnit*> used;
        for (const std::size_t unit : model_.layers[layer]->units()) used.push_back(&held_unit(unit));
        parameters_.add_layer(layer, used);
        gradients_.add_layer(layer, used, memory_);
      }
    }
    parameters_.allocate(memory_);
    gradients_.allocate(memory_);
  }
  HeldUnit& held_unit(std::size_t unit) {
    return *std::ranges::find_if(units_, [unit](const HeldUnit& one) { return one.unit() == unit; });
  }

  void make_chunks() {
    const std::vector<LayerRange> ranges = stages_.chunks(mesh_.place().pipeline);
    chunks_.reserve(ranges.size());
    for (std::size_t chunk = 0; chunk < ranges.size(); ++chunk) {
      const ChunkPlace place{ranges[chunk], ranges[chunk].first == 0,
                             ranges[chunk].last == model_.layers.size()};
      chunks_.emplace_back(model_, place, config_.examples, config_.targets, in_flight(actions_, chunk),
                           parallel_.recompute, device_, parameters_, gradients_, memory_);
    }
  }

  void make_workspace() {
    const Stages::Workspace sizes = stages_.workspace(mesh_.place().pipeline);
    workspace_.scratch = device_.allocate(sizes.scratch);
    workspace_.saved = device_.allocate(sizes.saved);
    for (auto& gradient : workspace_.gradients) gradient = device_.allocate(sizes.gradient);
    if (!device_.host()) host_input_.resize(sizes.input);
    memory_.buffers += sizes.scratch + sizes.saved + 2 * sizes.gradient;
  }

  // ---- passes ----

  std::size_t shard_of(std::size_t micro_batch) const {
    // Sharded gradients are added over neighbouring ranks first: these then have neighbouring shards.
    return effective_zero(parallel_) >= 2 ? micro_batch * parallel_.data + mesh_.place().data
                                          : mesh_.place().data * micro_batches_ + micro_batch;
  }

  /// Calls fill(inputs, targets) with what the chunk wants of them.
  template <class Fill>
  void feed(Chunk& chunk, std::size_t micro_batch, const Fill& fill) {
    std::int32_t* const targets = chunk.place().last ? chunk.targets(micro_batch).data() : nullptr;
    if (!chunk.place().first) {
      if (targets != nullptr) fill(nullptr, targets);
    } else if (device_.host()) {
      fill(chunk.input(micro_batch), targets);
    } else {
      fill(static_cast<void*>(host_input_.data()), targets);
      device_.upload(chunk.input(micro_batch), host_input_.data(), chunk.input_bytes());
    }
    if (targets != nullptr) chunk.place_targets(micro_batch);
  }

  std::size_t before() const {
    return (mesh_.place().pipeline + parallel_.pipeline - 1) % parallel_.pipeline;
  }
  std::size_t behind() const { return (mesh_.place().pipeline + 1) % parallel_.pipeline; }

  template <class Fill>
  nn::LossSum forward(Chunk& chunk, std::size_t micro_batch, const nn::Pass& pass, const Fill& fill) {
    feed(chunk, micro_batch, fill);
    Collectives& line = mesh_.pipeline();
    if (!chunk.place().first)
      line.wait_message(
          line.receive(chunk.input(micro_batch), chunk.input_bytes(), before(), Channel::forward));
    const void* const output = chunk.forward(micro_batch, pass, workspace_, timeline_);
    if (chunk.place().last) return *static_cast<const nn::LossSum*>(output);
    sent_.push_back(line.send(output, chunk.output_bytes(), behind(), Channel::forward));
    return {};
  }

  void backward(Chunk& chunk, std::size_t micro_batch, const nn::Pass& pass) {
    Collectives& line = mesh_.pipeline();
    if (!chunk.place().last)
      line.wait_message(
          line.receive(workspace_.gradients[0].get(), chunk.output_bytes(), behind(), Channel::backward));
    const void* const d_input = chunk.backward(micro_batch, pass, workspace_, timeline_);
    if (!chunk.place().first)
      line.wait_message(line.send(d_input, chunk.input_bytes(), before(), Channel::backward));
  }

  nn::Pass pass_of(std::uint64_t step, std::size_t shard) const {
    nn::Pass pass;
    pass.key = hash_mix(hash_mix(config_.seed, step), shard);
    pass.scale = 1.0F / static_cast<float>(config_.shards);
    pass.threads = &threads_;
    pass.stream = device_.stream();
    return pass;
  }

  StepResult step(const Feed& feed, std::uint64_t step, double rate) {
    gradients_.begin_step();
    for (const Action& action : actions_) {
      const std::size_t shard = shard_of(action.micro_batch);
      const nn::Pass pass = pass_of(step, shard);
      Chunk& chunk = chunks_[action.chunk];
      if (action.kind == Action::Kind::backward) {
        backward(chunk, action.micro_batch, pass);
        continue;
      }
      const nn::LossSum loss =
          forward(chunk, action.micro_batch, pass,
                  [&](void* inputs, std::int32_t* targets) { feed.training(step, shard, inputs, targets); });
      if (chunk.place().last) losses_[action.micro_batch] = loss;
    }
    settle_sends();
    gradients_.finish();
    StepResult result = shared_losses();
    update(result, step, rate);
    return result;
  }

  void settle_sends() {
    for (const Ticket ticket : std::exchange(sent_, {})) mesh_.pipeline().wait_message(ticket);
  }

  // ---- after the passes ----

  /// `sums` of this rank's micro-batches, known to the last stage, in the order of `place`.
  template <class PlaceOf>
  std::vector<nn::LossSum> all_losses(std::span<const nn::LossSum> sums, std::size_t count,
                                      const PlaceOf& place_of) {
    std::vector<double> own;
    for (const nn::LossSum& sum : sums) own.insert(own.end(), {sum.loss, sum.count, sum.right});
    const std::vector<double> of_stage = mesh_.data().gather_numbers(own);
    const std::vector<double> stages = mesh_.pipeline().gather_numbers(of_stage);
    const auto all = std::span(stages).last(of_stage.size());
    std::vector<nn::LossSum> ordered(count);
    for (std::size_t data = 0; data < parallel_.data; ++data) {
      for (std::size_t k = 0; k < sums.size(); ++k) {
        const double* const one = &all[3 * (data * sums.size() + k)];
        if (const std::size_t place = place_of(data, k); place < count)
          ordered[place] = {one[0], one[1], one[2]};
      }
    }
    return ordered;
  }

  StepResult shared_losses() {
    const bool strided = effective_zero(parallel_) >= 2;
    const auto losses = all_losses(losses_, config_.shards, [&](std::size_t data, std::size_t k) {
      return strided ? k * parallel_.data + data : data * micro_batches_ + k;
    });
    StepResult result;
    for (const nn::LossSum& one : losses) {
      result.loss += one.count > 0 ? one.loss / one.count : 0;
      result.sum.loss += one.loss;
      result.sum.count += one.count;
      result.sum.right += one.right;
    }
    result.loss /= static_cast<double>(config_.shards);
    return result;
  }

  void update(StepResult& result, std::uint64_t step, double rate) {
    std::vector<float*> sums;
    for (HeldUnit& unit : units_) sums.push_back(gradients_.sum(unit));
    add_tied(sums);
    std::vector<NormPart> parts;
    for (std::size_t k = 0; k < units_.size(); ++k)
      parts.push_back({&units_[k], sums[k], stages_.counts(units_[k].unit(), mesh_.place().pipeline)});
    result.norm = gradient_norm(model_, parts, mesh_, device_);
    // torch.nn.utils.clip_grad_norm_
    const double clip = config_.clip > 0 ? std::min(1.0, config_.clip / (result.norm + 1e-6)) : 1.0;
    std::vector<Ticket> tickets;
    for (std::size_t k = 0; k < units_.size(); ++k) {
      units_[k].update(config_.adamw, rate, step + 1, clip, sums[k]);
      if (const auto ticket = units_[k].share()) tickets.push_back(*ticket);
    }
    for (const Ticket ticket : tickets) mesh_.data().wait(ticket);
    parameters_.forget();
  }

  /// A unit that another stage uses too: both add both sums.
  void add_tied(std::span<float* const> sums) {
    Collectives& line = mesh_.pipeline();
    for (std::size_t k = 0; k < units_.size(); ++k) {
      const auto other = stages_.other(units_[k].unit(), mesh_.place().pipeline);
      if (!other) continue;
      const std::size_t count = units_[k].layout().count;
      if (tied_count_ < count) {
        tied_ = allocate_floats(count, device_);
        memory_.buffers += (count - tied_count_) * sizeof(float);
        tied_count_ = count;
      }
      const Ticket sent = line.send(sums[k], count * sizeof(float), *other, Channel::forward);
      line.wait_message(line.receive(tied_.get(), count * sizeof(float), *other, Channel::forward));
      line.wait_message(sent);
      device_.add(sums[k], tied_.get(), count);
    }
  }

  nn::LossSum evaluate(const Feed& feed, std::size_t first, std::size_t count) {
    // All data ranks make the same number of passes (they gather parameters together); some count for
    // nothing.
    const std::size_t passes = (count + parallel_.data - 1) / parallel_.data;
    std::vector<nn::LossSum> sums(passes);
    for (std::size_t k = 0; k < passes; ++k) {
      const std::size_t place = k * parallel_.data + mesh_.place().data;
      const std::size_t index = first + (place < count ? place : 0);
      nn::Pass pass = pass_of(0, 0);
      pass.training = false;
      for (Chunk& chunk : chunks_) {
        const nn::LossSum sum = forward(chunk, k, pass, [&](void* inputs, std::int32_t* targets) {
          feed.evaluation(index, inputs, targets);
        });
        if (chunk.place().last) sums[k] = sum;
      }
      settle_sends();
    }
    nn::LossSum total;
    for (const nn::LossSum& one : all_losses(
             sums, count, [&](std::size_t data, std::size_t k) { return k * parallel_.data + data; })) {
      total.loss += one.loss;
      total.count += one.count;
      total.right += one.right;
    }
    return total;
  }

  // ---- state ----

  std::vector<Piece> pieces() const {
    std::vector<Piece> pieces;
    for (const HeldUnit& unit : units_) {
      if (!stages_.counts(unit.unit(), mesh_.place().pipeline)) continue;
      const std::size_t each = unit.layout().padded / parallel_.data;
      const std::size_t first = std::min(unit.layout().size, mesh_.place().data * each);
      const std::size_t last = std::min(unit.layout().size, first + each);
      if (first < last)
        pieces.push_back({unit.unit(), mesh_.place().tensor, parallel_.tensor, first, last - first});
    }
    return pieces;
  }

  void save(const Save& write) {
    for (const Piece& piece : pieces()) {
      HeldUnit& unit = held_unit(piece.unit);
      const std::size_t at = piece.first - unit.layout().first;
      std::vector<float> values[3];
      const float* const from[3] = {unit.master(), unit.first_moments(), unit.second_moments()};
      for (int k = 0; k < 3; ++k) {
        values[k].resize(piece.count);
        device_.download(values[k].data(), from[k] + at, piece.count * sizeof(float));
      }
      write(piece, values[0], values[1], values[2]);
    }
  }

  void load(const Load& read) {
    std::vector<Ticket> tickets;
    for (HeldUnit& unit : units_) {
      const UnitLayout& layout = unit.layout();
      const std::size_t first = std::min(layout.size, layout.first);
      const std::size_t count = std::min(layout.size, layout.first + layout.count) - first;
      std::vector<float> values[3];
      for (auto& one : values) one.resize(layout.count, 0.0F);
      if (count > 0)
        read({unit.unit(), mesh_.place().tensor, parallel_.tensor, first, count},
             std::span(values[0]).first(count), std::span(values[1]).first(count),
             std::span(values[2]).first(count));
      float* const to[3] = {unit.master(), unit.first_moments(), unit.second_moments()};
      for (int k = 0; k < 3; ++k) device_.upload(to[k], values[k].data(), layout.count * sizeof(float));
      unit.convert_part();
      if (const auto ticket = unit.share()) tickets.push_back(*ticket);
    }
    for (const Ticket ticket : tickets) mesh_.data().wait(ticket);
    parameters_.forget();
  }

  double flops() const {
    double flops = 0;
    for (const auto& layer : model_.layers) flops += layer->sizes(config_.examples).flops;
    return flops * static_cast<double>(parallel_.tensor);
  }

  void trace(Timeline* timeline) {
    timeline_ = timeline;
    for (Collectives* group : {&mesh_.data(), &mesh_.tensor(), &mesh_.pipeline()}) group->trace(timeline);
  }

  nn::Model model_;
  EngineConfig config_;
  Mesh& mesh_;
  nn::Device& device_;
  nn::Threads& threads_;
  Parallel parallel_;
  Memory memory_;
  Stages stages_;
  std::size_t micro_batches_;
  std::vector<Action> actions_;
  std::vector<HeldUnit> units_;
  Parameters parameters_;
  Gradients gradients_;
  std::vector<Chunk> chunks_;
  Workspace workspace_;
  std::vector<std::byte> host_input_;
  std::vector<nn::LossSum> losses_;
  std::vector<Ticket> sent_;
  std::shared_ptr<float> tied_;
  std::size_t tied_count_ = 0;
  Timeline* timeline_ = nullptr;
};

Engine::Engine(nn::Model model, const EngineConfig& config, Mesh& mesh, nn::Device& device,
               nn::Threads& threads)
    : body_(std::make_unique<Body>(std::move(model), config, mesh, device, threads)) {}
Engine::~Engine() = default;

StepResult Engine::step(const Feed& feed, std::uint64_t step, double rate) {
  return body_->step(feed, step, rate);
}
nn::LossSum Engine::evaluate(const Feed& feed, std::size_t first, std::size_t count) {
  return body_->evaluate(feed, first, count);
}
std::vector<Piece> Engine::pieces() const {
  return body_->pieces();
}
void Engine::save(const Save& write) {
  body_->save(write);
}
void Engine::load(const Load& read) {
  body_->load(read);
}
const nn::Model& Engine::model() const {
  return body_->model_;
}
double Engine::flops() const {
  return body_->flops();
}
Memory Engine::memory() const {
  return body_->memory_;
}
void Engine::trace(Timeline* timeline) {
  body_->trace(timeline);
}

}  // namespace rankine::train

// SPDX-License-Identifier: Apache-2.0
#include "train/engine/chunk.hpp"

#include <optional>

#include <rankine/core/clock.hpp>

namespace rankine::train {

Chunk::Chunk(const nn::Model& model, const ChunkPlace& place, std::size_t examples, std::size_t targets,
             std::size_t in_flight, bool recompute, nn::Device& device, Parameters& parameters,
             Gradients& gradients, Memory& memory)
    : model_(model),
      place_(place),
      examples_(examples),
      recompute_(recompute),
      device_(device),
      parameters_(parameters),
      gradients_(gradients) {
  for (std::size_t layer = place.layers.first; layer < place.layers.last; ++layer)
    sizes_.push_back(model.layers[layer]->sizes(examples));
  slots_.resize(std::max<std::size_t>(in_flight, 1));
  for (Slot& slot : slots_) {
    slot.input = device.allocate(sizes_.front().input);
    memory.activations += sizes_.front().input;
    for (std::size_t k = 0; k < sizes_.size(); ++k) {
      const bool loss = place.last && k + 1 == sizes_.size();
      slot.outputs.push_back(loss ? nullptr : device.allocate(sizes_[k].output));
      memory.activations += loss ? 0 : sizes_[k].output;
      slot.saved.push_back(recompute ? nullptr : device.allocate(sizes_[k].saved));
      memory.activations += recompute ? 0 : sizes_[k].saved;
    }
    if (!place.last) continue;
    slot.targets.resize(examples * targets);
    if (!device.host()) slot.device_targets = device.allocate(slot.targets.size() * sizeof(std::int32_t));
  }
}

void Chunk::place_targets(std::size_t micro_batch) {
  Slot& here = slot(micro_batch);
  if (here.device_targets)
    device_.upload(here.device_targets.get(), here.targets.data(),
                   here.targets.size() * sizeof(std::int32_t));
}

void* Chunk::output(Slot& slot, std::size_t k) {
  if (place_.last && k + 1 == sizes_.size()) return &slot.loss;
  return slot.outputs[k].get();
}

const void* Chunk::input_of(Slot& slot, std::size_t k) {
  return k == 0 ? slot.input.get() : slot.outputs[k - 1].get();
}

nn::Pass Chunk::with_targets(nn::Pass pass, Slot& slot) const {
  pass.examples = examples_;
  if (place_.last)
    pass.targets = slot.device_targets ? static_cast<const std::int32_t*>(slot.device_targets.get())
                                       : slot.targets.data();
  return pass;
}

void Chunk::run(Slot& slot, std::size_t k, nn::Pass& pass, std::span<const void* const> parameters,
                void* saved) {
  model_.layers[place_.layers.first + k]->forward(pass, parameters, input_of(slot, k), output(slot, k),
                                                  saved);
}

const void* Chunk::forward(std::size_t micro_batch, nn::Pass pass, Workspace& workspace, Timeline* timeline) {
  Slot& here = slot(micro_batch);
  pass = with_targets(pass, here);
  pass.scratch = workspace.scratch.get();
  for (std::size_t k = 0; k < sizes_.size(); ++k) {
    const std::size_t layer = place_.layers.first + k;
    const auto next = k + 1 < sizes_.size() ? std::optional(layer + 1) : std::nullopt;
    const std::vector<const void*> parameters = parameters_.of(layer, next);
    const Time begin = now();
    run(here, k, pass, parameters, recompute_ ? workspace.saved.get() : here.saved[k].get());
    if (timeline != nullptr)
      timeline->add(TimelineSpan::Row::compute, "forward " + model_.layers[layer]->name(), begin, now());
  }
  return output(here, sizes_.size() - 1);
}

const void* Chunk::backward(std::size_t micro_batch, nn::Pass pass, Workspace& workspace,
                            Timeline* timeline) {
  Slot& here = slot(micro_batch);
  pass = with_targets(pass, here);
  pass.scratch = workspace.scratch.get();
  const void* d_output = place_.last ? nullptr : workspace.gradients[0].get();
  std::size_t turn = place_.last ? 0 : 1;
  for (std::size_t k = sizes_.size(); k-- > 0;) {
    const std::size_t layer = place_.layers.first + k;
    const auto next = k > 0 ? std::optional(layer - 1) : std::nullopt;
    const std::vector<const void*> parameters = parameters_.of(layer, next);
    const std::vector<float*> leaves = gradients_.leaves(layer);
    const Time begin = now();
    void* const saved = recompute_ ? workspace.saved.get() : here.saved[k].get();
    if (recompute_) run(here, k, pass, parameters, saved);
    void* const d_input = place_.first && k == 0 ? nullptr : workspace.gradients[turn].get();
    model_.layers[layer]->backward(pass, parameters, input_of(here, k), output(here, k), saved, d_output,
                                   d_input, leaves);
    if (timeline != nullptr)
      timeline->add(TimelineSpan::Row::compute, "backward " + model_.layers[layer]->name(), begin, now());
    gradients_.filled(layer);
    d_output = d_input;
    turn = 1 - turn;
  }
  return d_output;
}

}  // namespace rankine::train

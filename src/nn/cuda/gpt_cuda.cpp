// SPDX-License-Identifier: Apache-2.0
// The first and the last layer of a GPT on a GPU, and the model.
#include "nn/cuda/gpt_cuda.hpp"

namespace rankine::nn {

namespace cuda {

namespace {

/// wte as this member has it.
struct TokenPart {
  bool split;
  TokenRange range;
  TokenPart(const GptOnCuda& gpt, const std::vector<Unit>& units)
      : split(units[0].tensors[0].split == 0 && gpt.members() > 1) {
    const std::size_t count = gpt.config.vocabulary / (split ? gpt.members() : 1);
    range = {static_cast<std::int32_t>(split ? count * gpt.group.member() : 0),
             static_cast<std::int32_t>(count)};
  }
  std::size_t tokens() const { return static_cast<std::size_t>(range.count); }
};

template <class T>
class Embed : public Layer {
 public:
  Embed(const GptOnCuda& gpt, const std::vector<Unit>& units) : gpt_(gpt), part_(gpt, units) {}

  Sizes sizes(std::size_t examples) const override {
    const std::size_t rows = gpt_.rows(examples);
    return {.input = rows * sizeof(std::int32_t),
            .output = gpt_.stream_rows(examples) * gpt_.width() * sizeof(T),
            .saved = 0,
            .scratch = scratch_in(examples, nullptr).bytes,
            .flops = static_cast<double>(rows * gpt_.width())};
  }
  std::string name() const override { return "embedding"; }
  std::vector<std::size_t> units() const override { return {0, 1}; }

  void forward(const Pass& pass, std::span<const void* const> parameters, const void* input, void* output,
               void*) override {
    const cudaStream_t stream = gpt_.stream(pass);
    const Scratch scratch = scratch_in(pass.examples, pass.scratch);
    const std::size_t mine = gpt_.stream_rows(pass.examples), first = gpt_.first_row(pass.examples);
    const auto* tokens = static_cast<const std::int32_t*>(input);
    const auto* table = static_cast<const T*>(parameters[0]);
    auto* out = static_cast<T*>(output);
    if (part_.split && gpt_.by_rows()) {
      Embedding<T>::tokens(stream, tokens, table, scratch.all, gpt_.rows(pass.examples), gpt_.width(),
                           part_.range);
      gpt_.reduce(pass, scratch.all, out);
    } else {
      Embedding<T>::tokens(stream, tokens + first, table, out, mine, gpt_.width(), part_.range);
      if (part_.split) gpt_.reduce(pass, out, out);
    }
    Embedding<T>::add_positions(stream, out, static_cast<const T*>(parameters[1]), mine, gpt_.config.context,
                                gpt_.width(), gpt_.drop(pass, 0));
  }

  void backward(const Pass& pass, std::span<const void* const>, const void* input, const void*, const void*,
                const void* d_output, void*, std::span<float* const> gradients) override {
    const cudaStream_t stream = gpt_.stream(pass);
    const Scratch scratch = scratch_in(pass.examples, pass.scratch);
    const std::size_t mine = gpt_.stream_rows(pass.examples), first = gpt_.first_row(pass.examples);
    const auto* tokens = static_cast<const std::int32_t*>(input);
    const T* d = gpt_.dropped(pass, static_cast<const T*>(d_output), scratch.dropped, 0);
    Replicated replicated(gpt_, pass, scratch.replicated, replicated_count());
    float* d_positions = replicated.place(gradients[1], gpt_.config.context * gpt_.width());
    Embedding<T>::positions_backward(stream, d, d_positions, mine, first, gpt_.config.context, gpt_.width());
    if (part_.split) {
      const T* all = gpt_.gather(pass, d, scratch.all);
      Embedding<T>::tokens_backward(stream, tokens, all, gradients[0], gpt_.rows(pass.examples), gpt_.width(),
                                    part_.range, scratch.order);
    } else {
      float* d_table = replicated.place(gradients[0], part_.tokens() * gpt_.width());
      Embedding<T>::tokens_backward(stream, tokens + first, d, d_table, mine, gpt_.width(), part_.range,
                                    scratch.order);
    }
    replicated.finish();
  }

 private:
  struct Scratch {
    T *all, *dropped;
    std::int32_t* order;
    float* replicated;
    std::size_t bytes;
  };
  std::size_t replicated_count() const {
    if (!gpt_.by_rows()) return 0;
    return (gpt_.config.context + (part_.split ? 0 : part_.tokens())) * gpt_.width();
  }
  Scratch scratch_in(std::size_t examples, void* base) const {
    Carving carving(base);
    Scratch scratch{};
    scratch.all = carving.take<T>(gpt_.by_rows() ? gpt_.rows(examples) * gpt_.width() : 0);
    scratch.dropped = carving.take<T>(gpt_.stream_rows(examples) * gpt_.width());
    scratch.order = carving.take<std::int32_t>(gpt_.rows(examples));
    scratch.replicated = carving.take<float>(replicated_count());
    scratch.bytes = carving.bytes();
    return scratch;
  }

  GptOnCuda gpt_;
  TokenPart part_;
};

template <class T>
class Head : public Layer {
 public:
  Head(const GptOnCuda& gpt, const std::vector<Unit>& units)
      : gpt_(gpt),
        part_(gpt, units),
        norm_unit_(units.size() - 1),
        weight_(place_of(units.back(), "weight", 1)),
        bias_(place_of(units.back(), "bias", 1)) {}

  Sizes sizes(std::size_t examples) const override {
    const auto rows = static_cast<double>(gpt_.rows(examples));
    return {.input = gpt_.stream_rows(examples) * gpt_.width() * sizeof(T),
            .output = sizeof(LossSum),
            .saved = saved_in(examples, nullptr).bytes,
            .scratch = scratch_in(examples, nullptr).bytes,
            .flops = 2 * rows * static_cast<double>(gpt_.width()) * static_cast<double>(part_.tokens())};
  }
  std::string name() const override { return "head"; }
  std::vector<std::size_t> units() const override { return {0, norm_unit_}; }

  void forward(const Pass& pass, std::span<const void* const> parameters, const void* input, void* output,
               void* saved_base) override {
    const cudaStream_t stream = gpt_.stream(pass);
    const Saved saved = saved_in(pass.examples, saved_base);
    const Scratch scratch = scratch_in(pass.examples, pass.scratch);
    const std::size_t rows = gpt_.rows(pass.examples), tokens = part_.tokens();
    const T* normal = normalise(pass, static_cast<const T*>(input), parameters[1], saved.stats, scratch);
    gpt_.multiply(pass, rows, tokens, gpt_.width(), normal, false, static_cast<const T*>(parameters[0]), true,
                  saved.logits);
    CrossEntropy<T>::row_max(stream, saved.logits, scratch.largest, rows, tokens);
    if (part_.split) gpt_.group.all_reduce_max(scratch.largest, rows, pass);
    CrossEntropy<T>::row_sums(stream, saved.logits, pass.targets, scratch.largest, scratch.sums, rows, tokens,
                              static_cast<std::size_t>(part_.range.first));
    if (part_.split) gpt_.group.all_reduce(scratch.sums, 2 * rows, Scalar::f32, pass);
    finish_loss(stream, pass.targets, scratch.largest, scratch.sums, saved.logs, saved.totals, rows);
    check(cudaMemcpyAsync(output, saved.totals, sizeof(LossSum), cudaMemcpyDeviceToHost, stream),
          "cudaMemcpyAsync of the loss");
    check(cudaStreamSynchronize(stream), "cudaStreamSynchronize");
  }

  void backward(const Pass& pass, std::span<const void* const> parameters, const void* input, const void*,
                const void* saved_base, const void*, void* d_input,
                std::span<float* const> gradients) override {
    const cudaStream_t stream = gpt_.stream(pass);
    const Saved saved = saved_in(pass.examples, const_cast<void*>(saved_base));
    const Scratch scratch = scratch_in(pass.examples, pass.scratch);
    const std::size_t rows = gpt_.rows(pass.examples), tokens = part_.tokens(), width = gpt_.width();
    const auto* wte = static_cast<const T*>(parameters[0]);
    const auto* x = static_cast<const T*>(input);
    const T* normal = normalise(pass, x, parameters[1], scratch.stats, scratch);
    CrossEntropy<T>::backward(stream, saved.logits, pass.targets, saved.logs, saved.totals, pass.scale,
                              scratch.d_logits, rows, tokens, static_cast<std::size_t>(part_.range.first));
    gpt_.multiply(pass, tokens, width, rows, scratch.d_logits, true, normal, false, gradients[0], true);
    gpt_.multiply(pass, rows, width, tokens, scratch.d_logits, false, wte, false, scratch.d_normal);
    const T* d = scratch.d_normal + gpt_.first_row(pass.examples) * width;  // whole, unless tokens are split
    if (part_.split) d = gpt_.reduce(pass, scratch.d_normal, scratch.room);
    Replicated replicated(gpt_, pass, scratch.replicated, 2 * width);
    float* d_weight = replicated.place(gradients[1] + weight_, width);
    float* d_bias = replicated.place(at(gradients[1], bias_), width);
    const T* nothing = nullptr;
    Norms<T>::backward(stream, x, static_cast<const T*>(parameters[1]) + weight_, saved.stats, d, nothing,
                       static_cast<T*>(d_input), d_weight, d_bias, gpt_.stream_rows(pass.examples), width,
                       scratch.columns);
    replicated.finish();
  }

 private:
  struct Saved {
    NormStats stats;
    float* logs;
    double* totals;  ///< a LossSum
    T* logits;       ///< [rows][tokens of this member]
    std::size_t bytes;
  };
  struct Scratch {
    NormStats stats;
    T *normal, *gathered, *d_logits, *d_normal, *room;
    float *largest, *sums, *columns, *replicated;
    std::size_t bytes;
  };
  Saved saved_in(std::size_t examples, void* base) const {
    Carving carving(base);
    Saved saved{};
    saved.stats.mean = carving.take<float>(gpt_.stream_rows(examples));
    saved.stats.deviation = carving.take<float>(gpt_.stream_rows(examples));
    saved.logs = carving.take<float>(gpt_.rows(examples));
    saved.totals = carving.take<double>(3);
    saved.logits = carving.take<T>(gpt_.rows(examples) * part_.tokens());
    saved.bytes = carving.bytes();
    return saved;
  }
  Scratch scratch_in(std::size_t examples, void* base) const {
    const std::size_t rows = gpt_.rows(examples), mine = gpt_.stream_rows(examples), width = gpt_.width();
    Carving carving(base);
    Scratch scratch{};
    scratch.stats.mean = carving.take<float>(mine);
    scratch.stats.deviation = carving.take<float>(mine);
    scratch.normal = carving.take<T>(mine * width);
    scratch.gathered = carving.take<T>(gpt_.by_rows() ? rows * width : 0);
    scratch.d_logits = carving.take<T>(rows * part_.tokens());
    scratch.d_normal = carving.take<T>(rows * width);
    scratch.room = carving.take<T>(gpt_.by_rows() ? mine * width : 0);
    scratch.largest = carving.take<float>(rows);
    scratch.sums = carving.take<float>(2 * rows);
    scratch.columns = carving.take<float>(scratch_of_columns(mine, width) / sizeof(float));
    scratch.replicated = carving.take<float>(2 * width);
    scratch.bytes = carving.bytes();
    return scratch;
  }
  const T* normalise(const Pass& pass, const T* x, const void* parameters, NormStats stats,
                     const Scratch& scratch) const {
    const auto* norm = static_cast<const T*>(parameters);
    Norms<T>::forward(gpt_.stream(pass), x, norm + weight_, at(norm, bias_), scratch.normal, stats,
                      gpt_.stream_rows(pass.examples), gpt_.width());
    return gpt_.gather(pass, scratch.normal, scratch.gathered);
  }

  GptOnCuda gpt_;
  TokenPart part_;
  std::size_t norm_unit_;
  std::size_t weight_;
  std::size_t bias_;
};

template <class T>
Model make_model(const GptOnCuda& gpt) {
  Model model;
  model.name = "gpt";
  model.scalar = kScalarOf<T>;
  model.units = gpt_units(gpt.config, gpt.members());
  model.layers.push_back(std::make_unique<Embed<T>>(gpt, model.units));
  for (std::size_t layer = 0; layer < gpt.config.layers; ++layer)
    model.layers.push_back(make_block<T>(gpt, model.units, layer));
  model.layers.push_back(std::make_unique<Head<T>>(gpt, model.units));
  return model;
}

}  // namespace

}  // namespace cuda

Model make_cuda_gpt(const GptConfig& config, Scalar scalar, TensorGroup& group, Device& device) {
  const cuda::GptOnCuda gpt{config, group, cuda::as_cuda(device)};
  return scalar == Scalar::f32 ? cuda::make_model<float>(gpt) : cuda::make_model<Bf16>(gpt);
}

}  // namespace rankine::nn

// SPDX-License-Identifier: Apache-2.0
// A block of a GPT on a GPU: attention and perceptron, each with a layer norm before and the residual stream
// beside it. Attention goes through a few examples at a time, so that its scores stay small.
#include "nn/cuda/gpt_cuda.hpp"

#include <cmath>

namespace rankine::nn::cuda {

namespace {

struct Places {
  std::size_t ln_1, ln_1_bias, attn, attn_bias, proj, proj_bias, ln_2, ln_2_bias, fc, fc_bias, out, out_bias;
};

template <class T>
class Block : public Layer {
 public:
  Block(const GptOnCuda& gpt, const std::vector<Unit>& units, std::size_t layer);

  Sizes sizes(std::size_t examples) const override {
    const auto rows = static_cast<double>(gpt_.rows(examples)), width = static_cast<double>(gpt_.width());
    const auto part = static_cast<double>(gpt_.part()), length = static_cast<double>(gpt_.config.context);
    const std::size_t stream_bytes = gpt_.stream_rows(examples) * gpt_.width() * sizeof(T);
    return {.input = stream_bytes,
            .output = stream_bytes,
            .saved = saved_in(examples, nullptr).bytes,
            .scratch = scratch_in(examples, nullptr).bytes,
            .flops = 24 * rows * width * part + 4 * rows * length * part};
  }
  std::string name() const override { return "block." + std::to_string(layer_); }
  std::vector<std::size_t> units() const override { return {2 + layer_}; }

  void forward(const Pass& pass, std::span<const void* const> parameters, const void* input, void* output,
               void* saved_base) override;
  void backward(const Pass& pass, std::span<const void* const> parameters, const void* input, const void*,
                const void* saved_base, const void* d_output, void* d_input,
                std::span<float* const> gradients) override;

 private:
  struct Saved {
    NormStats stats_1, stats_2;
    float* logs;  ///< of attention [examples][heads][length]
    T* planes;    ///< queries, keys, values [3][examples][heads][length][head width]
    T* attended;  ///< [rows][part]
    T* middle;    ///< the stream between attention and perceptron, this member's rows
    T* hidden;    ///< before GELU [rows][4 part]
    std::size_t bytes;
  };
  struct Scratch {
    NormStats stats;
    T *normal, *gathered, *sums, *room, *dropped, *d_gathered, *d_stream;
    T *joined, *plane, *d_planes, *activated, *d_hidden;
    float *scores, *d_shares;
    T *shares, *d_scores;
    float *columns, *replicated;
    std::size_t bytes;
  };
  Saved saved_in(std::size_t examples, void* base) const;
  Scratch scratch_in(std::size_t examples, void* base) const;
  /// Examples whose attention is computed at once.
  std::size_t at_once(std::size_t examples) const {
    const std::size_t scores = gpt_.heads() * gpt_.config.context * gpt_.config.context;
    return std::clamp<std::size_t>(gpt_.device.scores_at_once / scores, 1, examples);
  }
  QueryRows queries(std::size_t first_example) const {
    return {first_example * gpt_.heads() * gpt_.config.context, gpt_.heads(), gpt_.config.heads,
            gpt_.heads() * gpt_.group.member()};
  }
  /// Products of all pairs of example and head at once: [m][n] = [m][k] [k][n].
  template <class Result>
  void multiply_pairs(const Pass& pass, std::size_t pairs, std::size_t m, std::size_t n, std::size_t k,
                      const T* left, bool left_transposed, const T* right, bool right_transposed,
                      Result* product) const {
    gpt_.device.blas().multiply(gpt_.stream(pass), kScalarOf<T>, m, n, k,
                                {left, left_transposed ? m : k, left_transposed, m * k},
                                {right, right_transposed ? k : n, right_transposed, k * n},
                                {product, n, kScalarOf<Result>, m * n, false}, pairs);
  }
  const T* normalise(const Pass& pass, const T* x, const T* weight, const T* bias, NormStats stats,
                     const Scratch& scratch) const {
    Norms<T>::forward(gpt_.stream(pass), x, weight, bias, scratch.normal, stats,
                      gpt_.stream_rows(pass.examples), gpt_.width());
    return gpt_.gather(pass, scratch.normal, scratch.gathered);
  }
  void add_bias(const Pass& pass, T* values, const T* bias, std::size_t rows, std::size_t width) const {
    if (bias != nullptr) Elementwise<T>::add_bias(gpt_.stream(pass), values, bias, rows, width);
  }
  void bias_backward(const Pass& pass, const T* d, float* into, std::size_t rows, std::size_t width,
                     const Scratch& scratch) const {
    if (into != nullptr) Norms<T>::add_column_sums(gpt_.stream(pass), d, into, rows, width, scratch.columns);
  }
  void attend(const Pass& pass, const Saved& saved, const Scratch& scratch) const;
  void attend_backward(const Pass& pass, const Saved& saved, const Scratch& scratch) const;
  void perceptron_backward(const Pass& pass, const Saved& saved, const Scratch& scratch, const T* weights,
                           const T* d_out, float* slopes) const;
  void heads_backward(const Pass& pass, const Saved& saved, const Scratch& scratch, const T* weights,
                      const T* x, T* d_x, float* slopes) const;

  GptOnCuda gpt_;
  std::size_t layer_;
  Places at_;
};

template <class T>
Block<T>::Block(const GptOnCuda& gpt, const std::vector<Unit>& units, std::size_t layer)
    : gpt_(gpt), layer_(layer) {
  const auto find = [&](const char* name) { return place_of(units[2 + layer], name, gpt.members()); };
  at_ = {.ln_1 = find("ln_1.weight"),
         .ln_1_bias = find("ln_1.bias"),
         .attn = find("attn.c_attn.weight"),
         .attn_bias = find("attn.c_attn.bias"),
         .proj = find("attn.c_proj.weight"),
         .proj_bias = find("attn.c_proj.bias"),
         .ln_2 = find("ln_2.weight"),
         .ln_2_bias = find("ln_2.bias"),
         .fc = find("mlp.c_fc.weight"),
         .fc_bias = find("mlp.c_fc.bias"),
         .out = find("mlp.c_proj.weight"),
         .out_bias = find("mlp.c_proj.bias")};
}

template <class T>
typename Block<T>::Saved Block<T>::saved_in(std::size_t examples, void* base) const {
  const std::size_t rows = gpt_.rows(examples), mine = gpt_.stream_rows(examples), part = gpt_.part();
  Carving carving(base);
  Saved saved{};
  saved.stats_1 = {carving.take<float>(mine), carving.take<float>(mine)};
  saved.stats_2 = {carving.take<float>(mine), carving.take<float>(mine)};
  saved.logs = carving.take<float>(rows * gpt_.heads());
  saved.planes = carving.take<T>(3 * rows * part);
  saved.attended = carving.take<T>(rows * part);
  saved.middle = carving.take<T>(mine * gpt_.width());
  saved.hidden = carving.take<T>(4 * rows * part);
  saved.bytes = carving.bytes();
  return saved;
}

template <class T>
typename Block<T>::Scratch Block<T>::scratch_in(std::size_t examples, void* base) const {
  const std::size_t rows = gpt_.rows(examples), mine = gpt_.stream_rows(examples);
  const std::size_t part = gpt_.part(), width = gpt_.width(), length = gpt_.config.context;
  const std::size_t apart = gpt_.by_rows() ? 1 : 0;
  const std::size_t scores = at_once(examples) * gpt_.heads() * length * length;
  Carving carving(base);
  Scratch s{};
  s.stats = {carving.take<float>(mine), carving.take<float>(mine)};
  s.normal = carving.take<T>(mine * width);
  s.gathered = carving.take<T>(apart * rows * width);
  s.sums = carving.take<T>(rows * width);
  s.room = carving.take<T>(apart * mine * width);
  s.dropped = carving.take<T>(mine * width);
  s.d_gathered = carving.take<T>(apart * rows * width);
  s.d_stream = carving.take<T>(mine * width);
  s.joined = carving.take<T>(3 * rows * part);
  s.plane = carving.take<T>(rows * part);
  s.d_planes = carving.take<T>(3 * rows * part);
  s.activated = carving.take<T>(4 * rows * part);
  s.d_hidden = carving.take<T>(4 * rows * part);
  s.scores = carving.take<float>(scores);
  s.d_shares = carving.take<float>(scores);
  s.shares = carving.take<T>(scores);
  s.d_scores = carving.take<T>(scores);
  s.columns = carving.take<float>(scratch_of_columns(rows, std::max(width, 4 * part)) / sizeof(float));
  s.replicated = carving.take<float>(3 * width);
  s.bytes = carving.bytes();
  return s;
}

template <class T>
void Block<T>::attend(const Pass& pass, const Saved& saved, const Scratch& scratch) const {
  const Heads all = gpt_.shape(pass.examples);
  const std::size_t length = all.length, step = at_once(pass.examples);
  const float scale = 1.0f / std::sqrt(static_cast<float>(all.head_width));
  for (std::size_t first = 0; first < pass.examples; first += step) {
    const std::size_t pairs = std::min(step, pass.examples - first) * all.heads;
    const T* query = saved.planes + first * all.heads * length * all.head_width;
    const T* key = query + all.plane();
    const T* value = key + all.plane();
    const std::size_t row = first * all.heads * length;
    multiply_pairs(pass, pairs, length, length, all.head_width, query, false, key, true, scratch.scores);
    Attention<T>::softmax(gpt_.stream(pass), scratch.scores, scratch.shares, saved.logs + row, pairs * length,
                          length, scale, gpt_.dropout(pass, 1 + 3 * layer_), queries(first));
    multiply_pairs(pass, pairs, length, all.head_width, length, scratch.shares, false, value, false,
                   scratch.plane + row * all.head_width);
  }
  Attention<T>::join_one(gpt_.stream(pass), scratch.plane, saved.attended, all);
}

/// From scratch.plane, the slopes of what heads put out, to scratch.joined.
template <class T>
void Block<T>::attend_backward(const Pass& pass, const Saved& saved, const Scratch& scratch) const {
  const Heads all = gpt_.shape(pass.examples);
  const std::size_t length = all.length, width = all.head_width, step = at_once(pass.examples);
  const float scale = 1.0f / std::sqrt(static_cast<float>(width));
  for (std::size_t first = 0; first < pass.examples; first += step) {
    const std::size_t pairs = std::min(step, pass.examples - first) * all.heads;
    const std::size_t row = first * all.heads * length, start = row * width;
    const T* query = saved.planes + start;
    const T* key = query + all.plane();
    const T* value = key + all.plane();
    const T* d = scratch.plane + start;
    multiply_pairs(pass, pairs, length, length, width, query, false, key, true, scratch.scores);
    multiply_pairs(pass, pairs, length, length, width, d, false, value, true, scratch.d_shares);
    Attention<T>::softmax_backward(gpt_.stream(pass), scratch.scores, saved.logs + row, scratch.d_shares,
                                   scratch.shares, scratch.d_scores, pairs * length, length, scale,
                                   gpt_.dropout(pass, 1 + 3 * layer_), queries(first));
    T* d_query = scratch.d_planes + start;
    T* d_key = d_query + all.plane();
    T* d_value = d_key + all.plane();
    multiply_pairs(pass, pairs, length, width, length, scratch.d_scores, false, key, false, d_query);
    multiply_pairs(pass, pairs, length, width, length, scratch.d_scores, true, query, false, d_key);
    multiply_pairs(pass, pairs, length, width, length, scratch.shares, true, d, false, d_value);
  }
  Attention<T>::join(gpt_.stream(pass), scratch.d_planes, scratch.joined, all);
}

template <class T>
void Block<T>::forward(const Pass& pass, std::span<const void* const> parameters, const void* input,
                       void* output, void* saved_base) {
  const cudaStream_t stream = gpt_.stream(pass);
  const Saved saved = saved_in(pass.examples, saved_base);
  const Scratch s = scratch_in(pass.examples, pass.scratch);
  const auto* w = static_cast<const T*>(parameters[0]);
  const auto* x = static_cast<const T*>(input);
  const std::size_t rows = gpt_.rows(pass.examples), mine = gpt_.stream_rows(pass.examples);
  const std::size_t width = gpt_.width(), part = gpt_.part();

  const T* normal = normalise(pass, x, w + at_.ln_1, at(w, at_.ln_1_bias), saved.stats_1, s);
  gpt_.multiply(pass, rows, 3 * part, width, normal, false, w + at_.attn, true, s.joined);
  add_bias(pass, s.joined, at(w, at_.attn_bias), rows, 3 * part);
  Attention<T>::split(stream, s.joined, saved.planes, gpt_.shape(pass.examples));
  attend(pass, saved, s);
  gpt_.multiply(pass, rows, width, part, saved.attended, false, w + at_.proj, true, s.sums);
  T* added = gpt_.reduce(pass, s.sums, s.room);
  add_bias(pass, added, at(w, at_.proj_bias), mine, width);
  Elementwise<T>::add_residual(stream, x, added, saved.middle, mine, width, gpt_.drop(pass, 2 + 3 * layer_));

  normal = normalise(pass, saved.middle, w + at_.ln_2, at(w, at_.ln_2_bias), saved.stats_2, s);
  gpt_.multiply(pass, rows, 4 * part, width, normal, false, w + at_.fc, true, saved.hidden);
  add_bias(pass, saved.hidden, at(w, at_.fc_bias), rows, 4 * part);
  Elementwise<T>::gelu(stream, saved.hidden, s.activated, rows * 4 * part);
  gpt_.multiply(pass, rows, width, 4 * part, s.activated, false, w + at_.out, true, s.sums);
  added = gpt_.reduce(pass, s.sums, s.room);
  add_bias(pass, added, at(w, at_.out_bias), mine, width);
  Elementwise<T>::add_residual(stream, saved.middle, added, static_cast<T*>(output), mine, width,
                               gpt_.drop(pass, 3 + 3 * layer_));
}

/// To s.d_stream: the slopes of the stream between attention and perceptron.
template <class T>
void Block<T>::perceptron_backward(const Pass& pass, const Saved& saved, const Scratch& s, const T* w,
                                   const T* d_out, float* slopes) const {
  const cudaStream_t stream = gpt_.stream(pass);
  const std::size_t rows = gpt_.rows(pass.examples), mine = gpt_.stream_rows(pass.examples);
  const std::size_t width = gpt_.width(), part = gpt_.part();
  Replicated replicated(gpt_, pass, s.replicated, 3 * width);
  const T* d = gpt_.dropped(pass, d_out, s.dropped, 3 + 3 * layer_);
  bias_backward(pass, d, replicated.place(at(slopes, at_.out_bias), width), mine, width, s);
  d = gpt_.gather(pass, d, s.d_gathered);
  Elementwise<T>::gelu(stream, saved.hidden, s.activated, rows * 4 * part);
  gpt_.multiply(pass, width, 4 * part, rows, d, true, s.activated, false, slopes + at_.out, true);
  gpt_.multiply(pass, rows, 4 * part, width, d, false, w + at_.out, false, s.d_hidden);
  Elementwise<T>::gelu_backward(stream, saved.hidden, s.d_hidden, s.d_hidden, rows * 4 * part);
  bias_backward(pass, s.d_hidden, at(slopes, at_.fc_bias), rows, 4 * part, s);
  const T* normal = normalise(pass, saved.middle, w + at_.ln_2, at(w, at_.ln_2_bias), s.stats, s);
  gpt_.multiply(pass, 4 * part, width, rows, s.d_hidden, true, normal, false, slopes + at_.fc, true);
  gpt_.multiply(pass, rows, width, 4 * part, s.d_hidden, false, w + at_.fc, false, s.sums);
  const T* d_normal = gpt_.reduce(pass, s.sums, s.room);
  Norms<T>::backward(stream, saved.middle, w + at_.ln_2, saved.stats_2, d_normal, d_out, s.d_stream,
                     replicated.place(slopes + at_.ln_2, width),
                     replicated.place(at(slopes, at_.ln_2_bias), width), mine, width, s.columns);
  replicated.finish();
}

/// From s.d_stream to d_x.
template <class T>
void Block<T>::heads_backward(const Pass& pass, const Saved& saved, const Scratch& s, const T* w, const T* x,
                              T* d_x, float* slopes) const {
  const cudaStream_t stream = gpt_.stream(pass);
  const std::size_t rows = gpt_.rows(pass.examples), mine = gpt_.stream_rows(pass.examples);
  const std::size_t width = gpt_.width(), part = gpt_.part();
  Replicated replicated(gpt_, pass, s.replicated, 3 * width);
  const T* d = gpt_.dropped(pass, static_cast<const T*>(s.d_stream), s.dropped, 2 + 3 * layer_);
  bias_backward(pass, d, replicated.place(at(slopes, at_.proj_bias), width), mine, width, s);
  d = gpt_.gather(pass, d, s.d_gathered);
  gpt_.multiply(pass, width, part, rows, d, true, static_cast<const T*>(saved.attended), false,
                slopes + at_.proj, true);
  gpt_.multiply(pass, rows, part, width, d, false, w + at_.proj, false, s.sums);  // [rows][part]
  Attention<T>::split_one(stream, s.sums, s.plane, gpt_.shape(pass.examples));
  attend_backward(pass, saved, s);
  bias_backward(pass, s.joined, at(slopes, at_.attn_bias), rows, 3 * part, s);
  const T* normal = normalise(pass, x, w + at_.ln_1, at(w, at_.ln_1_bias), s.stats, s);
  gpt_.multiply(pass, 3 * part, width, rows, static_cast<const T*>(s.joined), true, normal, false,
                slopes + at_.attn, true);
  gpt_.multiply(pass, rows, width, 3 * part, static_cast<const T*>(s.joined), false, w + at_.attn, false,
                s.sums);
  const T* d_normal = gpt_.reduce(pass, s.sums, s.room);
  Norms<T>::backward(stream, x, w + at_.ln_1, saved.stats_1, d_normal, s.d_stream, d_x,
                     replicated.place(slopes + at_.ln_1, width),
                     replicated.place(at(slopes, at_.ln_1_bias), width), mine, width, s.columns);
  replicated.finish();
}

template <class T>
void Block<T>::backward(const Pass& pass, std::span<const void* const> parameters, const void* input,
                        const void*, const void* saved_base, const void* d_output, void* d_input,
                        std::span<float* const> gradients) {
  const Saved saved = saved_in(pass.examples, const_cast<void*>(saved_base));
  const Scratch scratch = scratch_in(pass.examples, pass.scratch);
  const auto* weights = static_cast<const T*>(parameters[0]);
  perceptron_backward(pass, saved, scratch, weights, static_cast<const T*>(d_output), gradients[0]);
  heads_backward(pass, saved, scratch, weights, static_cast<const T*>(input), static_cast<T*>(d_input),
                 gradients[0]);
}

}  // namespace

template <class T>
std::unique_ptr<Layer> make_block(const GptOnCuda& gpt, const std::vector<Unit>& units, std::size_t layer) {
  return std::make_unique<Block<T>>(gpt, units, layer);
}
template std::unique_ptr<Layer> make_block<float>(const GptOnCuda&, const std::vector<Unit>&, std::size_t);
template std::unique_ptr<Layer> make_block<Bf16>(const GptOnCuda&, const std::vector<Unit>&, std::size_t);

}  // namespace rankine::nn::cuda

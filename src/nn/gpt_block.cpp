// SPDX-License-Identifier: Apache-2.0
// A transformer block: x + attention(norm(x)), then x + perceptron(norm(x)). The members of a tensor-parallel
// group have a part of the heads and of the hidden units each (Shoeybi et al. 2019): what they add to the
// stream is summed over the group. With sequence parallelism the stream itself is split by rows, and the sum
// leaves each its rows (Korthikanti et al. 2022).
#include <cstring>

#include <fmt/format.h>

#include "nn/gpt_attention.hpp"
#include "nn/gpt_parts.hpp"

namespace rankine::nn {

namespace {

/// The block's tensors: places in the unit's buffer (-1: none), or pointers into it.
template <class Place>
struct Tensors {
  Place ln_1, ln_1_bias, c_attn, c_attn_bias, c_proj, c_proj_bias, ln_2, ln_2_bias, c_fc, c_fc_bias, mlp_proj,
      mlp_proj_bias;
};

template <class Pointer>
Tensors<Pointer> at(const Tensors<long>& places, Pointer base) {
  const auto of = [&](long place) { return place < 0 ? nullptr : base + place; };
  return {of(places.ln_1),   of(places.ln_1_bias),   of(places.c_attn),   of(places.c_attn_bias),
          of(places.c_proj), of(places.c_proj_bias), of(places.ln_2),     of(places.ln_2_bias),
          of(places.c_fc),   of(places.c_fc_bias),   of(places.mlp_proj), of(places.mlp_proj_bias)};
}

Tensors<long> find_tensors(const Unit& unit, std::size_t members) {
  const auto of = [&](std::string_view name) { return place_in(unit, name, members); };
  return {of("ln_1.weight"),        of("ln_1.bias"),        of("attn.c_attn.weight"), of("attn.c_attn.bias"),
          of("attn.c_proj.weight"), of("attn.c_proj.bias"), of("ln_2.weight"),        of("ln_2.bias"),
          of("mlp.c_fc.weight"),    of("mlp.c_fc.bias"),    of("mlp.c_proj.weight"),  of("mlp.c_proj.bias")};
}

/// Kept from forward to backward.
struct Saved {
  float *mean_1, *inverse_1, *qkv, *log_sums, *attended, *middle, *mean_2, *inverse_2, *hidden;
};

class Block : public Layer {
 public:
  Block(const GptParts& parts, const Unit& unit, std::size_t layer)
      : parts_(parts),
        kernels_(parts.kernels),
        layer_(layer),
        places_(find_tensors(unit, static_cast<std::size_t>(parts.members))) {}

  Sizes sizes(std::size_t examples) const override;
  std::string name() const override { return fmt::format("block {}", layer_); }
  std::vector<std::size_t> units() const override { return {2 + layer_}; }
  void forward(const Pass& pass, std::span<const void* const> parameters, const void* input, void* output,
               void* saved) override;
  void backward(const Pass& pass, std::span<const void* const> parameters, const void* input,
                const void* output, const void* saved, const void* d_output, void* d_input,
                std::span<float* const> gradients) override;

 private:
  struct Scratch {
    float *c_attn, *c_proj, *c_fc, *mlp_proj;            // packed
    float *normal, *gathered, *activated, *sums, *room;  // rows
    float *d_hidden, *d_attended, *d_qkv, *d_stream, *d_sent, *d_gathered;
    float *norm_sums, *bias_sums, *replicated, *factors, *heads;
    std::size_t bytes;
  };
  /// All that a backward pass works on.
  struct Way {
    Tensors<const float*> weights;
    Tensors<float*> slopes;
    Saved saved;
    Scratch scratch;
  };
  Saved saved_in(std::size_t examples, const void* base, std::size_t* bytes = nullptr) const;
  Scratch scratch_in(std::size_t examples, void* base) const;

  /// Heads of a piece, which share its room: those of a sequence if there are sequences enough.
  long heads_together(std::size_t examples) const { return examples >= 8 ? parts_.heads() : 1; }
  AttentionHead head(const Pass& pass, const Saved& saved, long number, float* room) const;
  template <class Each>
  void for_heads(const Pass& pass, const Saved& saved, const Scratch& scratch, const Each& each) const;
  void attend(const Pass& pass, const Saved& saved, const Scratch& scratch) const;
  void attend_backward(const Pass& pass, const Saved& saved, const Scratch& scratch) const;
  void perceptron_backward(const Pass& pass, const Way& way, const float* d_out) const;
  void heads_backward(const Pass& pass, const Way& way, const float* x, float* d_x) const;

  /// y[rows][outputs] = x[rows][inputs] w^T + bias for a block of rows; w packed.
  void dense(const float* x, long inputs, const float* packed, const float* bias, float* y, long outputs,
             long first, long rows) const {
    if (bias != nullptr) {
      for (long row = first; row < first + rows; ++row)
        std::memcpy(y + row * outputs, bias, static_cast<std::size_t>(outputs) * 4);
    }
    kernels_.product({.a = x + first * inputs,
                      .a_row = inputs,
                      .b = packed,
                      .c = y + first * outputs,
                      .c_row = outputs,
                      .rows = rows,
                      .steps = inputs,
                      .columns = outputs,
                      .add = bias != nullptr});
  }
  void normalise(const float* x, const float* weight, const float* bias, float* y, float* mean,
                 float* inverse, long first, long rows) const {
    const long width = parts_.width();
    kernels_.norm({.rows = rows,
                   .width = width,
                   .x = x + first * width,
                   .weight = weight,
                   .bias = bias,
                   .y = y + first * width,
                   .mean = mean + first,
                   .inverse = inverse + first});
  }
  /// into = stream + dropout(added + bias), for a block of the stream's rows.
  void join(const Pass& pass, const Scratch& scratch, std::uint64_t site, const float* stream, float* added,
            const float* bias, float* into, long first, long rows) const {
    const long width = parts_.width();
    for (long row = first; bias != nullptr && row < first + rows; ++row)
      kernels_.add(added + row * width, bias, width);
    parts_.drop(dropout(pass, site), pass.examples, first, rows, added + first * width,
                scratch.factors + first / kRowBlock * width);
    if (into != stream)
      std::memcpy(into + first * width, stream + first * width, static_cast<std::size_t>(rows * width) * 4);
    kernels_.add(into + first * width, added + first * width, rows * width);
  }
  /// What goes back through a join: d itself, or dropped, in d_sent.
  const float* sent_back(const Pass& pass, const Scratch& scratch, std::uint64_t site, const float* d) const {
    const Dropout of = dropout(pass, site);
    if (of.threshold == 0) return d;
    const long width = parts_.width();
    for_row_blocks(*pass.threads, parts_.stream_rows(pass.examples), [&](long first, long rows) {
      std::memcpy(scratch.d_sent + first * width, d + first * width,
                  static_cast<std::size_t>(rows * width) * 4);
      parts_.drop(of, pass.examples, first, rows, scratch.d_sent + first * width,
                  scratch.factors + first / kRowBlock * width);
    });
    return scratch.d_sent;
  }
  Dropout dropout(const Pass& pass, std::uint64_t site) const {
    return parts_.dropout(pass, 3 * layer_ + site);
  }
  /// d_x = d_beside plus the slopes of a norm, for all rows of the stream; partial sums of its tensors, block
  /// by block, then all.
  void norm_backward(const Pass& pass, const Scratch& scratch, const float* x, const float* weight,
                     const float* mean, const float* inverse, const float* d_y, const float* d_beside,
                     float* d_x, float* d_weight, float* d_bias) const;
  /// into += column sums of d [rows][columns], by blocks.
  void bias_backward(const Pass& pass, const Scratch& scratch, const float* d, long rows, long columns,
                     float* into) const;
  long largest_part() const { return std::max(4 * parts_.part(), parts_.width()); }

  GptParts parts_;
  const Kernels& kernels_;
  std::size_t layer_;
  Tensors<long> places_;
};

Saved Block::saved_in(std::size_t examples, const void* base, std::size_t* bytes) const {
  Carving carving;
  const long rows = parts_.rows(examples);
  const long stream = parts_.stream_rows(examples);
  auto* const start = const_cast<float*>(static_cast<const float*>(base));
  const auto take = [&](long count) {
    const std::size_t place = carving.take(count);
    return start == nullptr ? nullptr : start + place;
  };
  Saved saved{};
  saved.mean_1 = take(stream);
  saved.inverse_1 = take(stream);
  saved.qkv = take(rows * 3 * parts_.part());
  saved.log_sums = take(rows * parts_.heads());
  saved.attended = take(rows * parts_.part());
  saved.middle = take(stream * parts_.width());
  saved.mean_2 = take(stream);
  saved.inverse_2 = take(stream);
  saved.hidden = take(rows * 4 * parts_.part());
  if (bytes != nullptr) *bytes = carving.bytes();
  return saved;
}

Block::Scratch Block::scratch_in(std::size_t examples, void* base) const {
  Carving carving;
  const long rows = parts_.rows(examples);
  const long stream = parts_.stream_rows(examples);
  const long width = parts_.width();
  const long part = parts_.part();
  auto* const start = static_cast<float*>(base);
  const auto take = [&](long count) {
    const std::size_t place = carving.take(count);
    return start == nullptr ? nullptr : start + place;
  };
  const auto packed = [&](long a, long b) { return take(std::max(packed_size(a, b), packed_size(b, a))); };
  const bool drops = parts_.config.dropout > 0;
  const bool biased = parts_.config.bias;
  Scratch scratch{};
  scratch.c_attn = packed(width, 3 * part);
  scratch.c_proj = packed(part, width);
  scratch.c_fc = packed(width, 4 * part);
  scratch.mlp_proj = packed(4 * part, width);
  scratch.normal = take(stream * width);
  scratch.gathered = take(parts_.by_rows() ? rows * width : 0);
  scratch.activated = take(rows * 4 * part);
  scratch.sums = take(rows * width);
  scratch.room = take(parts_.by_rows() ? stream * width : 0);
  scratch.d_hidden = take(rows * 4 * part);
  scratch.d_attended = take(rows * part);
  scratch.d_qkv = take(rows * 3 * part);
  scratch.d_stream = take(stream * width);
  scratch.d_sent = take(drops ? stream * width : 0);
  scratch.d_gathered = take(parts_.by_rows() ? rows * width : 0);
  scratch.norm_sums = take(row_blocks(stream) * 2 * width);
  scratch.bias_sums = take(biased ? row_blocks(rows) * largest_part() : 0);
  scratch.replicated = take(parts_.by_rows() ? 6 * width : 0);
  scratch.factors = take(drops ? row_blocks(stream) * width : 0);
  scratch.heads = take(static_cast<long>(examples) * parts_.heads() / heads_together(examples) *
                       static_cast<long>(attention_room(parts_.context(), parts_.head_width(), true)));
  scratch.bytes = carving.bytes();
  return scratch;
}

Layer::Sizes Block::sizes(std::size_t examples) const {
  Sizes sizes;
  const auto rows = static_cast<double>(parts_.rows(examples));
  const auto part = static_cast<double>(parts_.part());
  sizes.input = static_cast<std::size_t>(parts_.stream_rows(examples) * parts_.width()) * 4;
  sizes.output = sizes.input;
  saved_in(examples, nullptr, &sizes.saved);
  sizes.scratch = scratch_in(examples, nullptr).bytes;
  const double weights = 2 * rows * 12 * part * static_cast<double>(parts_.width());
  sizes.flops = weights + 4 * rows * static_cast<double>(parts_.context()) * part;  // all of attention
  return sizes;
}

AttentionHead Block::head(const Pass& pass, const Saved& saved, long number, float* room) const {
  const long example = number / parts_.heads();
  const long head = number % parts_.heads();
  const long all = parts_.heads() * parts_.members;
  const long whole_head = static_cast<long>(parts_.group.member()) * parts_.heads() + head;
  const long first = example * parts_.context();
  const long part = parts_.part();
  const float* const qkv = saved.qkv + first * 3 * part + head * parts_.head_width();
  return {.length = parts_.context(),
          .width = parts_.head_width(),
          .query = qkv,
          .key = qkv + part,
          .value = qkv + 2 * part,
          .row = 3 * part,
          .output = saved.attended + first * part + head * parts_.head_width(),
          .output_row = part,
          .log_sums = saved.log_sums + number * parts_.context(),
          .dropout = dropout(pass, 1),
          .first_row = static_cast<std::uint64_t>((example * all + whole_head) * parts_.context()),
          .room = room};
}

template <class Each>
void Block::for_heads(const Pass& pass, const Saved& saved, const Scratch& scratch, const Each& each) const {
  const long heads = static_cast<long>(pass.examples) * parts_.heads();
  const long together = heads_together(pass.examples);
  const auto room = static_cast<long>(attention_room(parts_.context(), parts_.head_width(), true));
  pass.threads->for_each(static_cast<std::size_t>(heads / together), [&](std::size_t piece) {
    const long first = static_cast<long>(piece) * together;
    for (long k = first; k < first + together; ++k)
      each(head(pass, saved, k, scratch.heads + static_cast<long>(piece) * room));
  });
}

void Block::attend(const Pass& pass, const Saved& saved, const Scratch& scratch) const {
  for_heads(pass, saved, scratch, [&](const AttentionHead& of) { attention_forward(kernels_, of); });
}

void Block::attend_backward(const Pass& pass, const Saved& saved, const Scratch& scratch) const {
  for_heads(pass, saved, scratch, [&](const AttentionHead& of) {
    float* const d_query = scratch.d_qkv + (of.query - saved.qkv);
    attention_backward(kernels_, of,
                       {.output = scratch.d_attended + (of.output - saved.attended),
                        .query = d_query,
                        .key = d_query + parts_.part(),
                        .value = d_query + 2 * parts_.part()});
  });
}

void Block::forward(const Pass& pass, std::span<const void* const> parameters, const void* input,
                    void* output, void* saved_base) {
  const auto weights = at(places_, static_cast<const float*>(parameters[0]));
  const Saved saved = saved_in(pass.examples, saved_base);
  const Scratch scratch = scratch_in(pass.examples, pass.scratch);
  const auto* const x = static_cast<const float*>(input);
  auto* const out = static_cast<float*>(output);
  const long width = parts_.width();
  const long part = parts_.part();
  const long rows = parts_.rows(pass.examples);
  const long stream = parts_.stream_rows(pass.examples);
  Threads& threads = *pass.threads;
  const Packing packings[] = {{weights.c_attn, width, true, width, 3 * part, scratch.c_attn},
                              {weights.c_proj, part, true, part, width, scratch.c_proj},
                              {weights.c_fc, width, true, width, 4 * part, scratch.c_fc},
                              {weights.mlp_proj, 4 * part, true, 4 * part, width, scratch.mlp_proj}};
  pack_all(kernels_, threads, packings);

  for_row_blocks(threads, stream, [&](long first, long count) {
    normalise(x, weights.ln_1, weights.ln_1_bias, scratch.normal, saved.mean_1, saved.inverse_1, first,
              count);
  });
  const float* normal = parts_.gather(pass, scratch.normal, scratch.gathered);
  for_row_blocks(threads, rows, [&](long first, long count) {
    dense(normal, width, scratch.c_attn, weights.c_attn_bias, saved.qkv, 3 * part, first, count);
  });
  attend(pass, saved, scratch);
  for_row_blocks(threads, rows, [&](long first, long count) {
    dense(saved.attended, part, scratch.c_proj, nullptr, scratch.sums, width, first, count);
  });
  float* added = parts_.reduce(pass, scratch.sums, scratch.room);
  for_row_blocks(threads, stream, [&](long first, long count) {
    join(pass, scratch, 2, x, added, weights.c_proj_bias, saved.middle, first, count);
    normalise(saved.middle, weights.ln_2, weights.ln_2_bias, scratch.normal, saved.mean_2, saved.inverse_2,
              first, count);
  });
  normal = parts_.gather(pass, scratch.normal, scratch.gathered);
  for_row_blocks(threads, rows, [&](long first, long count) {
    dense(normal, width, scratch.c_fc, weights.c_fc_bias, saved.hidden, 4 * part, first, count);
    kernels_.gelu(saved.hidden + first * 4 * part, scratch.activated + first * 4 * part, count * 4 * part);
    dense(scratch.activated, 4 * part, scratch.mlp_proj, nullptr, scratch.sums, width, first, count);
  });
  added = parts_.reduce(pass, scratch.sums, scratch.room);
  for_row_blocks(threads, stream, [&](long first, long count) {
    join(pass, scratch, 3, saved.middle, added, weights.mlp_proj_bias, out, first, count);
  });
}

void Block::norm_backward(const Pass& pass, const Scratch& scratch, const float* x, const float* weight,
                          const float* mean, const float* inverse, const float* d_y, const float* d_beside,
                          float* d_x, float* d_weight, float* d_bias) const {
  const long width = parts_.width();
  const long rows = parts_.stream_rows(pass.examples);
  for_row_blocks(*pass.threads, rows, [&](long first, long count) {
    float* const sums = scratch.norm_sums + first / kRowBlock * 2 * width;
    std::memset(sums, 0, static_cast<std::size_t>(2 * width) * 4);
    std::memcpy(d_x + first * width, d_beside + first * width, static_cast<std::size_t>(count * width) * 4);
    kernels_.norm_backward({.rows = count,
                            .width = width,
                            .x = x + first * width,
                            .weight = weight,
                            .mean = mean + first,
                            .inverse = inverse + first,
                            .d_y = d_y + first * width,
                            .d_x = d_x + first * width,
                            .d_weight = sums,
                            .d_bias = d_bias == nullptr ? nullptr : sums + width});
  });
  for (long block = 0; block < row_blocks(rows); ++block) {
    const float* const sums = scratch.norm_sums + block * 2 * width;
    kernels_.add(d_weight, sums, width);
    if (d_bias != nullptr) kernels_.add(d_bias, sums + width, width);
  }
}

void Block::bias_backward(const Pass& pass, const Scratch& scratch, const float* d, long rows, long columns,
                          float* into) const {
  if (into == nullptr) return;
  for_row_blocks(*pass.threads, rows, [&](long first, long count) {
    float* const sums = scratch.bias_sums + first / kRowBlock * columns;
    std::memset(sums, 0, static_cast<std::size_t>(columns) * 4);
    add_rows(kernels_, d + first * columns, count, columns, sums);
  });
  add_rows(kernels_, scratch.bias_sums, row_blocks(rows), columns, into);
}

void Block::perceptron_backward(const Pass& pass, const Way& way, const float* d_out) const {
  const Saved& saved = way.saved;
  const Scratch& scratch = way.scratch;
  const long width = parts_.width();
  const long part = parts_.part();
  const long rows = parts_.rows(pass.examples);
  const long stream = parts_.stream_rows(pass.examples);
  const float* sent = sent_back(pass, scratch, 3, d_out);
  bias_backward(pass, scratch, sent, stream, width, way.slopes.mlp_proj_bias);
  sent = parts_.gather(pass, sent, scratch.d_gathered);
  for_row_blocks(*pass.threads, stream, [&](long first, long count) {
    normalise(saved.middle, way.weights.ln_2, way.weights.ln_2_bias, scratch.normal, saved.mean_2,
              saved.inverse_2, first, count);
  });
  const float* normal = parts_.gather(pass, scratch.normal, scratch.gathered);
  for_row_blocks(*pass.threads, rows, [&](long first, long count) {
    const long place = first * 4 * part;
    dense(sent, width, scratch.mlp_proj, nullptr, scratch.d_hidden, 4 * part, first, count);
    kernels_.gelu_backward(saved.hidden + place, scratch.d_hidden + place, scratch.activated + place,
                           count * 4 * part);
    dense(scratch.d_hidden, 4 * part, scratch.c_fc, nullptr, scratch.sums, width, first, count);
  });
  bias_backward(pass, scratch, scratch.d_hidden, rows, 4 * part, way.slopes.c_fc_bias);
  const WeightGradient sums[] = {{sent, scratch.activated, way.slopes.mlp_proj, rows, width, 4 * part},
                                 {scratch.d_hidden, normal, way.slopes.c_fc, rows, 4 * part, width}};
  add_weight_gradients(kernels_, *pass.threads, sums);
  const float* d_normal = parts_.reduce(pass, scratch.sums, scratch.room);
  norm_backward(pass, scratch, saved.middle, way.weights.ln_2, saved.mean_2, saved.inverse_2, d_normal, d_out,
                scratch.d_stream, way.slopes.ln_2, way.slopes.ln_2_bias);
}

void Block::heads_backward(const Pass& pass, const Way& way, const float* x, float* d_x) const {
  const Saved& saved = way.saved;
  const Scratch& scratch = way.scratch;
  const long width = parts_.width();
  const long part = parts_.part();
  const long rows = parts_.rows(pass.examples);
  const long stream = parts_.stream_rows(pass.examples);
  const float* sent = sent_back(pass, scratch, 2, scratch.d_stream);
  bias_backward(pass, scratch, sent, stream, width, way.slopes.c_proj_bias);
  sent = parts_.gather(pass, sent, scratch.d_gathered);
  for_row_blocks(*pass.threads, rows, [&](long first, long count) {
    dense(sent, width, scratch.c_proj, nullptr, scratch.d_attended, part, first, count);
  });
  attend_backward(pass, saved, scratch);
  for_row_blocks(*pass.threads, stream, [&](long first, long count) {
    normalise(x, way.weights.ln_1, way.weights.ln_1_bias, scratch.normal, saved.mean_1, saved.inverse_1,
              first, count);
  });
  const float* normal = parts_.gather(pass, scratch.normal, scratch.gathered);
  for_row_blocks(*pass.threads, rows, [&](long first, long count) {
    dense(scratch.d_qkv, 3 * part, scratch.c_attn, nullptr, scratch.sums, width, first, count);
  });
  bias_backward(pass, scratch, scratch.d_qkv, rows, 3 * part, way.slopes.c_attn_bias);
  const WeightGradient sums[] = {{sent, saved.attended, way.slopes.c_proj, rows, width, part},
                                 {scratch.d_qkv, normal, way.slopes.c_attn, rows, 3 * part, width}};
  add_weight_gradients(kernels_, *pass.threads, sums);
  const float* d_normal = parts_.reduce(pass, scratch.sums, scratch.room);
  norm_backward(pass, scratch, x, way.weights.ln_1, saved.mean_1, saved.inverse_1, d_normal, scratch.d_stream,
                d_x, way.slopes.ln_1, way.slopes.ln_1_bias);
}

void Block::backward(const Pass& pass, std::span<const void* const> parameters, const void* input,
                     const void*, const void* saved, const void* d_output, void* d_input,
                     std::span<float* const> gradients) {
  const Tensors<float*> own = at(places_, gradients[0]);
  Way way{at(places_, static_cast<const float*>(parameters[0])), own, saved_in(pass.examples, saved),
          scratch_in(pass.examples, pass.scratch)};
  const Scratch& scratch = way.scratch;
  const long width = parts_.width();
  const long part = parts_.part();
  // Tensors that all members have, of which each sees its rows only, are summed over the group at the end.
  if (parts_.by_rows()) {
    float* const sums = scratch.replicated;
    std::memset(sums, 0, static_cast<std::size_t>(6 * width) * 4);
    way.slopes.ln_1 = sums;
    way.slopes.ln_2 = sums + width;
    if (own.ln_1_bias != nullptr) {
      way.slopes.ln_1_bias = sums + 2 * width;
      way.slopes.ln_2_bias = sums + 3 * width;
      way.slopes.c_proj_bias = sums + 4 * width;
      way.slopes.mlp_proj_bias = sums + 5 * width;
    }
  }
  const Packing packings[] = {{way.weights.c_attn, width, false, 3 * part, width, scratch.c_attn},
                              {way.weights.c_proj, part, false, width, part, scratch.c_proj},
                              {way.weights.c_fc, width, false, 4 * part, width, scratch.c_fc},
                              {way.weights.mlp_proj, 4 * part, false, width, 4 * part, scratch.mlp_proj}};
  pack_all(kernels_, *pass.threads, packings);
  perceptron_backward(pass, way, static_cast<const float*>(d_output));
  heads_backward(pass, way, static_cast<const float*>(input), static_cast<float*>(d_input));
  if (!parts_.by_rows()) return;
  parts_.group.all_reduce(scratch.replicated, static_cast<std::size_t>(6 * width), Scalar::f32, pass);
  float* const into[] = {own.ln_1,      own.ln_2,        own.ln_1_bias,
                         own.ln_2_bias, own.c_proj_bias, own.mlp_proj_bias};
  for (long k = 0; k < 6; ++k) {
    if (into[k] != nullptr) kernels_.add(into[k], scratch.replicated + k * width, width);
  }
}

}  // namespace

std::unique_ptr<Layer> make_gpt_block(const GptParts& parts, const std::vector<Unit>& units,
                                      std::size_t layer) {
  return std::make_unique<Block>(parts, units[2 + layer], layer);
}

}  // namespace rankine::nn

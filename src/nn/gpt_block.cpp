// SPDX-License-Identifier: Apache-2.0
// A transformer block: x + attention(norm(x)), then x + perceptron(norm(x)). The members of a tensor-parallel
// group have a part of the heads and of the hidden units each (Shoeybi et al. 2019): what they add to the
// stream is summed over the group. With sequence parallelism the stream itself is split by rows, and the sum
// leaves each its rows (Korthikanti et al. 2022).
#include "nn/gpt_block.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace rankine::nn {

namespace gpt_block {

namespace {

Tensors<long> find_tensors(const Unit& unit, std::size_t members) {
  const auto of = [&](std::string_view name) { return place_in(unit, name, members); };
  return {of("ln_1.weight"),        of("ln_1.bias"),        of("attn.c_attn.weight"), of("attn.c_attn.bias"),
          of("attn.c_proj.weight"), of("attn.c_proj.bias"), of("ln_2.weight"),        of("ln_2.bias"),
          of("mlp.c_fc.weight"),    of("mlp.c_fc.bias"),    of("mlp.c_proj.weight"),  of("mlp.c_proj.bias")};
}

}  // namespace

Block::Block(const GptParts& parts, const Unit& unit, std::size_t layer)
    : parts_(parts),
      kernels_(parts.kernels),
      layer_(layer),
      places_(find_tensors(unit, static_cast<std::size_t>(parts.members))) {}

std::string Block::name() const {
  return fmt::format("block {}", layer_);
}

void Block::run(Threads& threads, std::initializer_list<Stage> stages) const {
  if (parts_.alone()) {
    return for_row_blocks(threads, stages.begin()->rows, [&](long first, long rows) {
      for (const Stage& stage : stages) stage.work(first, rows);
    });
  }
  for (const Stage& stage : stages) {
    if (stage.exchange) stage.exchange();
    for_row_blocks(threads, stage.rows, stage.work);
  }
}

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
  scratch.normal_2 = take(stream * width);
  scratch.gathered_2 = take(parts_.by_rows() ? rows * width : 0);
  scratch.activated = take(rows * 4 * part);
  scratch.sums = take(rows * width);
  scratch.room = take(parts_.by_rows() ? stream * width : 0);
  scratch.d_hidden = take(rows * 4 * part);
  scratch.d_attended = take(rows * part);
  scratch.d_qkv = take(rows * 3 * part);
  scratch.d_stream = take(stream * width);
  scratch.d_sent = take(drops ? stream * width : 0);
  scratch.d_gathered = take(parts_.by_rows() ? rows * width : 0);
  scratch.d_sent_2 = take(drops ? stream * width : 0);
  scratch.d_gathered_2 = take(parts_.by_rows() ? rows * width : 0);
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

  const float* normal = scratch.normal;
  float* added = scratch.sums;
  const auto gather = [&] { normal = parts_.gather(pass, scratch.normal, scratch.gathered); };
  const auto reduce = [&] { added = parts_.reduce(pass, scratch.sums, scratch.room); };

  run(threads, {{stream,
                 {},
                 [&](long first, long count) {
                   normalise(x, weights.ln_1, weights.ln_1_bias, scratch.normal, saved.mean_1,
                             saved.inverse_1, first, count);
                 }},
                {rows, gather, [&](long first, long count) {
                   dense(normal, width, scratch.c_attn, weights.c_attn_bias, saved.qkv, 3 * part, first,
                         count);
                 }}});
  attend(pass, saved, scratch);
  run(threads,
      {{rows,
        {},
        [&](long first, long count) {
          dense(saved.attended, part, scratch.c_proj, nullptr, scratch.sums, width, first, count);
        }},
       {stream, reduce,
        [&](long first, long count) {
          join(pass, scratch, 2, x, added, weights.c_proj_bias, saved.middle, first, count);
          normalise(saved.middle, weights.ln_2, weights.ln_2_bias, scratch.normal, saved.mean_2,
                    saved.inverse_2, first, count);
        }},
       {rows, gather,
        [&](long first, long count) {
          dense(normal, width, scratch.c_fc, weights.c_fc_bias, saved.hidden, 4 * part, first, count);
          kernels_.gelu(saved.hidden + first * 4 * part, scratch.activated + first * 4 * part,
                        count * 4 * part);
          dense(scratch.activated, 4 * part, scratch.mlp_proj, nullptr, scratch.sums, width, first, count);
        }},
       {stream, reduce, [&](long first, long count) {
          join(pass, scratch, 3, saved.middle, added, weights.mlp_proj_bias, out, first, count);
        }}});
}

}  // namespace gpt_block

std::unique_ptr<Layer> make_gpt_block(const GptParts& parts, const std::vector<Unit>& units,
                                      std::size_t layer) {
  return std::make_unique<gpt_block::Block>(parts, units[2 + layer], layer);
}

}  // namespace rankine::nn

// SPDX-License-Identifier: Apache-2.0
// A GPT's gradients against differences, its parts against the whole, and what must not change its bits.
#include <cmath>
#include <optional>

#include <rankine/core/error.hpp>
#include <rankine/nn/gpt.hpp>

#include "catch.hpp"
#include "gpt_batch.hpp"
#include "model_run.hpp"
#include "slopes.hpp"

namespace nn = rankine::nn;
using nn::test::Batch;
using nn::test::Buffers;
using nn::test::lively;
using nn::test::Outcome;
using nn::test::random_tokens;

namespace {

nn::GptConfig small(bool bias = false, double dropout = 0) {
  return {.layers = 2,
          .heads = 4,
          .width = 32,
          .context = 20,
          .vocabulary = 18,
          .bias = bias,
          .dropout = dropout};
}

void check_gpt_slopes(const nn::GptConfig& config) {
  nn::TensorGroup alone;
  nn::Model model = nn::make_gpt(config, alone);
  nn::test::check_slopes(model, random_tokens(config, 3));
}

/// The member's part of a whole unit.
std::vector<float> part_of(const nn::Unit& unit, const std::vector<float>& whole, std::size_t member,
                           std::size_t members) {
  std::vector<float> part;
  std::size_t at = 0;
  for (const nn::Tensor& tensor : unit.tensors) {
    std::size_t before = 1;
    std::size_t behind = 1;
    for (std::size_t k = 0; tensor.split >= 0 && k < tensor.shape.size(); ++k)
      (static_cast<int>(k) < tensor.split ? before : behind) *= tensor.shape[k];
    if (tensor.split < 0) behind = tensor.size();
    const std::size_t run = tensor.split < 0 ? behind : behind / members;
    for (std::size_t k = 0; k < before; ++k) {
      const std::size_t from = at + k * behind + (tensor.split < 0 ? 0 : member * run);
      part.insert(part.end(), whole.begin() + static_cast<long>(from),
                  whole.begin() + static_cast<long>(from + run));
    }
    at += tensor.size();
  }
  return part;
}

std::vector<Outcome> run_as_members(const nn::GptConfig& config, std::size_t members, const Batch& batch,
                                    const Buffers& whole) {
  nn::test::Meeting meeting(members);
  std::vector<Outcome> outcomes(members);
  std::vector<std::thread> threads;
  for (std::size_t member = 0; member < members; ++member) {
    threads.emplace_back([&, member] {
      nn::test::ThreadGroup group(meeting, member);
      nn::Model model = nn::make_gpt(config, group);
      Buffers parameters;
      for (std::size_t u = 0; u < whole.size(); ++u)
        parameters.push_back(part_of(model.units[u], whole[u], member, members));
      nn::Threads one;
      outcomes[member] = nn::test::run(model, parameters, batch, one, 1, 4);
    });
  }
  for (std::thread& thread : threads) thread.join();
  return outcomes;
}

}  // namespace

TEST_CASE("a GPT's gradient is that of differences, tensor by tensor") {
  SECTION("as nanoGPT has it") {
    check_gpt_slopes(small());
  }
  SECTION("with biases") {
    check_gpt_slopes(small(true));
  }
  SECTION("with dropout") {
    check_gpt_slopes(small(true, 0.2));
  }
  SECTION("with sequences and heads longer than a block") {
    check_gpt_slopes({.layers = 1, .heads = 2, .width = 38, .context = 150, .vocabulary = 71});
  }
}

TEST_CASE("the number of threads changes no bits of a GPT") {
  const nn::GptConfig config = small(true, 0.1);
  nn::TensorGroup alone;
  nn::Model model = nn::make_gpt(config, alone);
  const Buffers parameters = lively(model);
  const Batch batch = random_tokens(config, 5);
  nn::Threads one;
  nn::Threads three(3);
  const Outcome a = nn::test::run(model, parameters, batch, one, 1, 2);
  const Outcome b = nn::test::run(model, parameters, batch, three, 1, 2);
  CHECK(a.loss.loss == b.loss.loss);
  CHECK(a.gradients == b.gradients);
  const Outcome other_key = nn::test::run(model, parameters, batch, three, 1, 3);
  CHECK(a.loss.loss != other_key.loss.loss);
}

TEST_CASE("members of a tensor-parallel group compute what one does") {
  for (const bool by_rows : {false, true}) {
    for (const std::size_t vocabulary : {18, 17}) {  // 17: members cannot split it
      for (const std::size_t members : {2, 4}) {
        nn::GptConfig config = small(true, 0.2);
        config.vocabulary = members == 4 && vocabulary == 18 ? 20 : vocabulary;
        nn::TensorGroup group;
        nn::Model model = nn::make_gpt(config, group);
        const Buffers whole = lively(model);
        const Batch batch = random_tokens(config, 3);
        nn::Threads one;
        const Outcome alone = nn::test::run(model, whole, batch, one, 1, 4);
        config.sequence_parallel = by_rows;
        const std::vector<Outcome> all = run_as_members(config, members, batch, whole);
        INFO("members " << members << ", vocabulary " << config.vocabulary << ", by rows " << by_rows);
        const std::vector<nn::Unit> units = nn::gpt_units(config, members);
        for (std::size_t member = 0; member < members; ++member) {
          CHECK(all[member].loss.loss == Approx(alone.loss.loss).epsilon(1e-6));
          CHECK(all[member].loss.loss == all[0].loss.loss);
          CHECK(all[member].loss.right == alone.loss.right);
          for (std::size_t u = 0; u < units.size(); ++u) {
            const std::vector<float> expected = part_of(units[u], alone.gradients[u], member, members);
            double difference = 0;
            double length = 0;
            for (std::size_t k = 0; k < expected.size(); ++k) {
              difference += std::pow(
                  static_cast<double>(all[member].gradients[u][k]) - static_cast<double>(expected[k]), 2);
              length += std::pow(static_cast<double>(expected[k]), 2);
            }
            INFO("unit " << units[u].name << ", member " << member);
            CHECK(std::sqrt(difference / length) < 1e-5);
          }
        }
      }
    }
  }
}

TEST_CASE("members make the first values that one makes") {
  const nn::GptConfig config = small();
  const std::vector<nn::Unit> units = nn::gpt_units(config, 2);
  for (const nn::Unit& unit : units) {
    std::vector<float> whole(unit.size());
    nn::initialise(unit, 7, 0, 1, whole);
    for (std::size_t member = 0; member < 2; ++member) {
      std::vector<float> part(unit.size(2));
      nn::initialise(unit, 7, member, 2, part);
      CHECK(part == part_of(unit, whole, member, 2));
    }
  }
  std::vector<float> wte(nn::gpt_units(nn::gpt_preset("baby-gpt"), 1)[0].size());
  nn::initialise(nn::gpt_units(nn::gpt_preset("baby-gpt"), 1)[0], 1, 0, 1, wte);
  double squares = 0;
  for (const float value : wte) squares += static_cast<double>(value) * static_cast<double>(value);
  CHECK(std::sqrt(squares / static_cast<double>(wte.size())) == Approx(0.02).epsilon(0.02));
}

TEST_CASE("what is read token by token has the loss of the whole sequence") {
  const nn::GptConfig config = small(true);
  nn::TensorGroup alone;
  nn::Model model = nn::make_gpt(config, alone);
  const Buffers parameters = lively(model);
  const Batch batch = random_tokens(config, 1);
  std::vector<const float*> units;
  for (const auto& unit : parameters) units.push_back(unit.data());
  nn::GptReader reader(config, units);
  std::vector<std::int32_t> input(config.context);
  std::memcpy(input.data(), batch.input.data(), batch.input.size());
  double loss = 0;
  std::vector<float> last;
  for (std::size_t k = 0; k < config.context; ++k) {
    const std::span<const float> logits = reader.read(input[k]);
    last.assign(logits.begin(), logits.end());
    if (batch.targets[k] < 0) continue;
    double sum = 0;
    for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
    loss += std::log(sum) - static_cast<double>(logits[static_cast<std::size_t>(batch.targets[k])]);
  }
  nn::Threads threads;
  CHECK(nn::test::run(model, parameters, batch, threads, 1, 0, false).loss.loss ==
        Approx(loss).epsilon(1e-5));
  // Past the context: what a reader says that has read the second half and one token.
  nn::GptReader other(config, units);
  for (std::size_t k = config.context / 2; k < config.context; ++k) other.read(input[k]);
  const std::span<const float> expected = other.read(3);
  const std::span<const float> found = reader.read(3);
  CHECK(std::equal(found.begin(), found.end(), expected.begin()));
  CHECK_THROWS_AS(reader.read(18), rankine::InputError);
}

TEST_CASE("a GPT says what is wrong with its sizes and tokens") {
  CHECK_THROWS_AS(nn::gpt_preset("gpt-5"), rankine::InputError);
  CHECK_THROWS_AS(nn::gpt_units(small(), 3), rankine::InputError);
  nn::GptConfig odd = small();
  odd.heads = 5;
  CHECK_THROWS_AS(nn::check_gpt(odd, 1), rankine::InputError);
  nn::TensorGroup alone;
  nn::Model model = nn::make_gpt(small(), alone);
  Batch batch = random_tokens(small(), 1);
  const std::int32_t wrong = 18;
  std::memcpy(batch.input.data() + 8, &wrong, 4);
  CHECK_THROWS_AS(nn::test::loss_of(model, lively(model), batch, 0), rankine::InputError);
  std::size_t parameters = 0;
  for (const nn::Unit& unit : nn::gpt_units(nn::gpt_preset("baby-gpt"), 1)) parameters += unit.size();
  CHECK(parameters == 10'745'088);
}

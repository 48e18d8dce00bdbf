// SPDX-License-Identifier: Apache-2.0
// Tensor-parallel members of a GPT for GPUs, emulated on the host as threads, against the CPU's members.
#include <rankine/nn/cuda.hpp>

#include "catch.hpp"
#include "cuda_run.hpp"
#include "gpt_batch.hpp"
#include "model_run.hpp"
#include "nn/cuda/device_cuda.hpp"

namespace nn = rankine::nn;
using nn::test::Outcome;

namespace {

/// Of each member: on the CPU, then on the emulated device.
std::vector<Outcome> run_as_members(const nn::GptConfig& config, std::size_t members, bool on_device) {
  nn::test::Meeting meeting(members);
  std::vector<Outcome> outcomes(members);
  std::vector<std::thread> threads;
  const nn::test::Batch batch = nn::test::random_tokens(config, 2);
  for (std::size_t member = 0; member < members; ++member) {
    threads.emplace_back([&, member] {
      nn::test::ThreadGroup group(meeting, member);
      nn::Threads one;
      const auto device = on_device ? nn::make_cuda_device(0) : nn::make_host_device(one);
      nn::Model model = on_device ? nn::make_cuda_gpt(config, nn::Scalar::f32, group, *device)
                                  : nn::make_gpt(config, group);
      const nn::test::Buffers parameters = nn::test::lively(model, member, members);
      outcomes[member] = nn::test::run(model, parameters, batch, one, 1, 4);
    });
  }
  for (std::thread& thread : threads) thread.join();
  return outcomes;
}

}  // namespace

TEST_CASE("tensor-parallel members of a GPT for GPUs compute what the CPU's do") {
  for (const bool by_rows : {false, true}) {
    for (const std::size_t vocabulary : {18, 17}) {  // 17: members cannot split it
      const nn::GptConfig config{.layers = 1,
                                 .heads = 2,
                                 .width = 32,
                                 .context = 10,
                                 .vocabulary = vocabulary,
                                 .bias = true,
                                 .dropout = 0.2,
                                 .sequence_parallel = by_rows};
      const auto expected = run_as_members(config, 2, false);
      const auto outcomes = run_as_members(config, 2, true);
      for (std::size_t member = 0; member < 2; ++member) {
        INFO("vocabulary " << vocabulary << ", by rows " << by_rows << ", member " << member);
        CHECK(outcomes[member].loss.loss == Approx(expected[member].loss.loss).epsilon(1e-6));
        for (std::size_t u = 0; u < expected[member].gradients.size(); ++u) {
          INFO("unit " << u);
          CHECK(nn::test::difference(outcomes[member].gradients[u], expected[member].gradients[u]) < 2e-5);
        }
      }
    }
  }
}

TEST_CASE("attention a few examples at a time gives the bits of all at once") {
  const nn::GptConfig config{
      .layers = 1, .heads = 2, .width = 16, .context = 10, .vocabulary = 9, .dropout = 0.2};
  nn::TensorGroup alone;
  Outcome outcomes[2];
  for (int k = 0; k < 2; ++k) {
    const auto device = nn::make_cuda_device(0);
    if (k == 1) nn::cuda::as_cuda(*device).scores_at_once = 2 * 2 * 10 * 10;  // two examples of five
    nn::Model model = nn::make_cuda_gpt(config, nn::Scalar::f32, alone, *device);
    const nn::test::Buffers parameters = nn::test::lively(model);
    outcomes[k] = nn::test::run_on(*device, model, parameters, nn::test::random_tokens(config, 5), 1, 4);
  }
  CHECK(outcomes[0].loss.loss == outcomes[1].loss.loss);
  CHECK(outcomes[0].gradients == outcomes[1].gradients);
}

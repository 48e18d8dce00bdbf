// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/nn/device.hpp>

#include "nn/arrays.hpp"
#include "nn/bf16.hpp"
#include "nn/host_memory.hpp"

namespace rankine::nn {

namespace {

constexpr std::size_t kPiece = 1U << 15;  // numbers

class HostDevice : public Device {
 public:
  explicit HostDevice(Threads& threads) : threads_(threads), kernels_(kernels()) {}

  std::shared_ptr<void> allocate(std::size_t bytes) override { return host_memory(bytes); }
  void upload(void* to, const void* from, std::size_t bytes) override { std::memcpy(to, from, bytes); }
  void download(void* to, const void* from, std::size_t bytes) override { std::memcpy(to, from, bytes); }
  void zero(void* values, std::size_t bytes) override { std::memset(values, 0, bytes); }
  void copy(void* to, const void* from, std::size_t bytes) override { std::memcpy(to, from, bytes); }

  void add(float* into, const float* from, std::size_t count) override {
    pieces(count, [&](std::size_t at, long size) { kernels_.add(into + at, from + at, size); });
  }
  void multiply(float* values, double factor, std::size_t count) override {
    pieces(count,
           [&](std::size_t at, long size) { kernels_.scale(values + at, static_cast<float>(factor), size); });
  }
  void sums_of_squares(const float* values, std::size_t count, std::size_t block, double* sums) override {
    threads_.for_each((count + block - 1) / block, [&](std::size_t k) {
      sums[k] = kernels_.squares(values + k * block, static_cast<long>(std::min(block, count - k * block)));
    });
  }
  void adamw(const AdamW& how, double rate, std::size_t step, double clip, float* master, float* first,
             float* second, const float* gradient, const unsigned char* decayed, std::size_t count,
             Scalar scalar, void* working) override {
    const auto power = static_cast<double>(step);
    pieces(count, [&](std::size_t at, long size) {
      kernels_.adam({.parameter = master + at,
                     .first = first + at,
                     .second = second + at,
                     .gradient = gradient + at,
                     .decayed = decayed + at,
                     .count = size,
                     .clip = static_cast<float>(clip),
                     .beta1 = static_cast<float>(how.beta1),
                     .beta2 = static_cast<float>(how.beta2),
                     .epsilon = static_cast<float>(how.epsilon),
                     .decay = static_cast<float>(rate * how.weight_decay),
                     .step_size = static_cast<float>(rate / (1 - std::pow(how.beta1, power))),
                     .second_scale = static_cast<float>(1 / std::sqrt(1 - std::pow(how.beta2, power)))});
    });
    if (working != master) convert(working, scalar, master, count);
  }
  void convert(void* working, Scalar scalar, const float* master, std::size_t count) override {
    if (scalar == Scalar::f32) {
      if (working != master) std::memcpy(working, master, 4 * count);
      return;
    }
    auto* const into = static_cast<Bf16*>(working);
    for (std::size_t k = 0; k < count; ++k) into[k] = narrow<Bf16>(master[k]);
  }
  void synchronise() override {}
  bool host() const override { return true; }

 private:
  template <class Piece>
  void pieces(std::size_t count, const Piece& piece) {
    threads_.for_each((count + kPiece - 1) / kPiece, [&](std::size_t k) {
      piece(k * kPiece, static_cast<long>(std::min(kPiece, count - k * kPiece)));
    });
  }

  Threads& threads_;
  const Kernels& kernels_;
};

}  // namespace

std::string host_level() {
  return kernels().name;
}

void check_levels(std::span<const std::string> levels) {
  for (std::size_t rank = 1; rank < levels.size(); ++rank) {
    if (levels[rank] == levels[0]) continue;
    throw InputError(
        fmt::format("ranks 0 and {} run loops for processors of level {} and {}, whose results "
                    "differ in the last bits: set RANKINE_NN_LEVEL to the lower one on all ranks",
                    rank, levels[0], levels[rank]));
  }
}

std::unique_ptr<Device> make_host_device(Threads& threads) {
  return std::make_unique<HostDevice>(threads);
}

}  // namespace rankine::nn

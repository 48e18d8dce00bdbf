// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include <rankine/core/error.hpp>
#include <rankine/train/collectives.hpp>

#include "nn/host_memory.hpp"

namespace rankine::train {

namespace {

/// A group of one: sums are what is there, and nobody is told anything.
class Single : public Collectives {
 public:
  std::size_t member() const override { return 0; }
  std::size_t size() const override { return 1; }
  std::shared_ptr<void> allocate(std::size_t bytes) override { return nn::host_memory(bytes); }
  Ticket all_reduce(std::vector<Transfer>, nn::Scalar, Reduction, std::string) override { return 0; }
  Ticket reduce_scatter(std::vector<Transfer> arrays, nn::Scalar scalar, std::string) override {
    return copy(arrays, scalar);
  }
  Ticket all_gather(std::vector<Transfer> arrays, nn::Scalar scalar, std::string) override {
    return copy(arrays, scalar);
  }
  Ticket broadcast(void*, std::size_t, std::size_t) override { return 0; }
  Ticket send(const void*, std::size_t, std::size_t, Channel) override { nobody(); }
  Ticket receive(void*, std::size_t, std::size_t, Channel) override { nobody(); }
  void wait_message(Ticket) override {}
  void wait(Ticket) override {}

 private:
  static Ticket copy(const std::vector<Transfer>& arrays, nn::Scalar scalar) {
    for (const Transfer& array : arrays)
      if (array.to != array.from) std::memcpy(array.to, array.from, array.count * nn::bytes_of(scalar));
    return 0;
  }
  [[noreturn]] static void nobody() { throw Error("train: a group of one has nobody to send to"); }
};

}  // namespace

std::unique_ptr<Collectives> make_single_collectives() {
  return std::make_unique<Single>();
}

}  // namespace rankine::train

// SPDX-License-Identifier: Apache-2.0
// A device that waits for other processes is not left waiting when they are gone; emulated.
#include <rankine/core/error.hpp>

#include "catch.hpp"
#include "nn/cuda/device_cuda.hpp"

namespace nn = rankine::nn;

namespace {

/// Hears of a death when asked for the `deaf_for`th time, 0: never.
class Neighbour : public nn::cuda::Watch {
 public:
  explicit Neighbour(int deaf_for) : deaf_for_(deaf_for) {}
  bool broken() override { return ++asked == deaf_for_; }
  void abort() noexcept override { ++aborted; }
  [[noreturn]] void tell() override { throw rankine::GangBroken("a neighbour was lost"); }

  int asked = 0, aborted = 0;

 private:
  int deaf_for_;
};

}  // namespace

TEST_CASE("a wait for the device ends when a neighbour is lost, and all that was queued is ended") {
  nn::cuda::CudaDevice device(0);
  Neighbour well(0), lost(3), dropped(0);
  for (Neighbour* one : {&well, &lost, &dropped}) device.watch(*one);
  device.drop(dropped);
  emulated::stuck = true;
  CHECK_THROWS_AS(device.synchronise(), rankine::GangBroken);
  emulated::stuck = false;
  CHECK(lost.asked == 3);
  CHECK(well.aborted == 1);
  CHECK(lost.aborted == 1);
  CHECK(dropped.asked + dropped.aborted == 0);
  device.synchronise();
}

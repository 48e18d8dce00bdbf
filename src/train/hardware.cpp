// SPDX-License-Identifier: Apache-2.0
#include <rankine/train/hardware.hpp>

#include "train/product_rate.hpp"

namespace rankine::train {

Hardware host_hardware(nn::Threads& threads) {
  return {nn::make_host_device(threads), make_mpi_collectives,
          [&threads] { return measured_product_rate(threads); }};
}

}  // namespace rankine::train

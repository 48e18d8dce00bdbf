// SPDX-License-Identifier: Apache-2.0
// The rate of Eigen's matrix product on float32, compiled for the processor that the bench is built on.
#pragma once

/// GFLOP/s of [m][k] times [k][n] by `threads` threads, each with its own matrices: the best of five tries.
double eigen_rate(int m, int k, int n, int threads);

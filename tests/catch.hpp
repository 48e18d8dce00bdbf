// SPDX-License-Identifier: Apache-2.0
// Catch2 of version 2 or 3 under one name.
#pragma once
#ifdef RANKINE_CATCH2_V3
#include <catch2/catch_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif

// SPDX-License-Identifier: Apache-2.0
// pack, unpack and packed_bytes for trivially copyable values, the standard library's values and Array. Eigen
// matrices come with <rankine/serialize/eigen.hpp>, types with a Boost `serialize` member with
// <rankine/serialize/boost.hpp>: apart, because each costs about a second of compile time in every file that
// includes it.
#pragma once

#include <rankine/serialize/array.hpp>
#include <rankine/serialize/codec.hpp>
#include <rankine/serialize/reader.hpp>
#include <rankine/serialize/standard.hpp>
#include <rankine/serialize/writer.hpp>

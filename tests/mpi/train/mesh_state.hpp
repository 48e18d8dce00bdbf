// SPDX-License-Identifier: Apache-2.0
// Parameters and moments of a model, whole, wherever the ranks of a mesh have their pieces.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstring>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include <boost/mpi/collectives.hpp>
#include <boost/mpi/communicator.hpp>
#include <boost/serialization/vector.hpp>

#include <rankine/train/checkpoint.hpp>
#include <rankine/train/engine.hpp>

namespace mpi = boost::mpi;
namespace nn = rankine::nn;
namespace train = rankine::train;

/// Units by (unit, member): parameters, first moments, second moments.
using State = std::map<std::pair<std::size_t, std::size_t>, std::vector<float>>;

/// Put together from the pieces of all ranks, on each of them.
inline State collect(train::Engine& engine, const mpi::communicator& world, std::size_t members) {
  std::vector<std::vector<std::size_t>> places;
  std::vector<std::vector<float>> values;
  engine.save([&](const train::Piece& piece, std::span<const float> parameters, std::span<const float> first,
                  std::span<const float> second) {
    places.push_back({piece.unit, piece.member, piece.first, piece.count});
    values.emplace_back(parameters.begin(), parameters.end());
    values.back().insert(values.back().end(), first.begin(), first.end());
    values.back().insert(values.back().end(), second.begin(), second.end());
  });
  std::vector<std::size_t> flat_places;
  std::vector<float> flat;
  for (const auto& place : places) flat_places.insert(flat_places.end(), place.begin(), place.end());
  for (const auto& one : values) flat.insert(flat.end(), one.begin(), one.end());
  std::vector<std::vector<std::size_t>> all_places;
  std::vector<std::vector<float>> all;
  mpi::all_gather(world, flat_places, all_places);
  mpi::all_gather(world, flat, all);
  State state;
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    std::size_t at = 0;
    for (std::size_t k = 0; k < all_places[rank].size(); k += 4) {
      const std::size_t* const place = &all_places[rank][k];
      const std::size_t size = engine.model().units[place[0]].size(members);
      std::vector<float>& whole = state[{place[0], place[1]}];
      whole.resize(3 * size, std::nanf(""));
      for (std::size_t part = 0; part < 3; ++part) {
        std::memcpy(&whole[part * size + place[2]], &all[rank][at], place[3] * sizeof(float));
        at += place[3];
      }
    }
  }
  return state;
}

/// Tensors that members split put together again: parameters, moments.
inline State joined(const State& parts, const std::vector<nn::Unit>& units, std::size_t members) {
  State whole;
  for (std::size_t unit = 0; unit < units.size(); ++unit) {
    const std::size_t size = units[unit].size();
    const std::size_t member_size = units[unit].size(members);
    std::vector<float>& into = whole[{unit, 0}];
    into.resize(3 * size);
    for (std::size_t member = 0; member < members; ++member) {
      const std::span<const float> from = parts.at({unit, member});
      for (std::size_t part = 0; part < 3; ++part)
        train::place_part(units[unit], from.subspan(part * member_size, member_size), member, members,
                          std::span(into).subspan(part * size, size));
    }
  }
  return whole;
}

/// What joined() puts together, in the parts of its members again.
inline State split(const State& whole, const std::vector<nn::Unit>& units, std::size_t members) {
  State parts;
  for (const auto& [key, values] : whole) {
    const std::size_t size = values.size() / 3;
    for (std::size_t member = 0; member < members; ++member) {
      std::vector<float>& into = parts[{key.first, member}];
      for (std::size_t part = 0; part < 3; ++part) {
        const std::span<const float> from = std::span(values).subspan(part * size, size);
        const std::vector<float> own = train::part_of(units[key.first], from, member, members);
        into.insert(into.end(), own.begin(), own.end());
      }
    }
  }
  return parts;
}

/// To the bit.
inline bool same_state(const State& a, const State& b) {
  for (const auto& [key, values] : a) {
    const auto other = b.find(key);
    if (other == b.end() || other->second.size() != values.size()) return false;
    if (std::memcmp(values.data(), other->second.data(), values.size() * sizeof(float)) != 0) return false;
  }
  return a.size() == b.size();
}

/// Of the parameters, relative to their norm.
inline double difference(const State& a, const State& b) {
  double squares = 0;
  double norm = 0;
  for (const auto& [key, values] : a) {
    const std::vector<float>& other = b.at(key);
    for (std::size_t i = 0; i < values.size() / 3; ++i) {
      squares += std::pow(double(values[i]) - double(other[i]), 2);
      norm += std::pow(double(values[i]), 2);
    }
  }
  return std::sqrt(squares / norm);
}

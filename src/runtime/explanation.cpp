// SPDX-License-Identifier: Apache-2.0
#include "runtime/explanation.hpp"

#include <algorithm>
#include <string>
#include <tuple>

#include <rankine/serialize/serialize.hpp>

namespace rankine::runtime {

namespace {

constexpr std::size_t kMissingMax = 256;

using Packed = std::tuple<std::uint8_t, std::int32_t, std::vector<std::uint64_t>, std::string>;

template <class A, class B>
constexpr bool same(A a, B b) {
  return static_cast<int>(a) == static_cast<int>(b);
}
using Scheduled = scheduler::Explanation::State;
using State = Explanation::State;
static_assert(same(Scheduled::unknown, State::unknown) && same(Scheduled::waiting, State::waiting) &&
              same(Scheduled::ready, State::ready) && same(Scheduled::assigned, State::assigned) &&
              same(Scheduled::running, State::running) && same(Scheduled::ended, State::ended));

}  // namespace

std::vector<std::byte> pack_explanation(const scheduler::Explanation& e) {
  Packed packed(static_cast<std::uint8_t>(e.state), index(e.worker), {}, e.sentence.substr(0, 2000));
  for (std::size_t i = 0; i < std::min(e.missing.size(), kMissingMax); ++i)
    std::get<2>(packed).push_back(number(e.missing[i]));
  std::vector<std::byte> bytes(packed_bytes(packed));
  Writer writer(bytes);
  pack(writer, packed);
  return bytes;
}

Explanation unpack_explanation(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  const auto [state, rank, missing, sentence] = unpack<Packed>(reader);
  Explanation e;
  e.state = static_cast<State>(state);
  e.rank = rank;
  for (const std::uint64_t id : missing) e.missing.push_back(ObjectId{id});
  e.sentence = sentence;
  return e;
}

}  // namespace rankine::runtime

// SPDX-License-Identifier: Apache-2.0
// Packed values of the standard library and arrays: absurd lengths, invalid alternatives, cut ends. What is
// understood packs into bytes that are understood again.
#include <array>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

#include <rankine/serialize/eigen.hpp>
#include <rankine/serialize/serialize.hpp>

#include "fuzz_input.hpp"

namespace {

enum class Colour : std::uint8_t { red, green };

template <class T>
void unpack_and_pack(const std::vector<std::byte>& bytes) {
  rankine_fuzz::may_be_refused([&] {
    rankine::Reader reader(bytes);
    const T value = rankine::unpack<T>(reader);
    std::vector<std::byte> again(rankine::packed_bytes(value));
    rankine::Writer writer(again);
    rankine::pack(writer, value);
    rankine::Reader second(again);
    rankine::unpack<T>(second);
  });
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  rankine_fuzz::Input input(data, size);
  const auto kind = input.number<std::uint8_t>() % 8;
  const std::vector<std::byte> bytes = input.bytes();
  switch (kind) {
    case 0:
      unpack_and_pack<std::tuple<int, std::string, std::vector<double>, bool, Colour>>(bytes);
      break;
    case 1:
      unpack_and_pack<std::map<std::string, std::list<int>>>(bytes);
      break;
    case 2:
      unpack_and_pack<std::vector<std::optional<std::variant<int, std::string, bool>>>>(bytes);
      break;
    case 3:
      unpack_and_pack<std::vector<std::vector<std::vector<std::string>>>>(bytes);
      break;
    case 4:
      unpack_and_pack<std::pair<std::vector<bool>, std::set<std::uint16_t>>>(bytes);
      break;
    case 5:
      unpack_and_pack<rankine::Array<float>>(bytes);
      break;
    case 6:
      unpack_and_pack<Eigen::MatrixXd>(bytes);
      break;
    default:
      unpack_and_pack<std::array<std::deque<std::unordered_map<int, std::u16string>>, 2>>(bytes);
  }
  return 0;
}

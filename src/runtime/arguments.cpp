// SPDX-License-Identifier: Apache-2.0
#include "runtime/arguments.hpp"

#include <cstring>
#include <utility>

#include <rankine/core/hash.hpp>

#include "runtime/messages.hpp"

namespace rankine::runtime {

using detail::ArgumentsHeader;
using detail::ArgumentsLayout;

namespace {

/// Of a single task the common section is all that is left.
std::uint64_t rest_behind(std::size_t front, std::size_t total) {
  const std::size_t rest = total - front;
  if (rest <= detail::kPackedMost) return rest;
  const std::size_t common = detail::align_up(front, 64);
  if (total < common + detail::kPackedMost + 1) throw_damaged("packed arguments that are cut short");
  return total - common;
}

/// The header, if all that it promises is there.
ArgumentsHeader read_header(std::span<const std::byte> bytes) {
  ArgumentsHeader header;
  std::size_t at = 0;
  const auto get = [&](auto&... values) {
    if (bytes.size() - at < (sizeof values + ...))
      throw_damaged("packed arguments shorter than their header");
    ((std::memcpy(&values, bytes.data() + at, sizeof values), at += sizeof values), ...);
  };
  get(header.dependencies, header.count);
  if (header.dependencies > 0) get(header.future_mask);
  const std::size_t most = bytes.size();
  if (header.dependencies > (most - at) / 8) throw_damaged("packed arguments that are cut short");
  if (header.count == 0) {
    header.common_bytes = rest_behind(at + std::size_t{8} * header.dependencies, most);
    return header;
  }
  get(header.stride, header.common_bytes, header.elements_bytes);
  const bool each = header.common_bytes <= most && header.elements_bytes <= most &&
                    (header.stride != 0 || header.count <= most / 8);
  if (!each || ArgumentsLayout(header).total > most) throw_damaged("packed arguments that are cut short");
  return header;
}

std::uint64_t read_offset(std::span<const std::byte> offsets, std::size_t i) {
  std::uint64_t value;
  std::memcpy(&value, offsets.data() + 8 * i, 8);
  return value;
}

/// Where elements [element, element + count) lie, relative to the section of elements.
struct Slice {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};
Slice slice_of(const ArgumentsHeader& header, std::span<const std::byte> offsets, std::uint32_t element,
               std::uint32_t count) {
  const std::uint64_t last = element + std::uint64_t{count};
  if (last > header.count) throw_damaged("elements beyond the end of a map");
  if (header.stride != 0) {
    if (last > header.elements_bytes / header.stride) throw_damaged("elements larger than their section");
    return {element * header.stride, last * header.stride};
  }
  const Slice slice{read_offset(offsets, element), read_offset(offsets, last)};
  if (slice.begin > slice.end || slice.end > header.elements_bytes) throw_damaged("elements out of order");
  return slice;
}

struct Cut {
  ArgumentsHeader from;
  ArgumentsHeader to;
  Slice slice;
};
Cut plan_cut(std::span<const std::byte> arguments, std::uint32_t element, std::uint32_t count) {
  Cut plan;
  if (count == 0) throw_damaged("a piece of a map without elements");
  plan.from = read_header(arguments);
  plan.slice = slice_of(plan.from, arguments.subspan(ArgumentsLayout(plan.from).offsets), element, count);
  plan.to = plan.from;
  plan.to.count = count;
  plan.to.elements_bytes = plan.slice.end - plan.slice.begin;
  return plan;
}

}  // namespace

std::span<const ObjectId> dependencies_of(const Blob& arguments) {
  if (arguments.located) return arguments.located_ids();
  const ArgumentsHeader header = read_header(arguments.inline_bytes());
  return {reinterpret_cast<const ObjectId*>(arguments.body() + header.bytes()), header.dependencies};
}

std::size_t cut_bytes(std::span<const std::byte> arguments, std::uint32_t element, std::uint32_t count) {
  return ArgumentsLayout(plan_cut(arguments, element, count).to).total;
}

void cut(std::span<const std::byte> arguments, std::uint32_t element, std::uint32_t count, std::byte* into) {
  const Cut plan = plan_cut(arguments, element, count);
  const ArgumentsLayout from(plan.from);
  const ArgumentsLayout to(plan.to);
  detail::write_header(plan.to, into);
  std::memcpy(into + to.ids, arguments.data() + from.ids, from.offsets - from.ids);
  if (plan.to.stride == 0) {
    for (std::size_t i = 0; i <= count; ++i) {
      const std::uint64_t offset =
          read_offset(arguments.subspan(from.offsets), element + i) - plan.slice.begin;
      std::memcpy(into + to.offsets + 8 * i, &offset, 8);
    }
  }
  std::memcpy(into + to.common, arguments.data() + from.common, plan.from.common_bytes);
  std::memcpy(into + to.elements, arguments.data() + from.elements + plan.slice.begin,
              plan.to.elements_bytes);
}

std::vector<std::uint64_t> hash_arguments(std::span<const std::byte> arguments, bool each) {
  const ArgumentsHeader header = read_header(arguments);
  const ArgumentsLayout layout(header);
  const std::uint64_t common = hash_blocks(arguments.subspan(layout.common, header.common_bytes),
                                           hash_mix(header.future_mask, header.dependencies));
  if (header.count == 0) return {common};
  const std::span<const std::byte> elements = arguments.subspan(layout.elements, header.elements_bytes);
  if (!each) return {hash_blocks(elements, hash_mix(common, header.count))};
  std::vector<std::uint64_t> hashes;
  hashes.reserve(header.count);
  for (std::uint32_t i = 0; i < header.count; ++i) {
    const Slice slice = slice_of(header, arguments.subspan(layout.offsets), i, 1);
    hashes.push_back(hash_blocks(elements.subspan(slice.begin, slice.end - slice.begin), common));
  }
  return hashes;
}

void ArgumentsView::open(detail::ValueBytes arguments, bool range, std::uint32_t element,
                         std::uint32_t count) {
  const std::span<const std::byte> bytes = arguments.bytes;
  owner_ = std::move(arguments.owner);
  header_ = read_header(bytes);
  const ArgumentsLayout layout(header_);
  common_ = bytes.subspan(layout.common, header_.common_bytes);
  if (!range) return;
  slice_of(header_, bytes.subspan(layout.offsets), element, count);  // throws here, if at all
  elements_ = bytes.subspan(layout.elements, header_.elements_bytes);
  first_ = element;
  if (header_.stride == 0)
    offsets_ = bytes.subspan(layout.offsets + 8 * std::size_t{element}, 8 * (count + std::size_t{1}));
}

void ArgumentsView::close() {
  owner_.reset();
  common_ = elements_ = offsets_ = {};
}

std::span<const std::byte> ArgumentsView::element(std::uint32_t i) const {
  if (header_.stride != 0)
    return elements_.subspan((first_ + std::size_t{i}) * header_.stride, header_.stride);
  const std::uint64_t begin = read_offset(offsets_, i);
  const std::uint64_t end = read_offset(offsets_, i + std::size_t{1});
  if (begin > end || end > elements_.size()) throw_damaged("elements out of order");
  return elements_.subspan(begin, end - begin);
}

}  // namespace rankine::runtime

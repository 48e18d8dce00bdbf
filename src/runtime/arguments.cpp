// SPDX-License-Identifier: Apache-2.0
#include "runtime/arguments.hpp"

#include <cstring>
#include <utility>

#include <rankine/core/check.hpp>

namespace rankine::runtime {

using detail::ArgumentsHeader;
using detail::ArgumentsLayout;

namespace {

ArgumentsHeader read_header(std::span<const std::byte> bytes) {
  ArgumentsHeader header;
  check(bytes.size() >= sizeof header, "packed arguments shorter than their header");
  std::memcpy(&header, bytes.data(), sizeof header);
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
  if (header.stride != 0) return {element * header.stride, (element + std::uint64_t{count}) * header.stride};
  return {read_offset(offsets, element), read_offset(offsets, element + std::size_t{count})};
}

struct Cut {
  ArgumentsHeader from;
  ArgumentsHeader to;
  Slice slice;
};
Cut plan_cut(std::span<const std::byte> arguments, std::uint32_t element, std::uint32_t count) {
  Cut plan;
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
  ArgumentsHeader header;
  std::memcpy(&header, arguments.body(), sizeof header);
  return {reinterpret_cast<const ObjectId*>(arguments.body() + sizeof header), header.dependencies};
}

std::size_t cut_bytes(std::span<const std::byte> arguments, std::uint32_t element, std::uint32_t count) {
  return ArgumentsLayout(plan_cut(arguments, element, count).to).total;
}

void cut(std::span<const std::byte> arguments, std::uint32_t element, std::uint32_t count, std::byte* into) {
  const Cut plan = plan_cut(arguments, element, count);
  const ArgumentsLayout from(plan.from);
  const ArgumentsLayout to(plan.to);
  std::memcpy(into, &plan.to, sizeof plan.to);
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

void ArgumentsView::open(detail::ValueBytes arguments, bool range, std::uint32_t element,
                         std::uint32_t count) {
  const std::span<const std::byte> bytes = arguments.bytes;
  owner_ = std::move(arguments.owner);
  header_ = read_header(bytes);
  const ArgumentsLayout layout(header_);
  common_ = bytes.subspan(layout.common, header_.common_bytes);
  if (!range) return;
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
  return elements_.subspan(begin, end - begin);
}

}  // namespace rankine::runtime

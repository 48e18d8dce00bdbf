// SPDX-License-Identifier: Apache-2.0
#include "runtime/arguments.hpp"

#include <cstring>

#include <rankine/core/check.hpp>

#include "runtime/aligned.hpp"

namespace rankine::runtime {

using detail::ArgumentsHeader;
using detail::ArgumentsLayout;

namespace {

/// Arguments up to this size are fetched from another node as a whole, once for all pieces.
constexpr std::size_t kFetchWholeMax = std::size_t{64} << 20;

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

std::shared_ptr<const std::byte[]> ArgumentsCache::fetch(const Location& place, TaskKey key, Store& store) {
  if (bytes_ == nullptr || key_ != key || !(place_ == place)) {
    bytes_.reset();
    const std::shared_ptr<std::byte[]> bytes = aligned_bytes(place.bytes);
    store.fetch(place, {bytes.get(), place.bytes});
    place_ = place;
    key_ = key;
    bytes_ = bytes;
  }
  return bytes_;
}

void ArgumentsView::open(const Blob& blob, Store& store, ArgumentsCache& cache, TaskKey key, bool range,
                         std::uint32_t element, std::uint32_t count) {
  std::span<const std::byte> bytes;
  in_place_ = blob.located;
  if (!blob.located) {
    bytes = blob.inline_bytes();
  } else if (store.is_here(blob.location())) {
    bytes = store.view(blob.location());
  } else if (blob.bytes <= kFetchWholeMax) {
    whole_ = cache.fetch(blob.location(), key, store);
    bytes = {whole_.get(), blob.bytes};
  } else {
    return fetch(blob.location(), store, range, element, count);
  }
  header_ = read_header(bytes);
  const ArgumentsLayout layout(header_);
  common_ = bytes.subspan(layout.common, header_.common_bytes);
  if (!range) return;
  elements_ = bytes.subspan(layout.elements, header_.elements_bytes);
  elements_origin_ = 0;
  first_ = element;
  if (header_.stride == 0)
    offsets_ = bytes.subspan(layout.offsets + 8 * std::size_t{element}, 8 * (count + std::size_t{1}));
}

void ArgumentsView::fetch(const Location& place, Store& store, bool range, std::uint32_t element,
                          std::uint32_t count) {
  const auto get = [&](std::size_t from, std::span<std::byte> into) {
    store.fetch({place.node, place.slot, place.offset + from, into.size()}, into);
  };
  std::byte front[sizeof(ArgumentsHeader)];
  get(0, front);
  header_ = read_header(front);
  in_place_ = false;
  const ArgumentsLayout layout(header_);
  if (!range) {
    fetched_.resize(header_.common_bytes);
    get(layout.common, fetched_);
    common_ = fetched_;
    return;
  }
  const std::size_t listed = header_.stride == 0 ? 8 * (count + std::size_t{1}) : 0;
  std::vector<std::byte> offsets(listed);
  if (listed > 0) get(layout.offsets + 8 * std::size_t{element}, offsets);
  const Slice slice = listed > 0 ? Slice{read_offset(offsets, 0), read_offset(offsets, count)}
                                 : slice_of(header_, {}, element, count);
  fetched_.resize(listed + header_.common_bytes + (slice.end - slice.begin));
  const std::span<std::byte> all(fetched_);
  std::memcpy(all.data(), offsets.data(), listed);
  get(layout.common, all.subspan(listed, header_.common_bytes));
  get(layout.elements + slice.begin, all.subspan(listed + header_.common_bytes));
  offsets_ = all.subspan(0, listed);
  common_ = all.subspan(listed, header_.common_bytes);
  elements_ = all.subspan(listed + header_.common_bytes);
  elements_origin_ = slice.begin;
  first_ = 0;
}

void ArgumentsView::close() {
  whole_.reset();
  fetched_.clear();
  common_ = elements_ = offsets_ = {};
}

std::span<const std::byte> ArgumentsView::element(std::uint32_t i) const {
  if (header_.stride != 0)
    return elements_.subspan((first_ + std::size_t{i}) * header_.stride, header_.stride);
  const std::uint64_t begin = read_offset(offsets_, i) - elements_origin_;
  const std::uint64_t end = read_offset(offsets_, i + std::size_t{1}) - elements_origin_;
  return elements_.subspan(begin, end - begin);
}

}  // namespace rankine::runtime

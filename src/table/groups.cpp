// SPDX-License-Identifier: Apache-2.0
#include <rankine/table/groups.hpp>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "table/group_store.hpp"

namespace rankine {

std::size_t Groups::size() const {
  return store_->keys().size();
}
std::uint64_t Groups::rows() const {
  return store_->rows_total();
}
const TableSchema& Groups::schema() const {
  return store_->schema();
}
const std::vector<std::string>& Groups::key(std::size_t group) const {
  return store_->keys().at(group);
}
std::uint64_t Groups::rows_of(std::size_t group) const {
  return store_->rows().at(group);
}
bool Groups::on_disk() const {
  return store_->on_disk();
}

Groups::Cursor::Cursor(const Groups& groups, std::uint64_t rows_max, std::uint64_t groups_max)
    : store_(groups.store_),
      rows_max_(std::max<std::uint64_t>(rows_max, 1)),
      groups_max_(std::max<std::uint64_t>(groups_max, 1)) {}
Groups::Cursor::Cursor(Cursor&&) noexcept = default;
Groups::Cursor::~Cursor() = default;

std::optional<GroupChunk> Groups::Cursor::next() {
  if (at_ == store_->keys().size()) return std::nullopt;
  const std::size_t batch = store_->batch_of(at_);
  if (!rows_ || batch != batch_) {
    rows_.reset();  // before the next one is loaded
    rows_ = store_->load(batch);
    batch_ = batch;
  }
  const std::size_t last = std::min<std::size_t>(store_->batch_end(batch), at_ + groups_max_);
  std::size_t end = at_;
  for (std::uint64_t rows = 0; end < last && rows < rows_max_; ++end) rows += store_->rows()[end];
  GroupChunk chunk = rows_->chunk(at_, std::span(store_->keys()).subspan(at_, end - at_));
  at_ = end;
  return chunk;
}

Groups read_groups(const std::filesystem::path& path, const GroupOptions& options) {
  const std::unique_ptr<table::RowSource> source = table::open_table(path, options);
  try {
    table::KeyTable keys(options.by.size());
    table::TableScan scan = table::scan_table(*source, options, keys);
    if (scan.rows_total == 0) throw InputError("there are no rows");
    return Groups(std::make_shared<table::GroupStore>(*source, options, std::move(scan), keys));
  } catch (const InputError& error) {
    const std::string words = error.what();
    if (words.starts_with(path.string())) throw;
    throw InputError(fmt::format("{}: {}", path.string(), words));
  }
}

}  // namespace rankine

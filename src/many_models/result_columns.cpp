// SPDX-License-Identifier: Apache-2.0
#include <rankine/many_models/result_columns.hpp>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "files/hdf5_writer.hpp"

namespace rankine {

void ResultColumns::begin_row() {
  if (at_ != columns_.size()) {
    throw Error(fmt::format("describe() gave {} fields where it gave {} before", at_, columns_.size()));
  }
  ++rows_;
  at_ = 0;
}

template <class T>
T& ResultColumns::field(std::string_view name) {
  if (rows_ == 1) columns_.push_back({std::string(name), T{}});
  if (at_ < columns_.size() && columns_[at_].name == name) {
    if (T* values = std::get_if<T>(&columns_[at_].values)) {
      ++at_;
      return *values;
    }
  }
  throw Error(fmt::format(
      "describe() gave \"{}\" as field {}, where it gave {} before", name, at_ + 1,
      at_ < columns_.size() ? fmt::format("\"{}\", or another type,", columns_[at_].name) : "none"));
}

void ResultColumns::operator()(std::string_view name, double value) {
  field<std::vector<double>>(name).push_back(value);
}
void ResultColumns::operator()(std::string_view name, std::int64_t value) {
  field<std::vector<std::int64_t>>(name).push_back(value);
}
void ResultColumns::operator()(std::string_view name, const std::string& value) {
  field<std::vector<std::string>>(name).push_back(value);
}
void ResultColumns::operator()(std::string_view name, const std::vector<double>& values) {
  auto& ragged = field<Ragged>(name);
  ragged.values.insert(ragged.values.end(), values.begin(), values.end());
  ragged.offsets.push_back(static_cast<std::int64_t>(ragged.values.size()));
}

namespace {

struct WriteColumn {
  files::Hdf5Writer& file;
  const std::string& name;

  template <class T>
  void operator()(const std::vector<T>& values) const {
    file.write(name, std::span<const T>(values));
  }
  void operator()(const ResultColumns::Ragged& ragged) const {
    file.write(name, std::span<const double>(ragged.values));
    file.write(name + "_offsets", std::span<const std::int64_t>(ragged.offsets));
  }
};

}  // namespace

void write_result_file(const std::filesystem::path& path, const Groups& groups,
                       const std::vector<std::string>& failures, const ResultColumns& columns) {
  files::Hdf5Writer file(path);
  const std::vector<std::string>& by = groups.schema().by;
  for (std::size_t k = 0; k < by.size(); ++k) {
    std::vector<std::string> texts;
    for (std::size_t group = 0; group < groups.size(); ++group) texts.push_back(groups.key(group)[k]);
    file.write("key_" + by[k], std::span<const std::string>(texts));
  }
  std::vector<std::int64_t> rows;
  for (std::size_t group = 0; group < groups.size(); ++group)
    rows.push_back(static_cast<std::int64_t>(groups.rows_of(group)));
  file.write("rows", std::span<const std::int64_t>(rows));
  file.write("failure", std::span<const std::string>(failures));
  for (const ResultColumns::Column& column : columns.columns())
    std::visit(WriteColumn{file, column.name}, column.values);
  file.close();
}

}  // namespace rankine

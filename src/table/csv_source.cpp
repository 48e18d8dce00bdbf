// SPDX-License-Identifier: Apache-2.0
// CSV, plain or gzip, as rows of texts.
#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "files/csv.hpp"
#include "table/line_stream.hpp"
#include "table/row_source.hpp"

namespace rankine::table {

namespace {

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\v\f") == std::string_view::npos;
}

class CsvSource : public RowSource {
 public:
  CsvSource(const std::filesystem::path& path, const GroupOptions& options)
      : stream_(path), path_(path.string()), comment_(options.comment), names_(options.names) {
    has_header_ = names_.empty();
    if (has_header_) names_ = read_header();
    stream_.rewind();
  }

  const std::vector<std::string>& names() const override { return names_; }
  void select(const std::vector<std::size_t>& columns) override { selected_ = columns; }

  bool next(RowBlock& block) override {
    block.columns.resize(selected_.size());
    do {
      if (!stream_.next(lines_)) return false;
      for (Cells& cells : block.columns) cells.texts.clear();
      numbers_.clear();
      for (std::size_t k = 0; k < lines_.size(); ++k) {
        if (is_row(lines_[k])) add_row(stream_.first_number() + k, lines_[k], block);
      }
      block.rows = numbers_.size();
    } while (block.rows == 0);
    return true;
  }

  std::string place(std::size_t row) const override { return at_line(numbers_[row]); }

  void rewind() override {
    stream_.rewind();
    header_passed_ = false;
  }

 private:
  std::string at_line(std::uint64_t number) const { return fmt::format("{}, line {}", path_, number); }

  bool is_content(std::string_view line) const {
    return !is_blank(line) && (comment_ == 0 || line.front() != comment_);
  }
  /// Passes over the header, too.
  bool is_row(std::string_view line) {
    if (!is_content(line)) return false;
    if (header_passed_ || !has_header_) return true;
    header_passed_ = true;
    return false;
  }

  std::vector<std::string> read_header() {
    while (stream_.next(lines_)) {
      for (std::size_t k = 0; k < lines_.size(); ++k) {
        if (!is_content(lines_[k])) continue;
        files::split_fields(lines_[k], fields_);
        return unambiguous({fields_.begin(), fields_.end()}, stream_.first_number() + k);
      }
    }
    throw InputError(fmt::format("{} is empty; expected a CSV file with a header line", path_));
  }
  std::vector<std::string> unambiguous(std::vector<std::string> names, std::uint64_t line) const {
    for (std::size_t k = 0; k < names.size(); ++k) {
      for (std::size_t j = 0; j < k; ++j) {
        if (names[j] == names[k]) {
          throw InputError(fmt::format("{}: columns {} and {} are both called \"{}\"", at_line(line), j + 1,
                                       k + 1, names[k]));
        }
      }
    }
    return names;
  }

  void add_row(std::uint64_t number, std::string_view line, RowBlock& block) {
    files::split_fields(line, fields_);
    if (fields_.size() != names_.size()) {
      throw InputError(fmt::format("{}: {} fields, {} has {}; the file is damaged or cut short",
                                   at_line(number), fields_.size(),
                                   has_header_ ? "the header" : "the list of names", names_.size()));
    }
    for (std::size_t k = 0; k < selected_.size(); ++k)
      block.columns[k].texts.push_back(fields_[selected_[k]]);
    numbers_.push_back(number);
  }

  LineStream stream_;
  std::string path_;
  char comment_;
  std::vector<std::string> names_;
  bool has_header_ = true;
  bool header_passed_ = false;
  std::vector<std::size_t> selected_;
  std::vector<std::string_view> lines_;
  std::vector<std::string_view> fields_;
  std::vector<std::uint64_t> numbers_;  ///< line of each row of the last block
};

}  // namespace

std::unique_ptr<RowSource> open_csv(const std::filesystem::path& path, const GroupOptions& options) {
  return std::make_unique<CsvSource>(path, options);
}

}  // namespace rankine::table

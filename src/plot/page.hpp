// SPDX-License-Identifier: Apache-2.0
// An HTML page that needs nothing beside itself: text, tables and SVG pictures, readable without a network,
// in light and dark. It appears under its name, whole, when it is written.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace rankine::plot {

class Page {
 public:
  explicit Page(std::string title) : title_(std::move(title)) {}

  void heading(std::string_view words);
  void text(std::string_view words);
  /// Cells that read as numbers are set to the right. Rows may be shorter than the header.
  void table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows);
  /// `svg` as made by svg_of(); `caption` may be empty.
  void picture(std::string_view svg, std::string_view caption = {});

  std::string str() const;
  /// Throws SystemError naming the file and the system's reason.
  void write(const std::filesystem::path& path) const;

 private:
  std::string title_;
  std::string body_;
};

/// A text file that appears whole or not at all; errors as Page::write.
void write_whole(const std::filesystem::path& path, std::string_view text);

}  // namespace rankine::plot

// SPDX-License-Identifier: Apache-2.0
// An HTML page that needs nothing beside itself: text, tables and SVG pictures, readable without a network,
// in light and dark. It appears under its name, whole, when it is written.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
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
  /// HTML as it is: what comes from outside must have gone through escaped().
  void raw(std::string_view html);
  /// Rules beside the page's own.
  void style(std::string_view css);
  /// Runs where it stands, after what was added before. Must not contain "</script".
  void script(std::string_view javascript);
  /// Data for scripts: the text of an element of this id that is not shown, as base64.
  void data(std::string_view id, std::span<const std::byte> bytes);
  /// The same as JSON, for document.getElementById(id).textContent.
  void json(std::string_view id, std::string_view json);

  std::string str() const;
  /// Throws SystemError naming the file and the system's reason.
  void write(const std::filesystem::path& path) const;

 private:
  std::string title_;
  std::string style_;
  std::string body_;
};

/// Four characters for each three bytes (RFC 4648).
std::string base64(std::span<const std::byte> bytes);

/// A text file that appears whole or not at all; errors as Page::write.
void write_whole(const std::filesystem::path& path, std::string_view text);

}  // namespace rankine::plot

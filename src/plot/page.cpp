// SPDX-License-Identifier: Apache-2.0
#include "plot/page.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "plot/svg.hpp"

namespace rankine::plot {

namespace {

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 900px; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.5em; } h2 { font-size: 1.2em; margin-top: 1.8em; }
table { border-collapse: collapse; margin: 1em 0; display: block; overflow-x: auto; }
th, td { padding: 3px 12px; border-bottom: 1px solid #8884; text-align: left; }
td { font-variant-numeric: tabular-nums; }
td.n { text-align: right; }
figure { margin: 1.2em 0; overflow-x: auto; } figcaption { color: #777; font-size: 0.9em; }
svg { max-width: 100%; height: auto; color: #222; }
@media (prefers-color-scheme: dark) { svg { color: #ddd; } }
)";

bool reads_as_number(const std::string& cell) {
  return !cell.empty() && cell.find_first_of("0123456789") != std::string::npos &&
         cell.find_first_not_of("0123456789.,+-eE% ") == std::string::npos;
}

[[noreturn]] void fail(std::string_view call, const std::filesystem::path& path) {
  throw SystemError(fmt::format("{} {} failed: {}", call, path.string(), std::strerror(errno)));
}

}  // namespace

void Page::heading(std::string_view words) {
  body_ += fmt::format("<h2>{}</h2>\n", escaped(words));
}

void Page::text(std::string_view words) {
  body_ += fmt::format("<p>{}</p>\n", escaped(words));
}

void Page::table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows) {
  body_ += "<table><thead><tr>";
  for (const std::string& cell : header) body_ += fmt::format("<th>{}</th>", escaped(cell));
  body_ += "</tr></thead><tbody>\n";
  for (const auto& row : rows) {
    body_ += "<tr>";
    for (const std::string& cell : row) {
      body_ += fmt::format("<td{}>{}</td>", reads_as_number(cell) ? " class=\"n\"" : "", escaped(cell));
    }
    body_ += "</tr>\n";
  }
  body_ += "</tbody></table>\n";
}

void Page::picture(std::string_view svg, std::string_view caption) {
  body_ += fmt::format("<figure>{}", svg);
  if (!caption.empty()) body_ += fmt::format("<figcaption>{}</figcaption>", escaped(caption));
  body_ += "</figure>\n";
}

void Page::raw(std::string_view html) {
  body_ += html;
}

void Page::style(std::string_view css) {
  style_ += css;
}

void Page::script(std::string_view javascript) {
  if (javascript.find("</script") != std::string_view::npos)
    throw std::invalid_argument("Page::script: the text ends its own element");
  body_ += fmt::format("<script>\n{}</script>\n", javascript);
}

void Page::data(std::string_view id, std::span<const std::byte> bytes) {
  body_ += fmt::format("<script type=\"text/plain\" id=\"{}\">{}</script>\n", escaped(id), base64(bytes));
}

void Page::json(std::string_view id, std::string_view json) {
  std::string safe;  // "<" is found in strings only, where it may be written so
  for (const char c : json) {
    if (c == '<') {
      safe += "\\u003c";
    } else {
      safe += c;
    }
  }
  body_ += fmt::format("<script type=\"application/json\" id=\"{}\">{}</script>\n", escaped(id), safe);
}

std::string base64(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t here = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t word = 0;
    for (std::size_t k = 0; k < 3; ++k)
      word = word << 8 | (k < here ? static_cast<std::uint32_t>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k) text += k <= here ? kDigits[word >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

std::string Page::str() const {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<meta name=\"viewport\" "
      "content=\"width=device-width\">\n<title>{0}</title>\n<style>{1}{3}</style></head>\n<body>\n<h1>{0}</"
      "h1>\n{2}"
      "</body></html>\n",
      escaped(title_), kStyle, body_, style_);
}

void Page::write(const std::filesystem::path& path) const {
  write_whole(path, str());
}

void write_whole(const std::filesystem::path& path, std::string_view text) {
  const std::filesystem::path partial = path.string() + ".partial";
  std::FILE* file = std::fopen(partial.c_str(), "wb");
  if (file == nullptr) fail("opening", partial);
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const int reason = errno;
  const bool closed = std::fclose(file) == 0;
  if (!written || !closed) {
    if (!written) errno = reason;
    const int kept = errno;
    std::remove(partial.c_str());
    errno = kept;
    fail("writing", partial);
  }
  if (std::rename(partial.c_str(), path.c_str()) != 0) fail("renaming to", path);
}

}  // namespace rankine::plot

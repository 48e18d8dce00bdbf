// SPDX-License-Identifier: Apache-2.0
#include "table/line_stream.hpp"

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "files/csv.hpp"

namespace rankine::table {

namespace {

constexpr std::size_t kBlockBytes = std::size_t{1} << 20;
constexpr std::size_t kLineBytesMax = std::size_t{256} << 20;

gzFile open_text(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path))
    throw InputError(fmt::format("{} is a folder; name a file in it", path.string()));
  errno = 0;
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) {
    throw InputError(fmt::format("cannot open {}: {}; check the path", path.string(),
                                 errno != 0 ? std::strerror(errno) : "not enough memory"));
  }
  gzbuffer(file, 1u << 18);
  return file;
}

}  // namespace

LineStream::LineStream(const std::filesystem::path& path)
    : path_(path.string()), file_(open_text(path), &gzclose_r) {}

void LineStream::rewind() {
  if (gzrewind(file_.get()) != 0) throw SystemError(fmt::format("{} cannot be read a second time", path_));
  buffer_.clear();
  used_ = 0;
  ended_ = false;
  lines_before_ = 0;
}

/// Appends a block to the buffer; false at the end of the file.
bool LineStream::read_more() {
  const std::size_t old = buffer_.size();
  if (old > kLineBytesMax) {
    throw InputError(fmt::format("{}, line {}: longer than {} MiB; this is no CSV file", path_,
                                 lines_before_ + 1, kLineBytesMax >> 20));
  }
  buffer_.resize(old + kBlockBytes);
  const int got = gzread(file_.get(), buffer_.data() + old, kBlockBytes);
  buffer_.resize(old + static_cast<std::size_t>(std::max(got, 0)));
  int code = Z_OK;
  const char* words = gzerror(file_.get(), &code);
  if (code == Z_ERRNO) throw SystemError(fmt::format("reading {} failed: {}", path_, std::strerror(errno)));
  if (got < 0 || (code != Z_OK && code != Z_STREAM_END)) {
    throw InputError(fmt::format("{} is a damaged gzip file, or cut short ({})", path_, words));
  }
  return got > 0;
}

bool LineStream::next(std::vector<std::string_view>& lines) {
  lines.clear();
  buffer_.erase(0, used_);
  used_ = 0;
  while (!ended_ && buffer_.find('\n') == std::string::npos) ended_ = !read_more();
  first_number_ = lines_before_ + 1;
  const std::string_view text = buffer_;
  while (used_ < text.size()) {
    const std::size_t end = text.find('\n', used_);
    if (end == std::string_view::npos && !ended_) break;
    std::string_view line = text.substr(used_, end == std::string_view::npos ? end : end - used_);
    used_ = end == std::string_view::npos ? text.size() : end + 1;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (lines_before_ + lines.size() == 0) line = files::plain_text(line, path_);
    lines.push_back(line);
  }
  lines_before_ += lines.size();
  return !lines.empty();
}

}  // namespace rankine::table

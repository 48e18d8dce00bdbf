// SPDX-License-Identifier: Apache-2.0
#include "forecast_reading.hpp"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

#include <fmt/format.h>

#include <rankine/core/philox.hpp>
#include <rankine/forecast/reader.hpp>
#include <rankine/table/groups.hpp>

#include <unistd.h>

namespace rankine::bench {

namespace {

/// Daily series of 365 values each, a row a value: "shop0001,2024-01-31,123.45".
class LongFile {
 public:
  explicit LongFile(std::size_t bytes)
      : path_(std::filesystem::temp_directory_path() / fmt::format("rankine-bench-{}.csv", ::getpid())) {
    std::ofstream file(path_, std::ios::binary);
    std::string text = "id,time,value\n";
    Philox random(1, 0);
    for (; bytes_ < bytes; ++series_) {
      for (int day = 0; day < kDays; ++day) {
        const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(19723 + day))};
        fmt::format_to(std::back_inserter(text), "shop{:07},{:04}-{:02}-{:02},{:.2f}\n", series_,
                       int(date.year()), unsigned(date.month()), unsigned(date.day()),
                       1000 * random.uniform());
      }
      file << text;
      bytes_ += text.size();
      text.clear();
    }
  }
  LongFile(const LongFile&) = delete;
  ~LongFile() { std::filesystem::remove(path_); }

  static constexpr int kDays = 365;
  const std::filesystem::path& path() const { return path_; }
  double bytes() const { return static_cast<double>(bytes_); }
  std::size_t series() const { return series_; }

 private:
  std::filesystem::path path_;
  std::size_t bytes_ = 0;
  std::size_t series_ = 0;
};

/// Reading the bytes and no more, as cat does.
void read_plainly(const LongFile& file) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> opened(std::fopen(file.path().c_str(), "rb"),
                                                               &std::fclose);
  std::vector<char> block(std::size_t{1} << 17);
  std::size_t bytes = 0;
  while (const std::size_t got = std::fread(block.data(), 1, block.size(), opened.get())) bytes += got;
  require(static_cast<double>(bytes) == file.bytes(), "a file of another size");
}

void read_series(const LongFile& file) {
  forecast::ReadOptions options;
  options.season = 7;
  options.horizon = 28;
  const forecast::Dataset data = forecast::read_dataset(file.path(), options);
  require(data.series.size() == file.series() && data.series.back().defect.empty(), "wrong series");
}

void read_the_groups(const LongFile& file) {
  const Groups groups = read_groups(file.path(), {.by = {"id"}, .columns = {"value"}});
  require(groups.size() == file.series() && groups.rows_of(0) == LongFile::kDays, "wrong groups");
}

}  // namespace

void add_reading(Suite& suite, std::size_t bytes) {
  const auto made = std::make_shared<std::unique_ptr<LongFile>>();
  const auto rate = [=](void (*read)(const LongFile&)) {
    return [=] {
      if (*made == nullptr) *made = std::make_unique<LongFile>(bytes);
      std::vector<double> rates;
      for (int i = 0; i < 3; ++i)
        rates.push_back(1e-6 * (*made)->bytes() / seconds_of([&] { read(**made); }));
      return rate_row("MB/s", rates);
    };
  };
  suite.figure("read_plain", rate(&read_plainly));
  suite.figure("read_long_csv", rate(&read_series));
  suite.figure("read_groups", rate(&read_the_groups));
}

}  // namespace rankine::bench

// SPDX-License-Identifier: Apache-2.0
// Series from text: M3, M4 (train, 0xff, test) and CSV in long form. The first byte says which, the next two
// are season and horizon.
#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

#include "forecast/readers.hpp"
#include "fuzz_input.hpp"

namespace fc = rankine::forecast;

namespace {

/// Two files in a folder of this process.
class M4Files {
 public:
  M4Files() : folder_("/tmp/rankine-fuzz-" + std::to_string(getpid())) {
    std::filesystem::create_directory(folder_);
  }
  ~M4Files() { std::filesystem::remove_all(folder_); }

  fc::Dataset read(std::string_view text, const fc::ReadOptions& options) const {
    const std::size_t cut = std::min(text.find('\xff'), text.size());
    write("Yearly-train.csv", text.substr(0, cut));
    write("Yearly-test.csv", text.substr(std::min(cut + 1, text.size())));
    return fc::read_m4(folder_ / "Yearly-train.csv", options);
  }

 private:
  void write(const char* name, std::string_view text) const {
    std::ofstream(folder_ / name, std::ios::binary)
        .write(text.data(), static_cast<std::streamsize>(text.size()));
  }
  std::filesystem::path folder_;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const M4Files m4_files;
  rankine_fuzz::Input input(data, size);
  const auto kind = input.number<std::uint8_t>() % 3;
  fc::ReadOptions options;
  options.season = input.number<std::uint8_t>();
  options.horizon = input.number<std::uint8_t>();
  const std::string text(input.text());
  rankine_fuzz::may_be_refused([&] {
    if (kind == 0) fc::read_m3("fuzz.csv", text, options);
    if (kind == 1) fc::read_long_csv("fuzz.csv", text, options);
    if (kind == 2) m4_files.read(text, options);
  });
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// The thread that writes: order, large results, safety, disks that fail or are slow.
#include <atomic>
#include <csignal>
#include <thread>

#include <sys/resource.h>

#include "journal/open.hpp"
#include "journal/writer.hpp"

#include "journal_test.hpp"

namespace rankine::journal {
namespace {

constexpr std::chrono::seconds kLong{20};

Opened open_new(const std::string& path) {
  return open_journal(path, program(), Policy::automatic);
}

std::vector<std::uint64_t> keys_in(const std::string& path) {
  const auto bytes = bytes_of(read_file(path));
  Scanner scanner(read_from(bytes), bytes.size());
  std::vector<std::uint64_t> keys;
  while (auto item = scanner.next()) {
    if (const auto* tasks = std::get_if<Tasks>(&item->record)) keys.push_back(tasks->key);
  }
  CHECK(scanner.ending() == Ending::complete);
  return keys;
}

TEST_CASE("what was flushed is in the file, in order") {
  const Folder folder;
  const std::string path = folder.file("journal");
  Opened opened = open_new(path);
  Writer writer(std::move(opened.file), opened.bytes);
  REQUIRE(writer.append(Function{0, "f", "f()"}));
  const auto result = bytes_of("result");
  for (std::uint64_t key = 1; key <= 1000; ++key) REQUIRE(writer.append(task(key, result)));
  REQUIRE(writer.flush(kLong));
  const auto keys = keys_in(path);
  REQUIRE(keys.size() == 1000);
  CHECK(keys.front() == 1);
  CHECK(keys.back() == 1000);
  CHECK(writer.flush(kLong));  // nothing to do
}

TEST_CASE("large results are written from where they lie, between the others") {
  const Folder folder;
  const std::string path = folder.file("journal");
  std::atomic<int> given_back{0};
  {
    Opened opened = open_new(path);
    Writer writer(std::move(opened.file), opened.bytes);
    REQUIRE(writer.append(Function{0, "f", "f()"}));
    const auto small = bytes_of("small");
    const auto large = bytes_of(std::string(3'000'000, 'L'));
    for (std::uint64_t key = 1; key <= 6; ++key) {
      if (key % 2 == 1) {
        REQUIRE(writer.append(task(key, small)));
      } else {
        REQUIRE(writer.append_large(task(key, {}), large, [&] { ++given_back; }));
      }
    }
    REQUIRE(writer.flush(kLong));
    CHECK(given_back == 3);
  }
  CHECK(keys_in(path) == std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6});
}

TEST_CASE("the destructor writes what is left, and the next run goes on behind it") {
  const Folder folder;
  const std::string path = folder.file("journal");
  for (std::uint64_t run = 1; run <= 3; ++run) {
    Opened opened = open_new(path);
    CHECK(opened.resumed == (run > 1));
    CHECK(opened.index.tasks() == run - 1);
    Writer writer(std::move(opened.file), opened.bytes);
    REQUIRE(writer.append(Function{0, "f", "f()"}));
    REQUIRE(writer.append(task(run, bytes_of("x"))));
  }
  CHECK(keys_in(path) == std::vector<std::uint64_t>{1, 2, 3});
}

TEST_CASE("records come from several threads") {
  const Folder folder;
  const std::string path = folder.file("journal");
  {
    Opened opened = open_new(path);
    Writer writer(std::move(opened.file), opened.bytes);
    const auto result = bytes_of("result");
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < 3; ++t) {
      threads.emplace_back([&, t] {
        for (std::uint64_t i = 0; i < 300; ++i) writer.append(task(1000 * t + i, result));
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  CHECK(keys_in(path).size() == 900);
}

/// Files of this process may not grow beyond `bytes` while it lives, as on a full disk.
class FileLimit {
 public:
  explicit FileLimit(std::uint64_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit now = before_;
    now.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FileLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, SIG_DFL);
  }

 private:
  rlimit before_{};
};

TEST_CASE("a disk that takes no more ends the journal in a sentence; what was written is kept") {
  const Folder folder;
  const std::string path = folder.file("journal");
  {
    Opened opened = open_new(path);
    Writer writer(std::move(opened.file), opened.bytes);
    REQUIRE(writer.append(Function{0, "f", "f()"}));
    REQUIRE(writer.append(task(1, bytes_of("kept"))));
    REQUIRE(writer.flush(kLong));
    CHECK_FALSE(writer.has_trouble());
    const FileLimit limit(std::filesystem::file_size(path) + 1000);
    bool given_back = false;
    const auto large = bytes_of(std::string(100'000, 'x'));
    writer.append_large(task(2, {}), large, [&] { given_back = true; });
    CHECK_FALSE(writer.flush(kLong));
    CHECK(given_back);
    CHECK(writer.has_trouble());
    const std::string said = writer.take_trouble();
    CHECK(said.find(path) != std::string::npos);
    CHECK(said.find("File too large") != std::string::npos);
    CHECK(said.find("Remedy:") != std::string::npos);
    CHECK(writer.take_trouble().empty());
    CHECK_FALSE(writer.append(task(3, bytes_of("too late"))));
    CHECK(writer.left_out() == 1);
  }
  CHECK(keys_in(path) == std::vector<std::uint64_t>{1});
}

TEST_CASE("what would make too much wait is left out, and said once") {
  const Folder folder;
  Opened opened = open_new(folder.file("journal"));
  Writer writer(std::move(opened.file), opened.bytes, 1000);
  const auto large = bytes_of(std::string(2000, 'x'));
  bool given_back = false;
  CHECK_FALSE(writer.append_large(task(1, {}), large, [&] { given_back = true; }));
  CHECK_FALSE(given_back);  // never taken: still the caller's
  CHECK(writer.left_out() == 1);
  CHECK(writer.take_trouble().find("not written as fast as results come") != std::string::npos);
  REQUIRE(writer.append(task(2, bytes_of("small"))));
  CHECK(writer.flush(kLong));
  CHECK_FALSE(writer.has_trouble());
}

}  // namespace
}  // namespace rankine::journal

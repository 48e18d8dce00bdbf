// SPDX-License-Identifier: Apache-2.0
// Segments: shared between processes, sparse, quiet at the end, and a full file system is an error and not a
// signal.
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cstring>
#include <fstream>

#include <rankine/core/error.hpp>

#include "store/arena.hpp"
#include "store/segment.hpp"
#include "store_test.hpp"

using namespace rankine;
using rankine_test::in_child;
using rankine_test::segments_left;

namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;
constexpr int kNoMount = 77;

/// In a child: gives this process a tmpfs of its own of 8 MiB at `directory`. False where the system does not
/// allow it.
bool mount_small_tmpfs(const std::string& directory) {
  const auto uid = getuid();
  if (unshare(CLONE_NEWNS) != 0) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    std::ofstream("/proc/self/uid_map") << "0 " << uid << " 1";
  }
  return mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         mount("tmpfs", directory.c_str(), "tmpfs", 0, "size=8m") == 0;
}

}  // namespace

TEST_CASE("a segment is seen by another process and has a name that tells whose it is") {
  Segment segment = Segment::create(kMiB);
  CHECK(segments_left().size() == 1);
  struct stat status;
  REQUIRE(stat(segment.path().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK(status.st_blocks == 0);
  segment.reserve(0, 4096);
  segment.data()[5] = std::byte{42};
  CHECK(in_child([&] {
          Segment other = Segment::open(segment.path(), kMiB);
          other.data()[6] = std::byte{43};
          return static_cast<int>(other.data()[5]);
        }) == 42);
  CHECK(segment.data()[6] == std::byte{43});
}

TEST_CASE("nothing is left in /dev/shm after unlink, destruction or a throw") {
  {
    Segment segment = Segment::create(kMiB);
    segment.reserve(0, kMiB);
    segment.unlink();
    CHECK(segments_left().empty());
    segment.unlink();
    segment.data()[0] = std::byte{1};  // the memory lives on
  }
  { const Segment never_unlinked = Segment::create(kMiB); }
  CHECK(segments_left().empty());
  CHECK_THROWS_AS(Arena(Segment::create(1000), 0), InputError);
  CHECK(segments_left().empty());
  {
    Segment one = Segment::create(kMiB);
    Segment other = Segment::create(kMiB);
    other = std::move(one);
    Segment third(std::move(other));
    CHECK(third.data() != nullptr);
  }
  CHECK(segments_left().empty());
}

TEST_CASE("errors of the system are named with the call and the path") {
  CHECK(contains(thrown<SystemError>([] { Segment::create(kMiB, "/nowhere/at/all"); }),
                 "open(/nowhere/at/all/rankine-"));
  CHECK(contains(thrown<SystemError>([] { Segment::open("/dev/shm/rankine-none", kMiB); }), "No such file"));
  Segment segment = Segment::create(kMiB);
  CHECK(contains(thrown<InputError>([&] { Segment::open(segment.path(), 2 * kMiB); }), "1048576"));
}

TEST_CASE("a full file system is StoreFull with the sizes, never SIGBUS, and nothing stays taken") {
  const std::string directory =
      std::filesystem::temp_directory_path() / ("rankine-full-" + std::to_string(getpid()));
  std::filesystem::create_directory(directory);
  const int code = in_child([&] {
    if (!mount_small_tmpfs(directory)) return kNoMount;
    Segment segment = Segment::create(256 * kMiB, directory);
    const std::string text = thrown<StoreFull>([&] { segment.reserve(0, 200 * kMiB); });
    if (!contains(text, directory + " is full") || !contains(text, std::to_string(200 * kMiB)) ||
        !contains(text, "of 8388608 bytes free")) {
      dprintf(2, "text: %s\n", text.c_str());
      return 1;
    }
    segment.reserve(0, 7 * kMiB);  // what the failed call took is free again
    std::memset(segment.data(), 1, 7 * kMiB);

    Arena arena(Segment::create(64 * kMiB, directory), 0, {.chunk_bytes = 64 * 1024});
    if (thrown<StoreFull>([&] { arena.allocate(4 * kMiB); }).empty()) return 2;
    const std::uint64_t offset = arena.allocate(100'000);  // a failed lease was given back
    std::memset(arena.data(offset), 1, 100'000);
    return arena.stats().leased_bytes == 128 * 1024 ? 0 : 3;
  });
  std::filesystem::remove(directory);
  if (code == kNoMount) {
    WARN("skipped: this system does not allow a private tmpfs");
  } else {
    CHECK(code == 0);
  }
}

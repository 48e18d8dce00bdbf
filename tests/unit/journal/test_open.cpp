// SPDX-License-Identifier: Apache-2.0
// Which journals a run goes on from, and the sentence for each that it does not.
#include <sys/stat.h>
#include <unistd.h>

#include <rankine/core/error.hpp>
#include <rankine/core/hash.hpp>

#include "journal/open.hpp"
#include "journal/writer.hpp"

#include "journal_test.hpp"

namespace rankine::journal {
namespace {

/// A journal of `of` with three finished tasks.
std::string make_journal(const Folder& folder, const Program& of = program()) {
  const std::string path = folder.file("journal");
  Opened opened = open_journal(path, of, Policy::fresh);
  Writer writer(std::move(opened.file), opened.bytes);
  writer.append(Function{0, "f", "f()"});
  for (std::uint64_t key = 1; key <= 3; ++key) writer.append(task(key, bytes_of("result")));
  return path;
}

std::string refusal_of(const std::string& path, const Program& mine, Policy policy) {
  const std::string before = std::filesystem::is_regular_file(path) ? read_file(path) : "";
  try {
    open_journal(path, mine, policy);
  } catch (const InputError& error) {
    // Who refuses changes nothing.
    if (std::filesystem::is_regular_file(path)) CHECK(read_file(path) == before);
    return error.what();
  }
  return "not refused";
}

bool says(const std::string& text, std::initializer_list<const char*> parts) {
  for (const char* part : parts) {
    if (text.find(part) == std::string::npos) {
      UNSCOPED_INFO("\"" << part << "\" is missing in: " << text);
      return false;
    }
  }
  return true;
}

TEST_CASE("without a journal one is begun") {
  const Folder folder;
  const std::string path = folder.file("journal");
  {
    const Opened opened = open_journal(path, program(), Policy::automatic);
    CHECK_FALSE(opened.resumed);
    CHECK(opened.said.empty());
  }
  CHECK(says(refusal_of(folder.file("other"), program(), Policy::required),
             {"rankine: there is no journal", "other", "Remedy:"}));
  // Begun, but nothing in it: a resume that is required finds the right journal.
  CHECK(open_journal(path, program(), Policy::required).resumed);
}

TEST_CASE("a run that left nothing stands in nobody's way") {
  const Folder folder;
  const std::string path = folder.file("journal");
  {
    Opened opened = open_journal(path, program(), Policy::automatic);
    Writer writer(std::move(opened.file), opened.bytes);
    writer.append(Note{Note::What::started, 1, 2, {}});
  }
  CHECK_FALSE(open_journal(path, program("else", "seed 9"), Policy::automatic).resumed);
  CHECK(open_journal(path, program("else", "seed 9"), Policy::required).resumed);
}

TEST_CASE("the same program and options go on") {
  const Folder folder;
  const std::string path = make_journal(folder);
  const Opened opened = open_journal(path, program(), Policy::automatic);
  CHECK(opened.resumed);
  CHECK(opened.bytes == std::filesystem::file_size(path));
  CHECK(opened.said == "rankine: resumes from " + path + ": 3 finished tasks\n");
}

TEST_CASE("another program's or other options' journal is refused, naming both and the remedy") {
  const Folder folder;
  const std::string path = make_journal(folder);
  CHECK(says(refusal_of(path, program("else"), Policy::automatic),
             {"is of \"test\" with seed 1", "this run is of \"else\"", "Remedy:", "--fresh"}));
  CHECK(says(refusal_of(path, program("test", "seed 2"), Policy::automatic),
             {"\"test\" with seed 1", "\"test\" with seed 2", "Remedy:", "--fresh"}));
  CHECK(says(refusal_of(path, program("test", "seed 2"), Policy::required), {"seed 1", "seed 2"}));
}

TEST_CASE("another build is refused unless the resume was asked for") {
  const Folder folder;
  const std::string path = make_journal(folder);
  Program other = program();
  other.functions = 43;
  CHECK(says(refusal_of(path, other, Policy::automatic), {"another build", "--resume", "--fresh"}));
  CHECK(open_journal(path, other, Policy::required).resumed);
  other.format = 9;
  CHECK(says(refusal_of(path, other, Policy::required), {"has format 1", "reads format 9"}));
}

TEST_CASE("fresh moves the old journal aside") {
  const Folder folder;
  const std::string path = make_journal(folder);
  const std::string old = read_file(path);
  for (int run = 0; run < 2; ++run) {
    const Opened opened = open_journal(path, program("else"), Policy::fresh);
    CHECK_FALSE(opened.resumed);
    CHECK(opened.index.tasks() == 0);
  }
  CHECK(read_file(path + ".old") == old);
  CHECK(std::filesystem::exists(path + ".old2"));
}

TEST_CASE("behind a run that finished a new one begins; only a resume that was asked for takes its results") {
  const Folder folder;
  const std::string path = make_journal(folder);
  {
    Opened opened = open_journal(path, program(), Policy::automatic);
    Writer writer(std::move(opened.file), opened.bytes);
    writer.append(Note{Note::What::finished, 1, 2, {}});
  }
  const std::string finished = read_file(path);
  CHECK(open_journal(path, program(), Policy::required).resumed);
  {
    const Opened opened = open_journal(path, program("test", "seed 2"), Policy::automatic);
    CHECK_FALSE(opened.resumed);
    CHECK(opened.index.tasks() == 0);
    CHECK(says(opened.said, {"finished", path.c_str()}));
  }
  CHECK(read_file(path + ".finished") == finished);
  // Gone on from and stopped: there is something to go on with again.
  write_file(path, finished);
  {
    Opened opened = open_journal(path, program(), Policy::required);
    Writer writer(std::move(opened.file), opened.bytes);
    writer.append(Note{Note::What::resumed, 1, 2, {}});
  }
  CHECK(open_journal(path, program(), Policy::automatic).resumed);
}

TEST_CASE("a torn tail is cut off") {
  const Folder folder;
  const std::string path = make_journal(folder);
  const std::string whole = read_file(path);
  write_file(path, whole.substr(0, whole.size() - 1));
  {
    const Opened opened = open_journal(path, program(), Policy::automatic);
    CHECK(opened.index.tasks() == 2);
    CHECK(says(opened.said, {"its last record is cut off", "computed again", "2 finished tasks"}));
    CHECK(std::filesystem::file_size(path) == opened.bytes);
  }
  CHECK_FALSE(std::filesystem::exists(path + ".damaged"));
  CHECK(open_journal(path, program(), Policy::automatic).said.find("cut off") == std::string::npos);
}

TEST_CASE("a flipped byte in the middle is named, what lies before is kept, the rest is put away") {
  const Folder folder;
  const std::string path = make_journal(folder);
  std::string bytes = read_file(path);
  const std::size_t third = bytes.rfind("result");
  const std::size_t second = bytes.rfind("result", third - 1);
  bytes[second + 2] ^= 1;
  write_file(path, bytes);
  {
    const Opened opened = open_journal(path, program(), Policy::automatic);
    CHECK(opened.index.tasks() == 1);
    CHECK(says(opened.said, {"ends at byte", "is damaged", "kept in", "1 finished task\n"}));
    CHECK(opened.said.find(std::to_string(opened.bytes)) != std::string::npos);
  }
  CHECK(read_file(path + ".damaged") == bytes);
}

TEST_CASE("what is no journal is refused; an empty file is taken") {
  const Folder folder;
  const std::string path = folder.file("journal");
  write_file(path, "something else entirely");
  CHECK(says(refusal_of(path, program(), Policy::automatic), {"does not begin as one does", "--fresh"}));
  write_file(path, "");
  CHECK(says(refusal_of(path, program(), Policy::required), {"is empty"}));
  CHECK_FALSE(open_journal(path, program(), Policy::automatic).resumed);
  write_file(path, read_file(path).replace(20, 4, "xxxx") + "more behind the damage");
  CHECK(says(refusal_of(path, program(), Policy::automatic), {"damaged in its first record", "--fresh"}));
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);
  CHECK(says(refusal_of(path, program(), Policy::automatic), {"it is no file", "Remedy:"}));
  CHECK(says(refusal_of(path, program(), Policy::fresh), {"it is no file", "Remedy:"}));
}

TEST_CASE("a journal that another run has open is refused") {
  const Folder folder;
  const std::string path = make_journal(folder);
  const Opened opened = open_journal(path, program(), Policy::automatic);
  for (const Policy policy : {Policy::automatic, Policy::fresh, Policy::required})
    CHECK(says(refusal_of(path, program(), policy), {"in use by another run", "Remedy:"}));
}

TEST_CASE("a folder that is not there is a sentence") {
  const Folder folder;
  CHECK_THROWS_AS(open_journal(folder.file("none/journal"), program(), Policy::automatic), SystemError);
  CHECK_THROWS_AS(open_journal(folder.file("none/journal"), program(), Policy::fresh), SystemError);
}

}  // namespace
}  // namespace rankine::journal

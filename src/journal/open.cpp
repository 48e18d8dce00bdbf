// SPDX-License-Identifier: Apache-2.0
#include "journal/open.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include <rankine/core/error.hpp>

namespace rankine::journal {

namespace {

constexpr const char* kStartOver =
    "start over with --fresh (RuntimeOptions::resume = Resume::fresh), which moves the old journal aside, or "
    "choose another run directory";

/// `path` with the first ending that no file has yet.
std::string free_name(const std::string& path, const char* ending) {
  for (int n = 1;; ++n) {
    std::string name = path + "." + ending + (n > 1 ? std::to_string(n) : "");
    std::error_code ignored;
    if (!std::filesystem::exists(std::filesystem::symlink_status(name, ignored))) return name;
  }
}

void move_aside(const std::string& path) {
  std::error_code code;
  if (!std::filesystem::is_regular_file(path, code) || std::filesystem::file_size(path, code) == 0) return;
  const std::string to = free_name(path, "old");
  std::filesystem::rename(path, to, code);
  if (code)
    throw SystemError("rankine: the journal " + path + " could not be moved to " + to + ": " +
                      code.message());
}

std::string named(const Program& program) {
  return "\"" + program.name + "\"" + (program.options.empty() ? "" : " with " + program.options);
}

/// Why a journal of `theirs` is not gone on from by `mine`; empty: it is.
std::string refusal(const Program& mine, const Program& theirs, Policy policy) {
  if (theirs.format != mine.format) {
    return "has format " + std::to_string(theirs.format) + ", this program reads format " +
           std::to_string(mine.format) + ". Remedy: " + kStartOver;
  }
  if (theirs.name != mine.name || theirs.options != mine.options) {
    return "is of " + named(theirs) + ", this run is of " + named(mine) +
           ". Remedy: run what the journal is of, " + kStartOver;
  }
  if (theirs.functions != mine.functions && policy != Policy::required) {
    return "was made by another build of " + named(mine) +
           " (its functions differ). Remedy: if what it has computed still holds, go on with --resume "
           "(Resume::required); else " +
           kStartOver;
  }
  return {};
}

void begin(Opened& opened, const Program& mine) {
  std::vector<std::byte> bytes(sizeof kMagic);
  std::memcpy(bytes.data(), kMagic, sizeof kMagic);
  encode(mine, bytes);
  int code = opened.file.cut(0);
  if (code == 0) code = opened.file.write(0, bytes);
  if (code == 0) code = opened.file.sync();
  if (code != 0)
    throw SystemError("rankine: the journal " + opened.file.path() + " could not be begun: " +
                      std::strerror(code) + ". Remedy: make room, or choose another run directory");
  opened.bytes = bytes.size();
}

/// The run before did all it had to do.
Opened begin_behind(const std::string& path, const Program& mine) {
  const std::string to = path + ".finished";
  if (std::rename(path.c_str(), to.c_str()) != 0)
    throw SystemError("rankine: the journal " + path + " of a finished run could not be moved to " + to +
                      ": " + std::strerror(errno));
  Opened opened{File(path, File::Access::write), 0, {}, false, {}};
  begin(opened, mine);
  opened.said = "rankine: the last run in this directory finished; its journal is now " + to + "\n";
  return opened;
}

/// Cuts off what cannot be read. What lies behind a damaged record is kept in another file.
void repair(Opened& opened, const Scanner& scanner) {
  const std::string& path = opened.file.path();
  const std::uint64_t lost = scanner.bytes() - scanner.good_bytes();
  std::string copy;
  if (scanner.ending() == Ending::damaged) {
    copy = free_name(path, "damaged");
    std::error_code code;
    std::filesystem::copy_file(path, copy, code);
    if (code)
      throw SystemError("rankine: the damaged journal " + path + " could not be copied to " + copy + ": " +
                        code.message() + ". Remedy: make room, or choose another run directory");
  }
  if (const int code = opened.file.cut(scanner.good_bytes()); code != 0)
    throw SystemError("rankine: the journal " + path +
                      " could not be cut off behind its last good record: " + std::strerror(code));
  opened.said += "rankine: the journal " + path + " ends at byte " + std::to_string(scanner.good_bytes()) +
                 ": " + scanner.trouble() + ". The " + std::to_string(lost) +
                 " bytes from there on are not used";
  opened.said += copy.empty() ? "; what they said is computed again\n"
                              : "; they are kept in " + copy + ", what they said is computed again\n";
}

std::string counted(std::uint64_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace

Opened open_journal(const std::string& path, const Program& mine, Policy policy) {
  if (policy == Policy::fresh) {
    File(path, File::Access::write);  // nobody uses it
    move_aside(path);
  }
  std::error_code ignored;
  if (policy == Policy::required && !std::filesystem::exists(path, ignored)) {
    throw InputError("rankine: there is no journal " + path +
                     " to resume from. Remedy: name the run directory of the earlier run, or leave "
                     "--resume (Resume::required) away");
  }
  Opened opened{File(path, File::Access::write), 0, {}, false, {}};
  const auto refuse = [&](const std::string& why) {
    throw InputError("rankine: the journal " + path + " " + why);
  };
  Scanner scanner(opened.file.reader(), opened.file.bytes());
  if (scanner.bytes() > 0) opened.index.read(scanner);
  if (!opened.index.program()) {
    if (scanner.ending() == Ending::foreign && scanner.bytes() >= sizeof kMagic)
      refuse(std::string("is none: it does not begin as one does. Remedy: ") + kStartOver);
    if (scanner.ending() == Ending::damaged)
      refuse("is damaged in its first record, so that nothing in it can be used. Remedy: " +
             std::string(kStartOver));
    if (policy == Policy::required) refuse("is empty: there is nothing to resume from");
    begin(opened, mine);
    return opened;
  }
  if (policy == Policy::automatic && opened.index.finished()) return begin_behind(path, mine);
  if (policy == Policy::automatic && opened.index.empty() && scanner.ending() != Ending::damaged) {
    begin(opened, mine);  // nobody loses anything by it
    return opened;
  }
  if (const std::string why = refusal(mine, *opened.index.program(), policy); !why.empty()) refuse(why);
  if (scanner.ending() != Ending::complete) repair(opened, scanner);
  opened.bytes = scanner.good_bytes();
  opened.resumed = true;
  opened.said += "rankine: resumes from " + path + ": " + counted(opened.index.tasks(), "finished task");
  if (opened.index.actors() > 0) opened.said += ", " + counted(opened.index.actors(), "actor");
  if (opened.index.saved_values() > 0)
    opened.said += ", " + counted(opened.index.saved_values(), "saved value");
  opened.said += '\n';
  return opened;
}

}  // namespace rankine::journal

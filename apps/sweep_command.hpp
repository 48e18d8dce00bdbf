// SPDX-License-Identifier: Apache-2.0
// A trial that is a program of its own: a command line with {placeholders}, run as a process, whose standard
// output ends in a number. Knows nothing of studies.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace sweep {

/// Words of a command line as a shell would cut it: blanks part them, quotes and backslashes keep. No
/// expansion of any kind. Throws InputError for a quote without its other one.
std::vector<std::string> split_words(const std::string& line);

/// The names in {braces} of all words.
std::vector<std::string> placeholders(const std::vector<std::string>& words);

/// Each {name} replaced by its value; values are never cut into words or read by a shell.
std::vector<std::string> fill_in(const std::vector<std::string>& words,
                                 const std::map<std::string, std::string>& values);

/// The last number of the last line that has one.
double last_number(const std::string& output);

struct ProcessOptions {
  std::string folder;                   ///< output.txt and errors.txt go there
  std::chrono::nanoseconds timeout{0};  ///< 0: none
};

/// Runs the program and waits for its end; its number. Standard output and error go to files in the folder.
/// The process is in a group of its own, without descriptors of ours, without the variables by which MPI
/// finds its job. It is ended (SIGTERM, 2 s later SIGKILL, its whole group) when the time is over or the task
/// is cancelled. Throws Error naming the exit code or signal, with the last lines of standard error.
double run_process(const std::vector<std::string>& words, const ProcessOptions& options);

}  // namespace sweep

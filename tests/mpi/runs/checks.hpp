// SPDX-License-Identifier: Apache-2.0
// What the driver of a run, which is one thread of one process, finds wrong: each on standard error, and
// together the exit code.
#pragma once

#include <exception>
#include <iostream>
#include <string>
#include <utility>

class Checks {
 public:
  explicit Checks(std::string program) : program_(std::move(program)) {}

  void operator()(bool holds, const std::string& what) {
    if (holds) return;
    ++failures_;
    std::cerr << program_ << ": failed: " << what << std::endl;
  }
  /// Whether `call` throws exactly this.
  template <class Error, class Call>
  bool throws(Call&& call) const {
    try {
      call();
    } catch (const Error&) {
      return true;
    } catch (const std::exception& other) {
      std::cerr << program_ << ": another exception: " << other.what() << std::endl;
    }
    return false;
  }
  bool all_hold() const { return failures_ == 0; }
  int exit_code() const { return failures_ == 0 ? 0 : 1; }

 private:
  std::string program_;
  int failures_ = 0;
};

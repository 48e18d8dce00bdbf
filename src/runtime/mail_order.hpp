// SPDX-License-Identifier: Apache-2.0
// Keeps cause before effect at the head. A rank that was lent an object by a message from another rank may
// tell the head of it sooner than the lender's own mail arrives, in which the object was made known. Its mail
// waits until the head has read of the loan.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include <rankine/core/ids.hpp>

namespace rankine::runtime {

class MailOrder {
 public:
  using Letter = std::vector<std::uint64_t>;  ///< a message, aligned

  /// The next loan of `lender` to `borrower` was read; true: the borrower's kept mail may be read now.
  bool lent(Rank lender, Rank borrower);
  /// What `borrower` sends from here on follows the first `count` loans of `lender` to it.
  void follows(Rank borrower, Rank lender, std::uint64_t count);
  /// Its loans will not be read any more, and its own mail is void. Returns those whose kept mail may be
  /// read.
  std::vector<Rank> lost(Rank dead);

  bool waits(Rank borrower) const { return !waiting_.empty() && waiting_.count(borrower) > 0; }
  void keep(Rank borrower, std::span<const std::byte> message);
  std::vector<Letter> take(Rank borrower);

 private:
  struct Wait {
    Rank lender{};
    std::uint64_t count = 0;
  };
  std::map<std::pair<Rank, Rank>, std::uint64_t> loans_;  ///< read so far, by lender and borrower
  std::map<Rank, Wait> waiting_;
  std::map<Rank, std::vector<Letter>> kept_;
  std::vector<Rank> dead_;
};

}  // namespace rankine::runtime

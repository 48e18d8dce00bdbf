// SPDX-License-Identifier: Apache-2.0
// The runtime's parts by themselves: fibers, packed arguments, failures, names of functions, cursors, the
// order of mail.
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "catch.hpp"
#include "runtime/arguments.hpp"
#include "runtime/blob_pool.hpp"
#include "runtime/failure.hpp"
#include "runtime/fiber.hpp"
#include "runtime/mail_order.hpp"
#include "runtime/options_codec.hpp"
#include "runtime/piece.hpp"
#include "runtime/registry.hpp"

using namespace rankine;
using namespace rankine::runtime;

TEST_CASE("a fiber suspends, goes on, ends, and is used again") {
  FiberPool pool(64 << 10, 4);
  Fiber* fiber = pool.take();
  struct Counting {
    Fiber* fiber;
    int steps = 0;
  } counting{fiber};
  const auto job = [](void* argument) {
    auto& c = *static_cast<Counting*>(argument);
    ++c.steps;
    c.fiber->suspend();
    ++c.steps;
  };
  for (int round = 1; round <= 3; ++round) {
    fiber->assign(job, &counting);
    CHECK_FALSE(fiber->resume());
    CHECK(fiber->resume());
    CHECK(counting.steps == 2 * round);
  }
  pool.give_back(fiber);
  CHECK(pool.live() == 0);
  CHECK(pool.take() == fiber);
  pool.give_back(fiber);
}

TEST_CASE("fibers suspended in handlers keep their own exceptions") {
  FiberPool pool(64 << 10, 4);
  struct Task {
    Fiber* fiber;
    int mine;
    int rethrown = 0;
  };
  const auto job = [](void* argument) {
    auto& task = *static_cast<Task*>(argument);
    try {
      throw task.mine;
    } catch (int) {
      task.fiber->suspend();
      try {
        throw;
      } catch (int again) {
        task.rethrown = again;
      }
    }
  };
  Task a{pool.take(), 1};
  Task b{pool.take(), 2};
  a.fiber->assign(job, &a);
  b.fiber->assign(job, &b);
  a.fiber->resume();
  b.fiber->resume();
  CHECK(a.fiber->resume());
  CHECK(b.fiber->resume());
  CHECK(a.rethrown == 1);
  CHECK(b.rethrown == 2);
}

TEST_CASE("a fiber that is destroyed while suspended is unwound") {
  struct Task {
    Fiber* fiber;
    bool unwound = false;
  } task{};
  {
    FiberPool pool(64 << 10, 4);
    task.fiber = pool.take();
    task.fiber->assign(
        [](void* argument) {
          auto& t = *static_cast<Task*>(argument);
          struct Guard {
            bool& flag;
            ~Guard() { flag = true; }
          } guard{t.unwound};
          try {
            t.fiber->suspend();
          } catch (const FiberClosed&) {
          }
        },
        &task);
    CHECK_FALSE(task.fiber->resume());
    CHECK_FALSE(task.unwound);
  }
  CHECK(task.unwound);
}

TEST_CASE("too many fibers at once are refused with the remedy") {
  FiberPool pool(64 << 10, 2);
  pool.take();
  pool.take();
  CHECK_THROWS_WITH(pool.take(), Catch::Contains("vm.max_map_count"));
}

TEST_CASE("a piece cut from a range has the same elements") {
  const auto element_text = [](std::uint32_t i) { return std::string(i % 7, static_cast<char>('a' + i)); };
  detail::ArgumentsHeader header;
  header.dependencies = 1;
  header.future_mask = 2;
  header.count = 20;
  header.common_bytes = 3;
  std::vector<std::uint64_t> offsets{0};
  std::string elements;
  for (std::uint32_t i = 0; i < 20; ++i) {
    elements += element_text(i);
    offsets.push_back(elements.size());
  }
  header.elements_bytes = elements.size();
  const detail::ArgumentsLayout layout(header);
  std::vector<std::byte> whole(layout.total);
  const std::uint64_t dependency = 99;
  detail::write_header(header, whole.data());
  std::memcpy(whole.data() + layout.ids, &dependency, 8);
  std::memcpy(whole.data() + layout.offsets, offsets.data(), 8 * offsets.size());
  std::memcpy(whole.data() + layout.common, "abc", 3);
  std::memcpy(whole.data() + layout.elements, elements.data(), elements.size());

  BlobPool blobs;
  for (const auto& [from, count] : {std::pair{0u, 20u}, {0u, 1u}, {19u, 1u}, {5u, 9u}}) {
    Blob* blob = blobs.make_inline(cut_bytes(whole, from, count));
    cut(whole, from, count, blob->body());
    ArgumentsView view;
    view.open({blob->inline_bytes(), {}}, true, 0, count);
    CHECK(view.future_mask() == 2);
    CHECK(std::memcmp(view.common().data(), "abc", 3) == 0);
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto bytes = view.element(i);
      CHECK(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()) == element_text(from + i));
    }
    blobs.drop(blob);
  }
}

TEST_CASE("arguments of a single task have a short header, from which all is found again") {
  for (const std::uint32_t dependencies : {0u, 2u}) {
    for (const std::size_t common : {0u, 4u, 32u, 33u, 100u}) {
      detail::ArgumentsHeader header;
      header.dependencies = dependencies;
      header.future_mask = dependencies == 0 ? 0 : 5;
      header.common_bytes = common;
      const detail::ArgumentsLayout layout(header);
      CHECK(layout.ids == (dependencies == 0 ? 8u : 16u));
      CHECK((common <= 32 || layout.common % 64 == 0));
      std::vector<std::byte> bytes(layout.total, std::byte{7});
      detail::write_header(header, bytes.data());
      ArgumentsView view;
      view.open({bytes, {}}, false, 0, 1);
      CHECK(view.future_mask() == header.future_mask);
      CHECK(view.common().data() == bytes.data() + layout.common);
      CHECK(view.common().size() == common);
      view.close();
      bytes.resize(layout.ids + 8 * dependencies - 1);
      CHECK_THROWS_AS(view.open({bytes, {}}, false, 0, 1), Error);
    }
  }
}

TEST_CASE("failures travel as bytes and come out typed") {
  const auto described = [](auto&& thrown) {
    try {
      throw thrown;
    } catch (...) {
      return describe_exception(std::current_exception());
    }
  };
  Failure failure = described(std::domain_error("bad"));
  failure.parts.rank = 3;
  failure.parts.attempt = 2;
  const Failure back = unpack_failure(pack_failure(failure));
  CHECK(back.parts.type == "std::domain_error");
  CHECK(back.parts.text == "bad");
  CHECK(back.parts.rank == 3);
  CHECK_THROWS_AS(throw_failure(back), TaskError);
  CHECK_THROWS_AS(throw_failure(described(TaskCancelled("x"))), TaskCancelled);
  CHECK_THROWS_AS(throw_failure({scheduler::FailureKind::lost, {}}), ObjectLost);
  CHECK_THROWS_AS(throw_failure({scheduler::FailureKind::unsatisfiable, {}}), Unsatisfiable);
  CHECK_THROWS_AS(throw_failure({scheduler::FailureKind::worker_died, {}}), WorkerDied);
  CHECK_THROWS_AS(throw_failure({scheduler::FailureKind::timed_out, {}}), TaskTimedOut);
  CHECK(described(5).parts.type == "int");
}

TEST_CASE("options survive the way and bad ones are named") {
  const Options options{.cpus = 2,
                        .gpus = 0.5,
                        .memory_bytes = 1 << 20,
                        .custom = {{"license", 1}},
                        .priority = -3,
                        .max_retries = 7,
                        .retry_exceptions = true,
                        .timeout = std::chrono::seconds(2),
                        .name = "n",
                        .key = 9,
                        .rank = 4,
                        .node = 1,
                        .soft_affinity = true,
                        .placement = Placement::spread};
  const Options back = unpack_options(pack_options(options));
  CHECK(task_class_of(FunctionId{0}, back) == task_class_of(FunctionId{0}, options));
  CHECK(back.key == 9);
  CHECK_THROWS_WITH(task_class_of(FunctionId{0}, {.gpus = -1}), Catch::Contains("gpus"));
  CHECK_THROWS_WITH(task_class_of(FunctionId{0}, {.max_retries = -1}), Catch::Contains("max_retries"));
  CHECK_THROWS_WITH(task_class_of(FunctionId{0}, {.timeout = std::chrono::seconds(-1)}),
                    Catch::Contains("timeout"));
}

TEST_CASE("names for people") {
  CHECK(display_name("rankine::detail::Tag<&(area(double))>") == "area(double)");
  CHECK(display_name("main::{lambda(int)#1}") == "main::{lambda(int)#1}");
}

TEST_CASE("a cursor hands out each element once and can be cut") {
  Cursor cursor;
  cursor.reset(5);
  CHECK(cursor.take() == 0);
  CHECK(cursor.take() == 1);
  CHECK(cursor.cut() == std::pair{2u, 3u});
  CHECK(cursor.take() == -1);
  CHECK(cursor.end() == 2);
}

TEST_CASE("mail that follows a loan waits until the head has read of it") {
  const Rank lender{1};
  const Rank borrower{2};
  const auto letter = [](std::uint64_t value) { return MailOrder::Letter{value}; };
  const auto keep = [&](MailOrder& order, std::uint64_t value) {
    const MailOrder::Letter one = letter(value);
    order.keep(borrower, std::as_bytes(std::span(one)));
  };
  MailOrder order;
  order.follows(borrower, lender, 0);
  CHECK_FALSE(order.waits(borrower));
  order.follows(borrower, lender, 2);
  CHECK(order.waits(borrower));
  CHECK_FALSE(order.waits(lender));
  keep(order, 7);
  keep(order, 8);
  CHECK_FALSE(order.lent(lender, borrower));
  CHECK_FALSE(order.lent(lender, Rank{3}));
  CHECK(order.lent(lender, borrower));
  CHECK_FALSE(order.waits(borrower));
  CHECK(order.take(borrower) == std::vector{letter(7), letter(8)});
  CHECK(order.take(borrower).empty());
  order.follows(borrower, lender, 2);  // read already
  CHECK_FALSE(order.waits(borrower));

  order.follows(borrower, lender, 3);
  CHECK(order.lost(lender) == std::vector{borrower});
  CHECK_FALSE(order.waits(borrower));
  order.follows(borrower, lender, 9);  // never to be read
  CHECK_FALSE(order.waits(borrower));
}

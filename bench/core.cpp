// SPDX-License-Identifier: Apache-2.0
// rankine-bench-core: the runtime's rates under the names of Ray's microbenchmarks, beside what raw MPI and
// raw memory do in the same program. mpirun -n 2 rankine-bench-core [--json FILE] [--quick] [--filter REGEX]
#include "core.hpp"

#include <CLI/CLI.hpp>

namespace rk = rankine;
using namespace rankine::bench;

namespace {

/// Shows that a wrong result is found: the program must end with exit code 1.
void add_wrong_result(Suite& suite) {
  suite.rate("wrong_result", [](benchmark::State& state) {
    for (auto _ : state) require(rk::submit<increment>(1).get() == 1, "wrong result, as asked for");
    state.SetItemsProcessed(state.iterations());
  });
}

}  // namespace

int main(int argc, char** argv) {
  CommandLine command_line;
  bool wrong = false;
  CLI::App app{"Rates of tasks, actors and objects beside raw MPI. Run with mpirun -n 2 (or more)."};
  command_line.add_to(app);
  app.add_flag("--wrong-result", wrong, "add a measurement whose result is wrong, to see it found");

  rk::RuntimeOptions options;
  options.arena_bytes = std::uint64_t{4} << 30;
  rk::Runtime runtime(options);
  if (const auto code = parse(app, argc, argv, runtime.is_head())) return *code;
  const std::size_t large_bytes = std::size_t{command_line.quick ? 256u : 800u} << 20;  // Ray's is 800 MiB
  const Setting setting{measure_raw_floor(large_bytes), runtime.size(), large_bytes};
  return runtime.run([&] {
    Suite suite(command_line, runtime.size());
    if (wrong) add_wrong_result(suite);
    add_raw(suite, setting);
    add_queue(suite, setting);
    add_tasks(suite, setting);
    add_waits(suite, setting);
    add_actors(suite, setting);
    add_gangs(suite, setting);
    add_objects(suite, setting);
    return report(suite, command_line);
  });
}

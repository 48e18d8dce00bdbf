# SPDX-License-Identifier: Apache-2.0
"""Plants breaches in trees of its own; fails where a script does not report one, or reports a clean file."""
import pathlib
import shutil
import tempfile
import unittest

import format as formatting
import layering
import purity
import tidy
import tree

SPDX = "// SPDX-License-Identifier: Apache-2.0\n"


class LintTest(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="rankine-lint-"))
        self.addCleanup(shutil.rmtree, self.root)

    def found(self, check, files):
        """The breaches, as (relative path, line), that check reports in a tree of {path: text}."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        breaches = list(check(self.root))
        for name in files:
            (self.root / name).unlink()
        return [(path.relative_to(self.root).as_posix(), line or 1) for path, line, _ in breaches]

    def assert_reported(self, check, name, text, line=1):
        self.assertEqual(self.found(check, {name: text}), [(name, line)], f"{name}: {text!r}")

    def assert_clean(self, check, name, text):
        self.assertEqual(self.found(check, {name: text}), [], f"{name}: {text!r}")


class Layering(LintTest):
    def test_breaches(self):
        for name, include in (
                ("src/scheduler/a.cpp", '"runtime/head.hpp"'),
                ("src/scheduler/a.cpp", '"store/arena.hpp"'),
                ("src/scheduler/a.cpp", "<rankine/transport/x.hpp>"),
                ("src/transport/a.cpp", "<rankine/serialize/archive.hpp>"),
                ("src/core/a.cpp", "<rankine/serialize/archive.hpp>"),
                ("src/runtime/a.cpp", "<rankine/task.hpp>"),
                ("src/runtime/a.cpp", '"forecast/ses.hpp"'),
                ("src/forecast/a.cpp", '"runtime/head.hpp"'),
                ("src/kitchen/a.cpp", "<vector>"),
                ("src/core/a.cpp", "<rankine/kitchen/sink.hpp>"),
                ("src/core/a.cpp", '"files/csv.hpp"'),
                ("src/files/a.cpp", '"plot/chart.hpp"'),
                ("src/core/a.cpp", '"../scheduler/state.hpp"'),
                ("src/core/a.cpp", '"rankine/core/ids.hpp"'),
                ("include/rankine/core/a.hpp", "<rankine/rankine.hpp>"),
                ("include/rankine/store/a.hpp", '"store/arena.hpp"'),
                ("include/rankine/task.hpp", "<rankine/forecast/ses.hpp>"),
                ("include/rankine/task.hpp", "<rankine/many_models.hpp>"),
                ("apps/a.cpp", '"scheduler/scheduler.hpp"')):
            with self.subTest(name=name, include=include):
                self.assert_reported(layering.check, name, f"{SPDX}#include {include}\n",
                                     1 if "kitchen/a" in name else 2)

    def test_clean(self):
        for name, include in (
                ("src/scheduler/a.cpp", '"scheduler/state.hpp"'),
                ("src/scheduler/a.cpp", "<rankine/core/ids.hpp>"),
                ("src/store/a.cpp", '"files/nameless_file.hpp"'),
                ("src/runtime/a.cpp", '"scheduler/state.hpp"'),
                ("src/runtime/a.cpp", "<boost/serialization/vector.hpp>"),
                ("src/forecast/a.cpp", "<rankine/task.hpp>"),
                ("include/rankine/many_models.hpp", "<rankine/many_models/chunks.hpp>"),
                ("include/rankine/task.hpp", "<rankine/runtime/context.hpp>"),
                ("apps/a.cpp", "<rankine/rankine.hpp>"),
                ("apps/a.cpp", '"forecast/ses.hpp"'),
                ("bench/a.cpp", '"transport/transport.hpp"'),
                ("src/core/a.cpp", '<vector> // not #include "runtime/head.hpp"')):
            with self.subTest(name=name, include=include):
                self.assert_clean(layering.check, name, f"#include {include}\n")
        self.assert_clean(layering.check, "src/core/a.cpp", '/*\n#include "runtime/head.hpp"\n*/\n')


class Purity(LintTest):
    def test_breaches(self):
        for name, text in (
                ("src/scheduler/a.cpp", "#include <mpi.h>"),
                ("src/scheduler/a.cpp", "#include <thread>"),
                ("src/scheduler/a.cpp", "#include <rankine/core/clock.hpp>"),
                ("src/core/a.cpp", "#include <mutex>"),
                ("src/core/a.cpp", "#include <ctime>"),
                ("src/core/a.cpp", "#include <sys/mman.h>"),
                ("src/serialize/a.cpp", "#include <fstream>"),
                ("src/scheduler/a.cpp", '#include "files/csv.hpp"'),
                ("include/rankine/core/a.hpp", "#include <chrono>"),
                ("include/rankine/serialize/a.hpp", "#include <random>"),
                ("src/scheduler/a.cpp", 'const char* home = getenv("HOME");'),
                ("src/scheduler/a.cpp", "thread_local int depth;"),
                ("src/runtime/head.cpp", "#include <mpi.h>"),
                ("src/runtime/head.cpp", "#include <boost/mpi.hpp>"),
                ("include/rankine/task.hpp", "#include <mpi.h>"),
                ("apps/a.cpp", "#include <mpi.h>"),
                ("src/runtime/executor.cpp", "#include <cuda_runtime.h>"),
                ("src/runtime/executor.cpp", "#ifdef RANKINE_WITH_CUDA"),
                ("src/store/arena.cpp", "#if defined(__CUDACC__)")):
            with self.subTest(name=name, text=text):
                self.assert_reported(purity.check, name, f"{SPDX}{text}\n", 2)

    def test_clean(self):
        for name, text in (
                ("src/scheduler/a.cpp", "#include <vector>"),
                ("src/scheduler/a.cpp", "// no std::thread here, nor <mutex>"),
                ("src/scheduler/a.cpp", 'report("getenv");'),
                ("include/rankine/core/clock.hpp", "#include <ctime>"),
                ("src/transport/rma/window.cpp", "#include <mpi.h>"),
                ("src/store/remote.cpp", "#include <mpi.h>"),
                ("src/runtime/launch.cpp", "#include <mpi.h>"),
                ("src/runtime/gang_shim.cpp", "#include <mpi.h>"),
                ("include/rankine/gang.hpp", "#include <boost/mpi/communicator.hpp>"),
                ("bench/core.cpp", "#include <mpi.h>"),
                ("src/runtime/executor.cpp", "#include <thread>"),
                ("src/store/copy_cuda.cpp", "#include <cuda_runtime.h>")):
            with self.subTest(name=name, text=text):
                self.assert_clean(purity.check, name, f"{SPDX}{text}\n")


def function_of(lines, head="int f(int x) {"):
    return SPDX + head + "\n" + "  g(1);\n" * (lines - 2) + "}\n"


class Tidy(LintTest):
    def test_text(self):
        self.assert_reported(tidy.check, "src/core/a.cpp", "int x;\n")
        self.assert_reported(tidy.check, "tools/a.sh", "#!/bin/bash\necho\n")
        self.assert_reported(tidy.check, "src/core/a.cpp", SPDX + "//" + "x" * 109 + "\n", 2)
        self.assert_reported(tidy.check, "src/core/a.cpp", SPDX + "int x; \n", 2)
        self.assert_reported(tidy.check, "src/core/a.cpp", SPDX + "int x;", 2)
        self.assert_reported(tidy.check, "src/core/a.cpp", SPDX + "// TO" + "DO later\n", 2)
        self.assert_reported(tidy.check, "src/core/a.cpp", SPDX + "// FIX" + "ME later\n", 2)
        self.assert_clean(tidy.check, "src/core/a.cpp", SPDX + "//" + "x" * 108 + "\n")
        self.assert_clean(tidy.check, "tools/a.sh", "#!/bin/bash\n# " + SPDX[3:])
        self.assert_clean(tidy.check, "tests/a.cpp", "// expect: a pointer cannot travel\n" + SPDX)
        self.assert_reported(tidy.check, "tests/a.cpp", "// expect: a pointer cannot travel\nint x;\n")

    def test_names(self):
        self.assert_reported(tidy.check, "src/core/FileName.cpp", SPDX)
        self.assert_reported(tidy.check, "src/core/file-name.hpp", SPDX)
        self.assert_reported(tidy.check, "src/core/file.h", SPDX)
        self.assert_clean(tidy.check, "cmake/RankineBuild.cmake", SPDX)
        self.assert_clean(tidy.check, "src/core/CMakeLists.txt", SPDX)

    def test_scripts(self):
        self.assert_reported(tidy.check, "tools/a.py", "# " + SPDX[3:] + "def f(:\n", 2)
        self.assert_reported(tidy.check, "tools/a.sh", "# " + SPDX[3:] + "if true; then\n")
        long_python = "# " + SPDX[3:] + "def f():\n" + "    pass\n" * tidy.FUNCTION_LINES_MAX
        self.assert_reported(tidy.check, "tools/a.py", long_python, 2)

    def test_function_length(self):
        most = tidy.FUNCTION_LINES_MAX
        self.assert_clean(tidy.check, "src/core/a.cpp", function_of(most))
        for head in ("int f(int x) {", "template <class T> T f(T x) {", "Foo::Foo(int x) : a_{x}, b_{x} {",
                     'TEST_CASE("all") {', "static auto f() -> int {", "void Foo::f() const noexcept {"):
            with self.subTest(head=head):
                self.assert_reported(tidy.check, "src/core/a.cpp", function_of(most + 1, head), 2)
        for head in ("namespace a {", "class A : public B<decltype(f())> {", "struct A {", "enum class E {"):
            with self.subTest(head=head):
                self.assert_clean(tidy.check, "src/core/a.cpp", function_of(most + 1, head))
        inner = "namespace a {\n" + function_of(most + 1)[len(SPDX):] + "}\n"
        self.assert_reported(tidy.check, "src/core/a.cpp", SPDX + inner, 3)


class Format(LintTest):
    def test_unformatted(self):
        program = formatting.find_formatter()
        if program is None:
            self.skipTest("no clang-format of the right version")
        (self.root / ".clang-format").write_text("BasedOnStyle: Google\n")
        check = lambda root: formatting.check(root, program)
        self.assert_reported(check, "src/core/a.cpp", SPDX + "int  x;\n", 2)
        self.assert_clean(check, "src/core/a.cpp", SPDX + "int x;\n")


class Blanking(unittest.TestCase):
    def test_lines_stay(self):
        text = 'a /* { \n } */ "{\\"" \'{\' R"x({\n)x" 1\'000 b // {\n'
        self.assertEqual(tree.blanked(text).count("\n"), text.count("\n"))
        self.assertNotIn("{", tree.blanked(text))
        self.assertIn("b", tree.blanked(text))


if __name__ == "__main__":
    unittest.main()

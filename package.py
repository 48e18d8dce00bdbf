# SPDX-License-Identifier: Apache-2.0
# Rankine for Spack (package API v2.2). This file is the only copy: tools/spack_overlay.sh makes a
# repository that links to it.
import os

from spack_repo.builtin.build_systems.cmake import CMakePackage, generator
from spack_repo.builtin.build_systems.cuda import CudaPackage

from spack.package import *


class Rankine(CMakePackage, CudaPackage):
    """Dynamic tasks, shared objects and many-model training inside one plain MPI job: what Ray
    does, without daemons, ports or head-node scripts."""

    # The clone that this file lies in, found through the link of the Spack repository.
    git = "file://" + os.path.dirname(os.path.realpath(__file__))

    license("Apache-2.0")

    version("main", branch="main")

    variant("tests", default=False, description="Build the tests, for `ctest` in the build folder")
    variant("bench", default=False, description="Build the benches")
    variant("box2d", default=False, description="LunarLander of the reinforcement learning floor")
    variant("nccl", default=False, description="Gangs with NCCL communicators; with cuda")

    depends_on("c", type="build")  # CMake's search for HDF5 tries a C program
    depends_on("cxx", type="build")
    depends_on("cmake@3.22:", type="build")
    depends_on("ninja", type="build")
    depends_on("python@3.9:", type="build", when="+tests")

    depends_on("openmpi@4.1:")
    depends_on("boost@1.74: +mpi+serialization+context")
    depends_on("hdf5@1.10: ~mpi +threadsafe")  # tasks of one rank read files at once
    depends_on("eigen@3.3:")
    depends_on("fmt")
    depends_on("nlohmann-json")
    depends_on("cli11")
    depends_on("robin-map@1:")
    depends_on("zlib-api")
    depends_on("tomlplusplus@3:")
    depends_on("nccl", when="+nccl")
    depends_on("box2d", when="+box2d")
    depends_on("catch2", when="+tests")
    depends_on("benchmark", when="+bench")

    conflicts("cuda_arch=none", when="+cuda", msg="Say which GPUs to build for: cuda_arch=80")
    conflicts("~nccl", when="+cuda", msg="What Rankine does on GPUs needs NCCL: say +cuda+nccl")
    conflicts("+nccl", when="~cuda", msg="NCCL needs CUDA: say +cuda+nccl")
    conflicts("%gcc@:11", msg="Rankine is written in C++20; gcc 12 is the first that compiles it")
    conflicts("platform=windows", msg="Rankine sleeps on Linux futexes")
    conflicts("platform=darwin", msg="Rankine sleeps on Linux futexes")

    generator("ninja")

    def cmake_args(self):
        args = [
            self.define("RANKINE_BUILD_APPS", True),
            self.define_from_variant("RANKINE_BUILD_TESTS", "tests"),
            self.define_from_variant("RANKINE_BUILD_BENCH", "bench"),
            self.define(
                "RANKINE_WERROR", False
            ),  # a newer compiler's new warning is no user's problem
            self.define_from_variant("RANKINE_CUDA", "cuda"),
            self.define_from_variant("RANKINE_BOX2D", "box2d"),
        ]
        if self.spec.satisfies("+cuda"):
            args.append(
                self.define("CMAKE_CUDA_ARCHITECTURES", self.spec.variants["cuda_arch"].value)
            )
        return args

    def test_many_models(self):
        """fit the eight methods to ten generated series on three ranks"""
        program = self.prefix.bin.join("rankine-many-models")
        mpirun = which(self.spec["openmpi"].prefix.bin.mpirun, required=True)
        for name in ("OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"):
            mpirun.add_default_env(name, "1")  # containers build as root
        output = mpirun(
            *("-n", "3", "--oversubscribe", "--bind-to", "none"),
            *(program, "--series", "10", "--out", "run"),
            output=str.split,
            error=str.split,
        )
        check_outputs(['"app"', '"models_fitted"'], output)

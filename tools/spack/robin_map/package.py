# SPDX-License-Identifier: Apache-2.0
# A dependency of Rankine that Spack's own repository does not have (package API v2.2).
from spack_repo.builtin.build_systems.cmake import CMakePackage

from spack.package import *


class RobinMap(CMakePackage):
    """Hash maps with robin hood hashing and backward shift deletion, headers only."""

    homepage = "https://github.com/Tessil/robin-map"
    git = "https://github.com/Tessil/robin-map.git"

    license("MIT")

    version("1.4.1", commit="bd14e6830a1474fed9d2d03f5c3b0683d818d540")
    version("1.2.1", commit="d37a41003bfbc7e12e34601f93c18ca2ff6d7c07")

    depends_on("c", type="build")
    depends_on("cxx", type="build")
    depends_on("cmake@3.3:", type="build")

-- SPDX-License-Identifier: Apache-2.0
-- Lmod: copy to MODULEPATH/rankine/0.1.0.lua, and name what your site calls its Open MPI and HDF5.
-- `cmake --install build --prefix PREFIX` made the folder.
help([[Rankine: dynamic tasks, actors and gangs inside one MPI job. Start with: rankine doctor]])
whatis("Name: rankine")
whatis("Version: 0.1.0")

local prefix = os.getenv("RANKINE_PREFIX") or "/opt/rankine"

depends_on("openmpi", "hdf5")
prepend_path("PATH", pathJoin(prefix, "bin"))
prepend_path("CMAKE_PREFIX_PATH", prefix)

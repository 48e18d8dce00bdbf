# SPDX-License-Identifier: Apache-2.0
# Installs a finished build to a scratch prefix, moves it (an install tree is relocatable), builds the
# consumer project against it as a user would, and runs it under mpirun. Run by ctest:
#   cmake -D BUILD=... -D CONSUMER=... -D SCRATCH=... -D COMPILER=... -D MPIEXEC=... -P consume.cmake
function(step words)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE failed OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(failed)
    message(FATAL_ERROR "${words} failed (${failed}):\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${SCRATCH})
step("Installing" ${CMAKE_COMMAND} --install ${BUILD} --prefix ${SCRATCH}/first)
file(RENAME ${SCRATCH}/first ${SCRATCH}/moved)

file(GLOB_RECURSE package_files ${SCRATCH}/moved/*.cmake)
if(NOT package_files)
  message(FATAL_ERROR "No package files were installed.")
endif()
foreach(package_file IN LISTS package_files)
  file(READ ${package_file} text)
  foreach(path ${BUILD} ${SCRATCH}/first)
    string(FIND "${text}" "${path}" at)
    if(NOT at EQUAL -1)
      message(FATAL_ERROR "${package_file} names ${path}, which a user does not have.")
    endif()
  endforeach()
endforeach()

step("Configuring the consumer" ${CMAKE_COMMAND} -G Ninja -S ${CONSUMER} -B ${SCRATCH}/build
  -D CMAKE_PREFIX_PATH=${SCRATCH}/moved -D CMAKE_CXX_COMPILER=${COMPILER} -D CMAKE_BUILD_TYPE=Release)
step("Building the consumer" ${CMAKE_COMMAND} --build ${SCRATCH}/build)
step("Running the consumer" ${MPIEXEC} -n 2 --oversubscribe --bind-to none ${SCRATCH}/build/consumer)
message("${output}")

# What `rankine new` makes is built and run at once, by an installed `rankine` that finds its launch script.
set(tool ${SCRATCH}/moved/bin/rankine)
if(EXISTS ${tool})
  step("rankine new" ${tool} new ${SCRATCH}/pie)
  step("Configuring the new project" ${CMAKE_COMMAND} -G Ninja -S ${SCRATCH}/pie -B ${SCRATCH}/pie/build
    -D CMAKE_PREFIX_PATH=${SCRATCH}/moved -D CMAKE_CXX_COMPILER=${COMPILER})
  step("Building the new project" ${CMAKE_COMMAND} --build ${SCRATCH}/pie/build)
  step("Running the new project" ${tool} run -n 3 --run ${SCRATCH}/pie/run ${SCRATCH}/pie/build/pie)
  if(NOT output MATCHES "pi is about 3\\.14")
    message(FATAL_ERROR "The new project said:\n${output}")
  endif()
endif()
file(REMOVE_RECURSE ${SCRATCH})

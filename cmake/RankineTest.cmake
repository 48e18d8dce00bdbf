# SPDX-License-Identifier: Apache-2.0
# Test programs on Catch2 (2 or 3) and their registration with ctest.
find_package(Catch2 REQUIRED)

# A sanitizer's checks double what is compiled: optimising the tests on top of it costs more than it saves.
if(RANKINE_SANITIZE AND NOT RANKINE_FUZZ)
  add_compile_options(-O0)
endif()

# One object library holds Catch's main, so that it is compiled once.
add_library(rankine_catch_main STATIC ${PROJECT_SOURCE_DIR}/tests/catch_main.cpp)
target_include_directories(rankine_catch_main PUBLIC ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(rankine_catch_main PUBLIC Catch2::Catch2)
if(Catch2_VERSION VERSION_GREATER_EQUAL 3)
  target_compile_definitions(rankine_catch_main PUBLIC RANKINE_CATCH2_V3)
endif()

# rankine_add_test(NAME SOURCES files... LINK targets... [LABELS labels...] [TIMEOUT seconds] [ARGS args...]
#                  [THREADS])
# A Catch2 program registered as one ctest; an empty run fails. With THREADS (it starts some) the thread
# sanitizer looks at it, too.
function(rankine_add_test name)
  cmake_parse_arguments(test "THREADS" "TIMEOUT" "SOURCES;LINK;LABELS;ARGS" ${ARGN})
  add_executable(${name} ${test_SOURCES})
  target_link_libraries(${name} PRIVATE ${test_LINK} rankine_catch_main rankine_warnings)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  if(NOT test_TIMEOUT)
    set(test_TIMEOUT 120)
  endif()
  if(NOT test_LABELS)
    set(test_LABELS unit)
  endif()
  if(test_THREADS)
    list(APPEND test_LABELS threads)
  endif()
  add_test(NAME ${name} COMMAND ${name} ${test_ARGS} WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${test_TIMEOUT} LABELS "${test_LABELS}")
endfunction()

# rankine_add_mpi_run(NAME PROGRAM target-or-path RANKS n...
#                     [LABELS labels...] [TIMEOUT seconds] [ARGS args...])
# Registers PROGRAM under mpirun once for each rank count, as NAME.rN.
function(rankine_add_mpi_run name)
  cmake_parse_arguments(run "" "PROGRAM;TIMEOUT" "RANKS;LABELS;ARGS" ${ARGN})
  if(NOT run_TIMEOUT)
    set(run_TIMEOUT 120)
  endif()
  if(NOT run_LABELS)
    set(run_LABELS mpi)
  endif()
  foreach(ranks ${run_RANKS})
    add_test(NAME ${name}.r${ranks}
      COMMAND ${MPIEXEC_EXECUTABLE} -n ${ranks} --oversubscribe --bind-to none
        $<TARGET_FILE:${run_PROGRAM}> ${run_ARGS}
      WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
    set_tests_properties(${name}.r${ranks} PROPERTIES TIMEOUT ${run_TIMEOUT} LABELS "${run_LABELS}"
      PROCESSORS ${ranks}
      ENVIRONMENT "OMPI_ALLOW_RUN_AS_ROOT=1;OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1")
  endforeach()
endfunction()

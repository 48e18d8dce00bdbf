# SPDX-License-Identifier: Apache-2.0
# Tests that a snippet does not compile and that the compiler's output says why.

# rankine_add_compile_error(NAME FILE [LINK targets...])
# FILE begins with `// expect: WORDS`. Compiling it (syntax only) must fail and the output must contain
# WORDS, else the test fails. `// expect: compiles` is the control: such a snippet must compile, so that a
# wrong include path or option cannot pass for the expected error. LINK names targets whose include
# directories and definitions are used.
function(rankine_add_compile_error name file)
  cmake_parse_arguments(snippet "" "" "LINK" ${ARGN})
  set(library ${name}.snippet)
  string(REPLACE "/" "_" library ${library})
  # An object library that is never built: it only carries the compile options of its targets.
  add_library(${library} OBJECT EXCLUDE_FROM_ALL ${file})
  target_link_libraries(${library} PRIVATE ${snippet_LINK})
  set(includes $<TARGET_PROPERTY:${library},INCLUDE_DIRECTORIES>)
  set(definitions $<TARGET_PROPERTY:${library},COMPILE_DEFINITIONS>)
  add_test(NAME ${name}
    COMMAND ${CMAKE_COMMAND}
      -DCOMPILER=${CMAKE_CXX_COMPILER} -DSNIPPET=${file}
      "-DINCLUDES=$<JOIN:${includes},|>" "-DDEFINITIONS=$<JOIN:${definitions},|>"
      -P ${PROJECT_SOURCE_DIR}/cmake/compile_error_check.cmake)
  set_tests_properties(${name} PROPERTIES TIMEOUT 120 LABELS "unit;compile_error")
endfunction()

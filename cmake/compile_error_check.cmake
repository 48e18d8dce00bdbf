# SPDX-License-Identifier: Apache-2.0
# The run of one rankine_add_compile_error test:
# cmake -DCOMPILER= -DSNIPPET= -DINCLUDES=a|b -DDEFINITIONS=c|d -P this.
file(STRINGS ${SNIPPET} first LIMIT_COUNT 1)
if(NOT first MATCHES "^// expect: (.+)$")
  message(FATAL_ERROR "${SNIPPET}: its first line must be '// expect: WORDS' or '// expect: compiles'")
endif()
set(words "${CMAKE_MATCH_1}")

string(REPLACE "|" ";" includes "${INCLUDES}")
string(REPLACE "|" ";" definitions "${DEFINITIONS}")
list(TRANSFORM includes PREPEND "-I")
list(TRANSFORM definitions PREPEND "-D")
execute_process(
  COMMAND ${COMPILER} -std=c++20 -fsyntax-only -fmessage-length=0 ${includes} ${definitions} ${SNIPPET}
  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)

if(words STREQUAL "compiles")
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${SNIPPET} should compile but does not:\n${output}")
  endif()
elseif(result EQUAL 0)
  message(FATAL_ERROR "${SNIPPET} should not compile but does")
else()
  string(FIND "${output}" "${words}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "${SNIPPET} fails to compile, but without the words\n  ${words}\nin\n${output}")
  endif()
endif()

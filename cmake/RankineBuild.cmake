# SPDX-License-Identifier: Apache-2.0
# Compiler settings and the one function that declares a floor of the house.
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
include(GNUInstallDirs)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

add_library(rankine_warnings INTERFACE)
target_compile_options(rankine_warnings INTERFACE
  $<$<NOT:$<COMPILE_LANGUAGE:CUDA>>:-Wall;-Wextra;$<$<BOOL:${RANKINE_WERROR}>:-Werror>>
  $<$<COMPILE_LANGUAGE:CUDA>:$<$<BOOL:${RANKINE_WERROR}>:--Werror=all-warnings>;-Xcompiler=-Wall,-Wextra>)

if(RANKINE_SANITIZE)
  add_compile_options($<$<NOT:$<COMPILE_LANGUAGE:CUDA>>:-fsanitize=${RANKINE_SANITIZE}>
    $<$<NOT:$<COMPILE_LANGUAGE:CUDA>>:-fno-omit-frame-pointer>
    $<$<NOT:$<COMPILE_LANGUAGE:CUDA>>:-fno-sanitize-recover=all>)
  add_link_options(-fsanitize=${RANKINE_SANITIZE})
endif()

# rankine_add_floor(NAME SOURCES files... [DEPENDS targets...] [PRIVATE targets...])
# One library a floor: target rankine_NAME, alias rankine::NAME. A file may include its own floor and
# lower ones: public headers as <rankine/...>, private ones as "NAME/...".
function(rankine_add_floor name)
  cmake_parse_arguments(floor "" "" "SOURCES;DEPENDS;PRIVATE" ${ARGN})
  add_library(rankine_${name} STATIC ${floor_SOURCES})
  add_library(rankine::${name} ALIAS rankine_${name})
  set_target_properties(rankine_${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(rankine_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_compile_features(rankine_${name} PUBLIC cxx_std_20)
  target_link_libraries(rankine_${name} PUBLIC ${floor_DEPENDS} PRIVATE ${floor_PRIVATE}
    $<BUILD_INTERFACE:rankine_warnings>)
  set_property(GLOBAL APPEND PROPERTY RANKINE_FLOORS rankine_${name})
endfunction()

# SPDX-License-Identifier: Apache-2.0
# Installs every floor, the public headers, the programs and the files for find_package(rankine), whose
# targets are rankine::rankine (the public API) and rankine::FLOOR. Private headers are never installed.
include(CMakePackageConfigHelpers)

get_property(installed_targets GLOBAL PROPERTY RANKINE_FLOORS)
# The umbrella of the public API is no floor; it may be declared under any name with the alias
# rankine::rankine.
if(TARGET rankine::rankine)
  get_target_property(umbrella rankine::rankine ALIASED_TARGET)
  set_target_properties(${umbrella} PROPERTIES EXPORT_NAME rankine)
  list(APPEND installed_targets ${umbrella})
endif()
list(REMOVE_DUPLICATES installed_targets)
# `ninja installed`: all that `cmake --install` needs, without tests and benches.
add_custom_target(installed DEPENDS ${installed_targets})

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/rankine)
install(TARGETS ${installed_targets} EXPORT rankineTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/rankine DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.hpp")
install(EXPORT rankineTargets NAMESPACE rankine:: DESTINATION ${package_dir})

# The programs of apps/; hello and the like are read, not installed, where apps/ excludes them from `all`.
if(RANKINE_BUILD_APPS)
  get_property(programs DIRECTORY ${PROJECT_SOURCE_DIR}/apps PROPERTY BUILDSYSTEM_TARGETS)
  foreach(program IN LISTS programs)
    get_target_property(type ${program} TYPE)
    get_target_property(left_out ${program} EXCLUDE_FROM_ALL)
    if(type STREQUAL "EXECUTABLE" AND NOT left_out)
      install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
      add_dependencies(installed ${program})
    endif()
  endforeach()
endif()

# The launch script, to which `rankine run` hands on, with the job scripts that end in it.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/slurm DESTINATION ${CMAKE_INSTALL_DATADIR}/rankine
  USE_SOURCE_PERMISSIONS)

# The consumer's find_dependency calls name exactly what the installed targets link: a static library hands
# its private dependencies on. A link to a namespace that is missing here stops the configuration.
set(linked "")
foreach(target IN LISTS installed_targets)
  foreach(property LINK_LIBRARIES INTERFACE_LINK_LIBRARIES)
    get_target_property(libraries ${target} ${property})
    list(APPEND linked ${libraries})
  endforeach()
endforeach()
string(REGEX MATCHALL "[A-Za-z0-9_]+::[A-Za-z0-9_]+" linked "${linked}")
list(REMOVE_DUPLICATES linked)
set(RANKINE_FIND_DEPENDENCIES "")
set(boost_components "")
foreach(library IN LISTS linked)
  string(REGEX REPLACE "^(.*)::(.*)$" "\\1;\\2" parts ${library})
  list(GET parts 0 package)
  list(GET parts 1 component)
  if(package STREQUAL "rankine")
    continue()
  elseif(package STREQUAL "Boost")
    if(NOT component MATCHES "^(headers|boost)$")
      list(APPEND boost_components ${component})
    endif()
    set(call "Boost 1.74 COMPONENTS @boost_components@")
  elseif(package STREQUAL "MPI")
    set(call "MPI COMPONENTS CXX")
  elseif(package STREQUAL "hdf5" OR package STREQUAL "HDF5")
    set(call "HDF5 COMPONENTS C")
  elseif(package STREQUAL "Eigen3")
    set(call "Eigen3 3.3 NO_MODULE")
  elseif(package STREQUAL "CUDA")
    set(call "CUDAToolkit")
  elseif(package STREQUAL "tsl")
    set(call "tsl-robin-map")
  elseif(package MATCHES "^(Threads|ZLIB|fmt|nlohmann_json|tomlplusplus|CLI11)$")
    set(call "${package}")
  else()
    message(FATAL_ERROR "An installed target links ${library}; say here how a consumer finds ${package}.")
  endif()
  list(APPEND RANKINE_FIND_DEPENDENCIES "find_dependency(${call})")
endforeach()
if("find_dependency(HDF5 COMPONENTS C)" IN_LIST RANKINE_FIND_DEPENDENCIES)
  list(APPEND RANKINE_FIND_DEPENDENCIES "enable_language(C)  # FindHDF5 tries a C program")  # sorts first
endif()
list(REMOVE_DUPLICATES RANKINE_FIND_DEPENDENCIES)
list(SORT RANKINE_FIND_DEPENDENCIES)
list(SORT boost_components)
list(JOIN boost_components " " boost_components)
list(JOIN RANKINE_FIND_DEPENDENCIES "\n" RANKINE_FIND_DEPENDENCIES)
string(CONFIGURE "${RANKINE_FIND_DEPENDENCIES}" RANKINE_FIND_DEPENDENCIES @ONLY)
string(REPLACE "COMPONENTS )" ")" RANKINE_FIND_DEPENDENCIES "${RANKINE_FIND_DEPENDENCIES}")

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/rankineConfig.cmake.in
  ${PROJECT_BINARY_DIR}/rankineConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/rankineConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/rankineConfig.cmake ${PROJECT_BINARY_DIR}/rankineConfigVersion.cmake
  DESTINATION ${package_dir})

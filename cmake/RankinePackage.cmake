# SPDX-License-Identifier: Apache-2.0
# A Debian package of what is installed: (cd build && cpack -G DEB). Programs, headers and libraries in one;
# what the programs link is found by dpkg-shlibdeps, what a project built on it needs is recommended.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME rankine)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGE_CONTACT "Rankine developers")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "openmpi-bin")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS
  "cmake, make, g++, libopenmpi-dev, libboost-mpi-dev, libboost-serialization-dev, libboost-context-dev, \
libhdf5-dev, libeigen3-dev, libfmt-dev, libtomlplusplus-dev, nlohmann-json3-dev, robin-map-dev, zlib1g-dev")
include(CPack)

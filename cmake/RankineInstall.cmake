# SPDX-License-Identifier: Apache-2.0
# install(TARGETS ...) of every floor, the public headers and the package files for find_package(rankine).

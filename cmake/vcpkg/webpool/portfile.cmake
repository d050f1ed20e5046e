# Installs the folder that this recipe lies in: vcpkg install webpool --overlay-ports=cmake/vcpkg
# vcpkg does not look for changes in it; after one, run `vcpkg remove webpool` and install with --no-binarycaching.
set(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../../..")
set(VCPKG_BUILD_TYPE release)  # nothing is compiled here,
set(VCPKG_FIXUP_ELF_RPATH OFF)  # so there is no binary to patch

vcpkg_cmake_configure(SOURCE_PATH "${SOURCE_PATH}")
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/webpool)

file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/lib")
file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")

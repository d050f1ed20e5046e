"""Conan 2: makes a package of the folder that this recipe lies in.

conan create cmake/conan --build=missing -s compiler.cppstd=20
"""

import os

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain
from conan.tools.files import copy

required_conan_version = ">=2.0"


class WebpoolConan(ConanFile):
    name = "webpool"
    version = "0.2.0"
    license = "MIT"
    description = "Makes real web browsers a pool of AI accelerators"
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"

    def export_sources(self):
        root = os.path.join(self.recipe_folder, "..", "..")
        for pattern in ("CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "js/node_modules/onnxruntime-web/dist/ort*"):
            copy(self, pattern, root, self.export_sources_folder)

    def requirements(self):
        self.requires("asio/[>=1.22 <1.33]", transitive_headers=True)
        self.requires("websocketpp/0.8.2", transitive_headers=True, options={"asio": "standalone"})
        self.requires("simdjson/[>=3 <5]", transitive_headers=True, transitive_libs=True)
        self.requires("protozero/[>=1.7 <2]", transitive_headers=True)

    def validate(self):
        check_min_cppstd(self, 20)

    def generate(self):
        CMakeDeps(self).generate()
        CMakeToolchain(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))

    def package_id(self):
        self.info.clear()

    def package_info(self):
        # The package's own CMake files define the targets.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = [os.path.join("lib", "cmake", "webpool")]
        self.cpp_info.bindirs = self.cpp_info.libdirs = []

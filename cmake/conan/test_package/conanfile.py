"""Builds hello.cpp against the package. Running it takes a browser, so that is left to its users."""

import os

from conan import ConanFile
from conan.tools.cmake import CMake, cmake_layout


class WebpoolTestConan(ConanFile):
    settings = "os", "arch", "compiler", "build_type"
    generators = "CMakeDeps", "CMakeToolchain"

    def requirements(self):
        self.requires(self.tested_reference_str)

    def layout(self):
        cmake_layout(self)

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def test(self):
        assert os.access(os.path.join(self.cpp.build.bindir, "hello"), os.X_OK)

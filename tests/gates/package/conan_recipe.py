#!/usr/bin/env python3
"""conan_recipe.py RECIPE WORK GENERATOR COMPILER: runs the recipe for Conan without Conan, of which it brings as much as the
recipe needs. The package is then in WORK/package, without its dependencies."""

import pathlib
import shutil
import subprocess
import sys
import types

RECIPE, WORK = map(pathlib.Path, sys.argv[1:3])
GENERATOR, COMPILER = sys.argv[3:]


class ConanFile:
    def __init__(self):
        self.recipe_folder = str(RECIPE.parent)
        self.export_sources_folder = self.source_folder = str(WORK / "source")
        self.package_folder = str(WORK / "package")
        self.info = types.SimpleNamespace(clear=lambda: None)
        self.cpp_info = types.SimpleNamespace(set_property=lambda name, value: None)
        self.required = {}

    def requires(self, reference, **traits):
        self.required[reference.partition("/")[0]] = traits


class CMake:
    def __init__(self, recipe):
        self.recipe = recipe

    def configure(self):
        subprocess.run(["cmake", "-S", self.recipe.source_folder, "-B", WORK / "build", "-G", GENERATOR,
                        f"-DCMAKE_CXX_COMPILER={COMPILER}"], check=True)

    def install(self):
        subprocess.run(["cmake", "--install", WORK / "build", "--prefix", self.recipe.package_folder], check=True,
                       stdout=subprocess.DEVNULL)


class Generator:
    def __init__(self, recipe):
        pass

    def generate(self):
        pass


def copy(recipe, pattern, source, destination):
    """As Conan's: the pattern's `*` also matches folders."""
    for path in map(pathlib.Path, map(str, pathlib.Path(source).resolve().glob(pattern))):
        target = pathlib.Path(destination) / path.relative_to(pathlib.Path(source).resolve())
        if path.is_dir():
            shutil.copytree(path, target, dirs_exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def module(name, **members):
    sys.modules[name] = types.ModuleType(name)
    vars(sys.modules[name]).update(members)


module("conan", ConanFile=ConanFile)
module("conan.tools")
module("conan.tools.build", check_min_cppstd=lambda recipe, least: None)
module("conan.tools.cmake", CMake=CMake, CMakeDeps=Generator, CMakeToolchain=Generator)
module("conan.tools.files", copy=copy)

shutil.rmtree(WORK, ignore_errors=True)
names = {}
exec(compile(RECIPE.read_text(), RECIPE, "exec"), names)
recipe = names["WebpoolConan"]()
for step in ("export_sources", "requirements", "validate", "generate", "build", "package", "package_id", "package_info"):
    getattr(recipe, step)()

package = pathlib.Path(recipe.package_folder)
for file in ("licenses/LICENSE", "share/webpool/ort/ort.wasm.bundle.min.mjs", f"{recipe.cpp_info.builddirs[0]}/webpool-config.cmake"):
    if not (package / file).is_file():
        sys.exit(f"the package has no {file}")
if set(recipe.required) != {"asio", "websocketpp", "simdjson", "protozero"}:
    sys.exit(f"the package requires {', '.join(recipe.required)}")

"""Compiles and links programs that use the library, and takes the time of that."""

import dataclasses
import os
import pathlib
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARIES = ("-lsimdjson", "-lpthread")
RUN_A_MODEL = """
int main() {
  webpool::ResourcePool<> pool;
  auto model = pool.load("model.onnx");
  return static_cast<int>(model({{"x", webpool::Tensor::from(std::vector<float>{1}, {1})}})["y"].as<float>()[0]);
}
"""


@dataclasses.dataclass(frozen=True)
class Took:
    wall: float  # seconds
    user: float  # seconds of the processors, outside the kernel


def gxx() -> str:
    return os.environ.get("CXX", "g++")


def command(compiler: str, include: pathlib.Path, *flags: str) -> list[str]:
    return [compiler, "-std=c++20", "-DASIO_STANDALONE", f"-I{include}", *flags]


def run(*arguments) -> Took:
    """Runs to its end, without a cache; throws `CalledProcessError` if it fails."""
    began = time.monotonic()
    process = subprocess.Popen([str(each) for each in arguments], env=os.environ | {"CCACHE_DISABLE": "1"})
    _, status, usage = os.wait4(process.pid, 0)  # with what its children used
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return Took(time.monotonic() - began, usage.ru_utime)


def stripped_size(program: pathlib.Path) -> int:
    subprocess.run(["strip", program], check=True)
    return program.stat().st_size

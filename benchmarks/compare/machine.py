"""The machine and the versions of what ran on it, for the report's head."""

import os
import pathlib
import platform
import subprocess


def field(file: str, name: str) -> str:
    for line in pathlib.Path(file).read_text().splitlines():
        key, _, value = line.partition(":" if ":" in line else "=")
        if key.strip() == name:
            return value.strip().strip('"')
    return "unknown"


def said_by(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=20).stdout.split("\n")[0].strip()
    except (OSError, subprocess.TimeoutExpired):
        return "not installed"


def hardware() -> str:
    memory = int(field("/proc/meminfo", "MemTotal").split()[0]) / 2**20
    return (f"{field('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores, {memory:.0f} GiB, "
            f"{field('/etc/os-release', 'PRETTY_NAME')}, Linux {platform.release()}, load {os.getloadavg()[0]:.1f} at the start.")


def software(versions: dict[str, str]) -> str:
    """`versions` and those of what is used throughout."""
    everything = {"Node.js": said_by("node", "--version"), "g++": said_by("g++", "-dumpfullversion"),
                  "Python": platform.python_version(), **versions}
    browsers = [said_by("chromium", "--version"), said_by("firefox-esr", "--version")]
    return ", ".join([*browsers, *(f"{name} {version}" for name, version in sorted(everything.items()))]) + "."

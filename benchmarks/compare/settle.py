"""Waits until browsers that have just started, or have just worked, leave the machine alone."""

import pathlib
import time

WINDOW = 1.0  # seconds
MOST_BUSY = 0.1  # of all cores, throughout a window
PATIENCE = 15.0  # seconds; a machine that is busy with something else is measured as it is


def processor_time() -> tuple[int, int]:
    """Ticks since the start: those of idle cores, and all (proc(5))."""
    ticks = [int(each) for each in pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return ticks[3] + ticks[4], sum(ticks)


def settle() -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        idle, total = processor_time()
        time.sleep(WINDOW)
        idle_later, total_later = processor_time()
        if total_later - total - (idle_later - idle) <= MOST_BUSY * (total_later - total):
            return

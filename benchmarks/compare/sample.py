"""Values of one thing that was measured again and again."""

import math


def time_text(us: float) -> str:
    """Microseconds for people: three digits or so in the unit that suits."""
    for limit, factor, unit in ((1e3, 1, "µs"), (1e6, 1e3, "ms"), (math.inf, 1e6, "s")):
        if us < limit:
            value = us / factor
            return f"{value:.0f} {unit}" if value >= 100 else f"{value:.1f} {unit}" if value >= 10 else f"{value:.2f} {unit}"
    raise ValueError(us)


def size_text(size: int) -> str:
    for factor, unit in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= factor:
            return f"{size // factor} {unit}"
    return f"{size} B"


class Sample:
    def __init__(self, values=()):
        self.values = list(values)

    def __len__(self) -> int:
        return len(self.values)

    def add(self, values) -> None:
        self.values += values

    def quantile(self, share: float) -> float:
        """The value that this share of all does not exceed: an element of the sample, by nearest rank."""
        return sorted(self.values)[max(0, math.ceil(share * len(self.values)) - 1)]

    @property
    def median(self) -> float:
        return self.quantile(0.5)

    @property
    def p95(self) -> float:
        return self.quantile(0.95)

    @property
    def p99(self) -> float:
        return self.quantile(0.99)

    def text(self) -> str:
        """Of microseconds: median, p95 and number of runs."""
        return f"{time_text(self.median)} (p95 {time_text(self.p95)}, n {len(self)})"

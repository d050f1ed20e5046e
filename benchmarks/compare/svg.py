"""Charts as SVG text: bars, and lines on linear or logarithmic axes."""

import html
import math

# Okabe and Ito's colours, which people with any colour vision can tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
LEFT, RIGHT, TOP, BOTTOM = 84, 680, 66, 400


class Drawing:
    def __init__(self, width: int, height: int, title: str):
        self._parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
                       'font-family="sans-serif" font-size="13">', '<rect width="100%" height="100%" fill="white"/>']
        self.write(16, 26, title, colour="#111", style='font-size="16" font-weight="bold"')

    def write(self, x, y, words, anchor="start", colour="#444", style=""):
        self._parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" {style}>{html.escape(words)}</text>')

    def line(self, x1, y1, x2, y2, colour="#ddd", style=""):
        self._parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" {style}/>')

    def bar(self, x, y, width, height, colour):
        self._parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>')

    def path(self, points, colour, width):
        text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="{width}" points="{text}"/>')
        self._parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{width + 1}" fill="{colour}"/>' for x, y in points]

    def text(self) -> str:
        return "\n".join([*self._parts, "</svg>"]) + "\n"


def bar_chart(title, axis, bars, label=lambda value: f"{value:.3g}", log=False) -> str:
    """Horizontal bars (name, value), with the figure behind each."""
    drawing = Drawing(820, TOP + 28 * len(bars) + 20, title)
    drawing.write(16, 48, axis)
    scaled = (lambda value: math.log10(value / floor)) if log else (lambda value: value)
    floor = 10 ** math.floor(math.log10(min(value for _, value in bars))) if log else 0
    most = max(scaled(value) for _, value in bars) or 1
    for i, (name, value) in enumerate(bars):
        y, width = TOP + 28 * i, max(380 * scaled(value) / most, 1)
        drawing.write(270, y + 15, name, "end")
        drawing.bar(280, y, width, 20, COLOURS[0])
        drawing.write(288 + width, y + 15, label(value), colour="#111")
    return drawing.text()


def tick_of(extent: float, parts: int) -> float:
    """The first power of ten times 1, 2 or 5 that divides `extent` into at most `parts`."""
    power = 10 ** math.floor(math.log10(extent / parts))
    return next(power * factor for factor in (1, 2, 5, 10) if extent / (power * factor) <= parts)


def line_chart(title, x_axis, y_axis, series, log_x=False, log_y=False, x_label=lambda x: f"{x:g}", y_label=lambda y: f"{y:g}") -> str:
    """`series`: a name and its points each. The marks on x are the points' own places; on y, round numbers."""
    drawing = Drawing(RIGHT + 220, 450, title)
    places = sorted({x for _, points in series for x, _ in points})
    values = [y for _, points in series for _, y in points]
    low, high = (math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))) if log_y else (0, max(values) * 1.05)
    spread = (lambda x: math.log(x)) if log_x else (lambda x: x)
    width = spread(places[-1]) - spread(places[0]) or 1
    x_of = lambda x: LEFT + 12 + (RIGHT - LEFT - 24) * (spread(x) - spread(places[0])) / width
    y_of = lambda y: BOTTOM - (BOTTOM - TOP) * ((math.log10(y) if log_y else y) - low) / ((high - low) or 1)
    drawing.write(16, 48, y_axis)
    drawing.write((LEFT + RIGHT) / 2, 438, x_axis, "middle")
    step = 1 if log_y else tick_of(high, 6)
    for i in range(round((high - low) // step) + 1):
        y = 10 ** (low + i) if log_y else i * step
        drawing.line(LEFT, y_of(y), RIGHT, y_of(y))
        drawing.write(LEFT - 8, y_of(y) + 4, y_label(y), "end")
    for x in places:
        drawing.write(x_of(x), BOTTOM + 18, x_label(x), "middle")
    for i, (name, points) in enumerate(series):
        colour = COLOURS[i % len(COLOURS)]
        drawing.path([(x_of(x), y_of(y)) for x, y in points], colour, 3 if i == 0 else 1.6)
        drawing.bar(RIGHT + 16, TOP + 22 * i + 1, 14, 4, colour)
        drawing.write(RIGHT + 36, TOP + 22 * i + 10, name)
    return drawing.text()

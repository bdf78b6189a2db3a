"""The throughput of each stage as an SVG: what memory, inflating and the disk allow, and where the command is."""

import math
from typing import Any
from xml.sax.saxutils import escape

STAGES = {
    "scan": "memory scan",
    "inflate": "inflate",
    "rows": "rows to columns",
    "pages": "columns to pages",
    "disk": "disk write",
    "whole": "whole command",
}
WIDTH, LEFT, RIGHT, BAR, GAP = 760, 170, 90, 16, 6
STYLE = """
.back { fill: #ffffff } text { fill: #1f2328; font: 13px system-ui, sans-serif } .title { font-weight: 600 }
.small { font-size: 11px; fill: #59636e } .grid { stroke: #d1d9e0 } .bound { fill: #8c959f } .stage { fill: #0969da }
.whole { fill: #bc4c00 }
@media (prefers-color-scheme: dark) {
.back { fill: #0d1117 } text { fill: #f0f6fc } .small { fill: #9198a1 } .grid { stroke: #3d444d }
.bound { fill: #656c76 } .stage { fill: #4493f8 } .whole { fill: #db6d28 } }
"""


def svg(convert: dict[str, dict[str, Any]], caption: str) -> str:
    """Bars of bytes of text per second, on a logarithmic scale, for each input of `convert`."""
    speeds = {
        name: {stage: values[f"{stage} bytes_per_second"] for stage in STAGES} for name, values in convert.items()
    }
    every = [speed for stages in speeds.values() for speed in stages.values()]
    low = math.floor(math.log10(min(every)))
    high = max(low + 1, math.ceil(math.log10(max(every))))
    room = WIDTH - LEFT - RIGHT

    def x(speed: float) -> float:
        return LEFT + room * (math.log10(speed) - low) / (high - low)

    body, y = [], 52
    for name, stages in speeds.items():
        body.append(f'<text class="title" x="12" y="{y + 12}">{escape(name)}</text>')
        y += 22
        for stage, speed in stages.items():
            kind = {"scan": "bound", "disk": "bound", "whole": "whole"}.get(stage, "stage")
            middle = y + BAR - 4
            body += [
                f'<text x="{LEFT - 8}" y="{middle}" text-anchor="end">{STAGES[stage]}</text>',
                f'<rect class="{kind}" x="{LEFT}" y="{y}" width="{x(speed) - LEFT:.1f}" height="{BAR}"/>',
                f'<text x="{x(speed) + 6:.1f}" y="{middle}">{amount(speed)}</text>',
            ]
            y += BAR + GAP
        y += 14
    grid = []
    for power in range(low, high + 1):
        at = x(10.0**power)
        grid += [
            f'<line class="grid" x1="{at:.1f}" y1="48" x2="{at:.1f}" y2="{y}"/>',
            f'<text class="small" x="{at:.1f}" y="{y + 14}" text-anchor="middle">{amount(10.0**power)}</text>',
        ]
    height = y + 30
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
            ' role="img" aria-label="Throughput of each stage">',
            f"<style>{STYLE}</style>",
            f'<rect class="back" width="{WIDTH}" height="{height}"/>',
            '<text class="title" x="12" y="20">Each stage alone on one core, and the whole command</text>',
            f'<text class="small" x="12" y="38">{escape(caption)}</text>',
            *grid,
            *body,
            "</svg>\n",
        ]
    )


def amount(speed: float) -> str:
    """Bytes per second in words."""
    for unit, size in (("GB/s", 1e9), ("MB/s", 1e6), ("kB/s", 1e3)):
        if speed >= size:
            return f"{speed / size:.3g} {unit}"
    return f"{speed:.3g} B/s"

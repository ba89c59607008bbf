"""How every figure looks and how it is saved: sized for print, legible without colour, the same bytes every time."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import seaborn as sns
from matplotlib.figure import Figure

from licbench.errors import SettingsError
from licbench.files import replacing

TWO_COLUMNS = 6.9
"""Width of the printed page of the proceedings, in inches."""
SMALL = 6.5
"""Points; the smallest type in any figure."""

BLUE, ORANGE, GREEN, RED, PURPLE, BROWN, PINK, GREY, _, SKY = sns.color_palette("colorblind").as_hex()
INK = "#222222"

RC: Any = {
    **sns.axes_style("ticks"),
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 7.5,
    "axes.labelsize": 7.5,
    "axes.titlesize": 8,
    "legend.fontsize": SMALL,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "lines.linewidth": 1.1,
    "lines.markersize": 3.5,
    "grid.linewidth": 0.4,
    "grid.color": "#dddddd",
    "axes.grid": True,
    "axes.axisbelow": True,
    "figure.dpi": 100,
    "savefig.dpi": 300,
    # TrueType outlines inside the PDF: text stays text, and printers need no font
    "pdf.fonttype": 42,
}
# Neither the date nor the version of the library: equal figures are equal files
METADATA: dict[str, dict[str, Any]] = {
    ".png": {"Software": None},
    ".pdf": {"Creator": None, "Producer": None, "CreationDate": None},
}


def styled() -> AbstractContextManager[None]:
    """The style, while a figure is drawn or saved; leaves matplotlib's global settings alone."""
    return mpl.rc_context(RC)


def save(figure: Figure, paths: Iterable[Path]) -> None:
    """Write a figure to each path, as PNG (300 dots an inch) or PDF (fonts embedded), by the path's suffix.

    Raises:
        SettingsError: another suffix.
    """
    for path in paths:
        if path.suffix not in METADATA:
            raise SettingsError(f"{path}: figures are written as {' or '.join(METADATA)}; rename it")
        with styled(), replacing(path) as temporary:
            figure.savefig(temporary, metadata=METADATA[path.suffix])

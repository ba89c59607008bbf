"""What the claims about PCA read off Figure 5."""

from __future__ import annotations

import pandas as pd

from licbench.errors import PointsError

PSNR_DB = 39.2
TOLERANCE_DB = 0.1
"""How far above that the coarsest step may be that reaches it; a figure at another quality decides nothing."""


class Figure5:
    """The rates of one image with each rotation.

    ``data``: see ``paper.figures.latents.figure5_data``; of a model and, where that is measured, of the same with less
    training, which is ``less_trained``.
    """

    def __init__(self, data: pd.DataFrame) -> None:
        crops = data["training_crops"]
        self._lines, less = data[crops == crops.max()], data[crops < crops.max()]
        self.model = str(self._lines["model"].iloc[0])
        self.less_trained = None if less.empty else less

    def difference(self, test: str, anchor: str) -> float:
        """How much more rate one rotation needs than another at the paper's quality, in percent.

        Raises:
            PointsError: it is drawn at another quality.
        """
        return 100 * (self._rate(test) / self._rate(anchor) - 1)

    def _rate(self, rotation: str) -> float:
        (line,) = self._lines[self._lines["rotation"] == rotation].to_dict("records")
        if not 0 <= line["psnr_db"] - PSNR_DB <= TOLERANCE_DB:
            drawn = f"Figure 5 is drawn of {line['model']} at {line['psnr_db']:.2f} dB"
            raise PointsError(f"{drawn}, not {PSNR_DB}; set figure5 in the config")
        bpp: float = line["bpp"]
        return bpp

"""Where the claims find their curves: among the measured rows, or in print."""

from __future__ import annotations

from collections.abc import Collection
from math import log2
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd

from licbench.errors import PointsError
from licbench.evaluation.curves import MeasuredCurve, PublishedCurve, RateDistortionCurve, curve_of
from licbench.evaluation.pooling import Floats
from licbench.evaluation.threshold_scan import qp_sweep
from licbench.measurement.rows import setting
from licbench.paper.claims.figure5 import Figure5
from licbench.paper.tables import GAN_SETTINGS, THRESHOLD_DB, gan_settings
from licbench.paper.training_budget import Cards


class Ref(NamedTuple):
    """Names a curve; without ``curve`` it is all points of the codec."""

    codec: str
    curve: str | None = None

    def __str__(self) -> str:
        return f"{self.codec} {self.curve}" if self.curve else self.codec


class GanPoint(NamedTuple):
    """Names an operating point of the GAN by what Tables 2 to 4 vary; ``GAN_SETTINGS`` in order."""

    input_size: int
    code_size: int
    scale: int
    bits: int
    rotated: bool = False

    def __str__(self) -> str:
        basis = "rotated" if self.rotated else "plain"
        return f"GAN N={self.code_size}, input {self.input_size}, scale {self.scale}, {self.bits} bit, {basis}"


ADAPTIVE = "adaptive"
"""The curve of codec sr that chooses by Pre_PSNR at 33 dB; the others hold one branch each."""
FIGURE5_MODEL = "the CAE of Figure 5"
"""Its name among the codecs that a claim wants trained."""


class Source(Protocol):
    """Curves by name."""

    def curve(self, ref: Ref) -> RateDistortionCurve: ...


class Bench:
    """The measured rows of one dataset.

    Args:
        rows: see ``measurement.rows``.
        cards: of the models that the rows were made with.
        target_bpp: the rate at which codecs are compared.
        ablations: further rows, in which curves and points are found by name.
        figure5: see ``Figure5``.
        half_trained: rows of codecs whose models had half of their training or less.
    """

    def __init__(
        self,
        rows: pd.DataFrame,
        cards: Cards,
        target_bpp: float,
        ablations: pd.DataFrame | None = None,
        *,
        figure5: pd.DataFrame | None = None,
        half_trained: pd.DataFrame | None = None,
    ) -> None:
        self.rows, self.cards, self.target_bpp = rows, cards, target_bpp
        self._figure5 = None if figure5 is None else Figure5(figure5)
        self._half_trained = rows.head(0) if half_trained is None else half_trained
        self._ablations = rows.head(0) if ablations is None else ablations
        self.all_rows = pd.concat([rows, self._ablations], ignore_index=True)
        self.datasets = sorted(set(rows["dataset"]))
        self.images = rows["image"].nunique()
        self.curves: dict[Ref, MeasuredCurve] = {}
        self.gan_points = gan_settings(self.all_rows, cards)

    def curve(self, ref: Ref) -> MeasuredCurve:
        """All points of a curve.

        Raises:
            PointsError: there are none.
        """
        if ref not in self.curves:
            self.curves[ref] = curve_of(self._rows_of(ref), str(ref))
        return self.curves[ref]

    def _rows_of(self, ref: Ref) -> pd.DataFrame:
        own = self.rows[self.rows["codec"] == ref.codec]
        if own.empty:
            raise PointsError(f"{ref.codec} is not measured; add it to codecs in the config")
        if ref.curve == ADAPTIVE:
            return qp_sweep(own, THRESHOLD_DB)
        if ref.curve is None:
            return own
        return self.all_rows[(self.all_rows["codec"] == ref.codec) & (self.all_rows["curve"] == ref.curve)]

    def gan(self, point: GanPoint) -> MeasuredCurve:
        """One point of the GAN.

        Raises:
            PointsError: it is not measured.
        """
        same = self.gan_points[GAN_SETTINGS] == pd.Series(point._asdict())
        found = self.gan_points[same.all(axis=1)]
        if found.empty:
            raise PointsError(f"{point} is not measured; add it to ablations.gan in the config")
        point_rows = self.all_rows["point"] == found["point"].iloc[0]
        own = self.all_rows[(self.all_rows["codec"] == "gan") & point_rows]
        return curve_of(own, str(point))

    def sr(self, qp: int, *, adaptive: bool) -> MeasuredCurve:
        """One point of super-resolution: by the threshold of 33 dB, or SRCNN throughout.

        Raises:
            PointsError: it is not measured.
        """
        own = self.rows[self.rows["codec"] == "sr"]
        if own.empty:
            raise PointsError("sr is not measured; add it to codecs in the config")
        chosen = qp_sweep(own, THRESHOLD_DB) if adaptive else own[own["branch"] == "srcnn"]
        at_qp = [value == qp for value in setting(chosen, "qp")]
        return curve_of(chosen[at_qp], f"sr at QP {qp}")

    @property
    def figure5(self) -> Figure5:
        """The rates of Figure 5.

        Raises:
            PointsError: it is not drawn.
        """
        if self._figure5 is None:
            raise PointsError("Figure 5 is not measured; add cae to codecs in the config")
        return self._figure5

    def pre_psnr(self) -> Floats:
        """Pre_PSNR of each image in dB, shape (images,), in the order of the curves' images.

        Raises:
            PointsError: sr is not measured.
        """
        own = self.rows[self.rows["codec"] == "sr"]
        if own.empty:
            raise PointsError("sr is not measured; add it to codecs in the config")
        return own.groupby("image")["pre_psnr_db"].first().to_numpy(np.float64)

    def undertrained(self, codecs: Collection[str]) -> list[str]:
        """The models behind the rows of these codecs that saw fewer crops than in the paper, with their share."""
        return [
            f"{model} saw {100 * self.cards.share_of_budget(model):.2g} % of the paper's training"
            for model in self._models(codecs)
            if self.cards.undertrained([model])
        ]

    def doublings_left(self, codecs: Collection[str]) -> float:
        """How often the training of the least trained of these codecs' models would double up to the paper's."""
        return max(-log2(self.cards.share_of_budget(model)) for model in self._models(codecs))

    def half_trained(self, codecs: Collection[str]) -> Bench | None:
        """The bench with these codecs' models after half of their training, where all of them are measured so."""
        figure5 = self._figure5.less_trained if self._figure5 else None
        measured = {*self._half_trained["codec"], *([] if figure5 is None else [FIGURE5_MODEL])}
        if not measured.issuperset(codecs):
            return None
        rows, ablations = (held[~held["codec"].isin(codecs)] for held in (self.rows, self._ablations))
        half = self._half_trained[self._half_trained["codec"].isin(codecs)]
        rows = pd.concat([rows, half], ignore_index=True)
        return Bench(rows, self.cards, self.target_bpp, ablations, figure5=figure5)

    def _models(self, codecs: Collection[str]) -> list[str]:
        own = self.all_rows[self.all_rows["codec"].isin(codecs)]
        models: set[Any] = set(setting(own, "model")) - {None}
        if FIGURE5_MODEL in codecs and self._figure5 is not None:
            models.add(self._figure5.model)
        return sorted(models)


class PublishedCurves:
    """The published Figure 6, columns codec, bpp, psnr_db, ms_ssim: one curve a codec, under the paper's names."""

    NAMES = {"jpeg": "JPEG", "cae": "CAE", "gan": "GAN", "sr": "SR", "bpg": "BPG"}  # noqa: RUF012

    def __init__(self, figure6: pd.DataFrame) -> None:
        self.figure6 = figure6

    def curve(self, ref: Ref) -> PublishedCurve:
        """The published curve of a codec, whatever its settings.

        Raises:
            PointsError: the paper draws none.
        """
        own = self.figure6[self.figure6["codec"] == self.NAMES.get(ref.codec)]
        if own.empty:
            raise PointsError(f"Figure 6 has no curve of {ref.codec}; compare with another")
        return PublishedCurve(f"published {ref.codec}", own)

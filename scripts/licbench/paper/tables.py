"""Tables 1 to 4 of the paper as pure functions of the measured rows: exactly the paper's lines, with its values.

A line whose point is not among the rows keeps its published values, has empty measured cells and the setting
``not measured``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from licbench.errors import PointsError
from licbench.evaluation.pooling import adapt, best_within, pool, rows_of
from licbench.measurement.rows import setting, settings_of
from licbench.paper.training_budget import Cards

MEASURED = ("psnr_db", "ms_ssim", "bpp")
NOT_MEASURED = "not measured"
TABLE1_KEYS = ("case", "qp", "adaptive")
TABLE2_KEYS = ("input_size", "code_size")
TABLE3_KEYS = ("code_size", "interpolation")
TABLE4_KEYS = ("quantization_bits",)

THRESHOLD_DB = 33.0
"""Pre_PSNR from which the adaptive codec takes SRCNN (section 3.3)."""
INPUT_SIZE = 128
TABLE4_CODE_SIZE, TABLE4_SCALE = 256, 4
BITS = 8
ROTATED = False
"""Tables 2 to 4 use no rotation: with PCA the published rates would be far lower (Table 5's GAN is the proof)."""
GAN_SETTINGS = ["input_size", "code_size", "scale", "bits", "rotated"]
"""What identifies an operating point of the GAN; the first two are the model's."""


def table1(rows: pd.DataFrame, paper: pd.DataFrame, cards: Cards) -> pd.DataFrame:
    """Table 1: super-resolution, every image at half size with SRCNN, against the choice by Pre_PSNR at 33 dB.

    Args:
        rows: all rows of one dataset, see ``measurement.rows``.
        paper: the published table, columns case, qp, adaptive (yes or no), psnr_db, ms_ssim, bpp.
        cards: of the models that the rows were made with.

    Returns:
        The paper's keys, ``share_srcnn`` (images that take SRCNN), measured and published quality and rate, the
        setting, and ``undertrained``: whether SRCNN saw fewer crops than in the paper's training.
    """
    own = rows[rows["codec"] == "sr"]
    own = own.assign(qp=setting(own, "qp"))
    lines: list[dict[Any, Any]] = []
    for line in paper.to_dict("records"):
        at_qp = own[own["qp"] == line["qp"]]
        chosen = adapt(at_qp, THRESHOLD_DB) if line["adaptive"] == "yes" else at_qp[at_qp["branch"] == "srcnn"]
        if chosen.empty:
            lines.append({"setting": NOT_MEASURED})
            continue
        models = set(setting(chosen, "model"))
        lines.append(
            {
                **pool(chosen).iloc[0],
                "setting": chosen["point"].iloc[0],
                "share_srcnn": (chosen["branch"] == "srcnn").mean(),
                "undertrained": cards.undertrained(models),
            }
        )
    return _with_paper(paper, pd.DataFrame(lines), [*TABLE1_KEYS, "share_srcnn"])


def table2(rows: pd.DataFrame, paper: pd.DataFrame, cards: Cards) -> pd.DataFrame:
    """Table 2: the GAN's input size, 64, 128 or 256, at one code size; the image as it is, 8 bit, no rotation.

    Args:
        rows: all rows of one dataset, see ``measurement.rows``.
        paper: the published table, columns input_size, code_size, psnr_db, ms_ssim, bpp.
        cards: of the models that the rows were made with.
    """
    wanted = paper.assign(scale=1, bits=BITS, rotated=ROTATED)
    return _with_paper(paper, _gan_lines(wanted, rows, cards), TABLE2_KEYS)


def table3(rows: pd.DataFrame, paper: pd.DataFrame, cards: Cards) -> pd.DataFrame:
    """Table 3: the GAN's code size N by bicubic enlargement, input 128, 8 bit, no rotation.

    Args:
        rows: all rows of one dataset, see ``measurement.rows``.
        paper: the published table, columns code_size, interpolation (1, 2 or 4), psnr_db, ms_ssim, bpp.
        cards: of the models that the rows were made with.
    """
    wanted = paper.assign(input_size=INPUT_SIZE, scale=paper["interpolation"], bits=BITS, rotated=ROTATED)
    return _with_paper(paper, _gan_lines(wanted, rows, cards), TABLE3_KEYS)


def table4(rows: pd.DataFrame, paper: pd.DataFrame, cards: Cards) -> pd.DataFrame:
    """Table 4: the depth of the GAN's quantiser at N = 256, enlargement 4, input 128, no rotation.

    Args:
        rows: all rows of one dataset, see ``measurement.rows``.
        paper: the published table, columns quantization_bits, psnr_db, ms_ssim, bpp.
        cards: of the models that the rows were made with.
    """
    wanted = paper.assign(
        input_size=INPUT_SIZE,
        code_size=TABLE4_CODE_SIZE,
        scale=TABLE4_SCALE,
        bits=paper["quantization_bits"],
        rotated=ROTATED,
    )
    return _with_paper(paper, _gan_lines(wanted, rows, cards), TABLE4_KEYS)


TABLES = {"table1": table1, "table2": table2, "table3": table3, "table4": table4}


def gan_settings(rows: pd.DataFrame, cards: Cards) -> pd.DataFrame:
    """Each of the GAN's points once: its curve, point and model, and ``GAN_SETTINGS``, in the rows' order.

    Where two models share their sizes, only the one measured first is listed, so that the settings identify a point.
    """
    own = rows[rows["codec"] == "gan"].drop_duplicates(["curve", "point"])
    lines = []
    for line in own[["curve", "point", "settings"]].to_dict("records"):
        settings = settings_of(line)
        recipe = cards.of(settings["model"])["recipe"]
        sizes = {"input_size": recipe["input_size"], "code_size": recipe["code_size"]}
        lines.append({"curve": line["curve"], "point": line["point"], **settings, **sizes})
    columns = ["curve", "point", "model", *GAN_SETTINGS]
    return pd.DataFrame(lines, columns=columns).drop_duplicates(GAN_SETTINGS, ignore_index=True)


def _gan_lines(wanted: pd.DataFrame, rows: pd.DataFrame, cards: Cards) -> pd.DataFrame:
    """The pooled point of each wanted line, in order; a line without one says so."""
    points = gan_settings(rows, cards)
    keys = points[GAN_SETTINGS].itertuples(index=False, name=None)
    places = dict(zip(keys, zip(points["point"], points["model"], strict=True), strict=True))
    own = rows[rows["codec"] == "gan"]
    lines: list[dict[str, Any]] = []
    for key in wanted[GAN_SETTINGS].itertuples(index=False, name=None):
        if key not in places:
            lines.append({"setting": NOT_MEASURED})
            continue
        point, model = places[key]
        pooled = pool(own[own["point"] == point]).iloc[0]
        lines.append({**pooled, "setting": point, "undertrained": cards.undertrained([model])})
    return pd.DataFrame(lines)


def _with_paper(paper: pd.DataFrame, measured: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """One line for each of the paper's: keys, measured, published, setting."""
    published = paper[list(MEASURED)].add_prefix("paper_")
    table = pd.concat([paper.drop(columns=list(MEASURED)), measured, published], axis=1)
    columns = [*keys, *MEASURED, *published, "setting", "undertrained"]
    return table.reindex(columns=columns).round({"share_srcnn": 4, "psnr_db": 3, "ms_ssim": 4, "bpp": 4})


TABLE5_COLUMNS = (
    "codec",
    "psnr_db",
    "ms_ssim",
    "bpp",
    "paper_psnr_db",
    "paper_ms_ssim",
    "paper_bpp",
    "setting",
    "meets_target_rate",
)
CONTEST_COLUMNS = (
    "entry",
    "psnr_db",
    "ms_ssim",
    "bytes",
    "bpp",
    "official_psnr_db",
    "official_ms_ssim",
    "official_bytes",
    "official_bpp",
    "setting",
    "meets_target_rate",
)


def table5(
    rows: pd.DataFrame, paper: pd.DataFrame, entries: Mapping[str, Mapping[str, Any]], target_bpp: float
) -> pd.DataFrame:
    """Table 5: each entry's best operating point at the target rate, and the published values.

    Args:
        rows: all rows of one dataset.
        paper: the published table, columns codec, psnr_db, ms_ssim, bpp.
        entries: row name -> codec, and a curve, a point or a threshold where only these count (config: table5).
        target_bpp: the target rate, in bits per pixel.

    Raises:
        PointsError: there is no entry, or one has no measured point.
    """
    published = paper.set_index("codec").add_prefix("paper_")
    table = _with_published("table5", rows, published, entries, target_bpp)
    return table.rename(columns={"name": "codec"})[list(TABLE5_COLUMNS)]


def contest(
    rows: pd.DataFrame, leaderboard: pd.DataFrame, entries: Mapping[str, Mapping[str, Any]], target_bpp: float
) -> pd.DataFrame:
    """The entries of the CLIC 2018 challenge as measured here, and the official leaderboard of the validation set.

    Args:
        rows: all rows of one dataset.
        leaderboard: columns entry, split, psnr_db, ms_ssim, bytes, bpp.
        entries: name -> codec and so on, as in ``table5`` (config: contest).
        target_bpp: the challenge's limit, in bits per pixel.

    Raises:
        PointsError: there is no entry, or one has no measured point.
    """
    published = leaderboard[leaderboard["split"] == "valid"].set_index("entry").add_prefix("official_")
    table = _with_published("contest", rows, published, entries, target_bpp)
    return table.rename(columns={"name": "entry"})[list(CONTEST_COLUMNS)]


def _with_published(
    title: str,
    rows: pd.DataFrame,
    published: pd.DataFrame,
    entries: Mapping[str, Mapping[str, Any]],
    target_bpp: float,
) -> pd.DataFrame:
    """Each entry's best point at the target rate, under its ``name``, with its line of ``published``."""
    if not entries:
        raise PointsError(f"{title}: none of its codecs was measured; add a row for yours under {title} in the config")
    lines = []
    for name, entry in entries.items():
        own = rows_of(rows, entry)
        if own.empty:
            raise PointsError(f"{title}: no measured point fits {name}; correct its block in the config")
        chosen, within = best_within(pool(own), target_bpp)
        ours = {**chosen.drop("codec").to_dict(), "name": name, "setting": chosen["point"], "meets_target_rate": within}
        lines.append(ours | (published.loc[name].to_dict() if name in published.index else {}))
    table = pd.DataFrame(lines)
    absent = [column for column in published.columns if column not in table]
    return table.assign(**dict.fromkeys(absent)).round({"psnr_db": 3, "ms_ssim": 4, "bpp": 4})

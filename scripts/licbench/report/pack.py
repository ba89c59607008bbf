"""One archive that a reviewer unpacks and checks: streams, their rows, the models, and this library to decode them."""

from __future__ import annotations

import gzip
import hashlib
import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pandas as pd

from licbench.evaluation.pooling import POINT, pool
from licbench.files import replacing, sha256_of
from licbench.locations import PROJECT
from licbench.measurement.rows import COLUMNS, KEY, read_rows, setting
from licbench.measurement.verify import Finding, Task, checked_stream, outcome, verify_rows
from licbench.report.operating import Entries, operating_rows

FOLDER = "licbench-pack"
"""What the archive unpacks to."""
CHECKER, LIST, RECORD, REQUIREMENTS = "check.py", "files.sha256", "pack.json", "requirements.txt"
ROUNDING = {"psnr_db": 3, "ms_ssim": 4, "bpp": 4}
"""The measured columns of a table, and the digits that it has."""
NAMES = ("codec", "entry")
"""The column that names a table's rows: Table 5's, the contest's."""


@dataclass(frozen=True)
class PackInputs:
    """What a pack is made from.

    ``rows``: part of the run (points, ablations) -> its rows; ``tables``: name -> table, Table 5 and the contest;
    ``entries``: name -> that block of the config; ``streams``: the folder with a folder for each part; ``weights``:
    the models' folder; ``models``: codec -> the models of its block; ``requirements``: the pinned packages.
    """

    rows: Mapping[str, pd.DataFrame]
    tables: Mapping[str, pd.DataFrame]
    entries: Mapping[str, Entries]
    streams: Path
    weights: Path
    models: Mapping[str, Sequence[str]]
    requirements: Path


@dataclass(frozen=True)
class Contents:
    """What a pack holds: the number of streams, and bytes of streams, models and the archive."""

    streams: int
    stream_bytes: int
    model_bytes: int
    bytes: int

    def __str__(self) -> str:
        return (
            f"{self.bytes / 1e6:.1f} MB: {self.streams} streams ({self.stream_bytes / 1e6:.2f} MB), "
            f"models ({self.model_bytes / 1e6:.1f} MB), the library and its checker"
        )


def named_rows(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame], entries: Mapping[str, Entries]) -> pd.DataFrame:
    """The rows, as measured, whose streams the lines of the tables name; in the rows' order.

    Raises:
        PointsError: a line has no row, or not one for each image.
    """
    named: set[tuple[str, ...]] = set()
    for name, table in tables.items():
        lines = table.rename(columns=dict.fromkeys(NAMES, "codec"))
        found = operating_rows(rows, entries[name], lines)
        named |= set(found[list(KEY)].itertuples(index=False, name=None))
    kept = [key in named for key in rows[list(KEY)].itertuples(index=False, name=None)]
    return rows[kept]


def write_pack(inputs: PackInputs, path: Path) -> Contents:
    """Write the archive: the same inputs give the same bytes, whenever and by whomever it is made.

    Raises:
        PointsError: a stream is missing or not the one that was measured.
    """
    files = dict(sorted(_files(inputs)))
    listed = "".join(f"{_digest(held)}  {name}\n" for name, held in files.items())
    with replacing(path) as temporary:
        with (
            temporary.open("wb") as file,
            gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w") as archive,
        ):
            for name, held in {**files, LIST: listed.encode()}.items():
                content = held if isinstance(held, bytes) else held.read_bytes()
                member = tarfile.TarInfo(f"{FOLDER}/{name}")
                member.size = len(content)
                archive.addfile(member, BytesIO(content))
        size = temporary.stat().st_size
    streams = [_size(held) for name, held in files.items() if name.startswith("streams/")]
    models = sum(_size(held) for name, held in files.items() if name.startswith("weights/"))
    return Contents(len(streams), sum(streams), models, size)


def _files(inputs: PackInputs) -> Iterator[tuple[str, bytes | Path]]:
    """Every file of the pack but the list of them: its name in the pack, and its content or where that is."""
    library = PROJECT / "scripts" / "licbench"
    for source in library.rglob("*.py"):
        yield f"scripts/licbench/{source.relative_to(library)}", source
    yield CHECKER, PROJECT / "scripts" / "check_pack.py"
    yield REQUIREMENTS, inputs.requirements
    yield RECORD, (json.dumps({"entries": inputs.entries}, indent=1, sort_keys=True) + "\n").encode()
    for name, table in inputs.tables.items():
        yield f"tables/{name}.csv", _csv(table)
    for part, rows in inputs.rows.items():
        yield f"rows/{part}.csv", _csv(rows[list(COLUMNS)])
        yield from _streams(rows, inputs.streams / part, f"streams/{part}")
    for model in _models(inputs):
        for suffix in (".safetensors", ".json"):
            yield f"weights/{model}{suffix}", inputs.weights / f"{model}{suffix}"


def _streams(rows: pd.DataFrame, streams: Path, name: str) -> Iterator[tuple[str, Path]]:
    for row in rows.to_dict("records"):
        path, _ = checked_stream(Task({str(key): value for key, value in row.items()}, streams, None))
        yield f"{name}/{path.relative_to(streams)}", path


def _models(inputs: PackInputs) -> list[str]:
    """The models that decode the packed streams: those that the rows name, or all of a codec whose rows name none."""
    needed: set[str] = set()
    for rows in inputs.rows.values():
        for codec, own in rows.groupby("codec"):
            named = {str(model) for model in setting(own, "model") if model}
            needed |= named or set(inputs.models.get(str(codec), ()))
    return sorted(needed)


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, lineterminator="\n").encode()


def _digest(held: bytes | Path) -> str:
    return sha256_of(held) if isinstance(held, Path) else hashlib.sha256(held).hexdigest()


def _size(held: bytes | Path) -> int:
    return held.stat().st_size if isinstance(held, Path) else len(held)


def check_pack(pack: Path, images: Path | None, processes: int) -> Iterator[tuple[str, list[str]]]:
    """Decode every stream of an unpacked pack, and compute its tables from its rows.

    Args:
        pack: its folder.
        images: folder of the originals, {image}.png, against which a reconstruction within a level is scored.
        processes: streams decoded at a time.

    Yields:
        For each codec and each table a line that says how it went, and a line for each thing that is wrong.
    """
    found = {path.stem: read_rows(path) for path in sorted((pack / "rows").glob("*.csv"))}
    tasks = [task for part, rows in found.items() for task in _tasks(rows, pack / "streams" / part, images)]
    for codec in dict.fromkeys(task.row["codec"] for task in tasks):
        own = [task for task in tasks if task.row["codec"] == codec]
        findings: list[Finding] = list(verify_rows(own, pack / "weights", processes))
        problems = [finding.problem for finding in findings if finding.problem]
        yield f"{codec}: {outcome(findings, decoded=True)}", problems
    entries = json.loads((pack / RECORD).read_text())["entries"]
    for path in sorted((pack / "tables").glob("*.csv")):
        problems = list(_contradictions(path.stem, pd.read_csv(path), entries[path.stem], found["points"]))
        yield f"{path.stem}: {'differs from' if problems else 'agrees with'} the rows", problems


def _tasks(rows: pd.DataFrame, streams: Path, images: Path | None) -> Iterable[Task]:
    for row in rows.to_dict("records"):
        original = images / f"{row['image']}.png" if images else None
        yield Task({str(key): value for key, value in row.items()}, streams, original)


def _contradictions(name: str, table: pd.DataFrame, entries: Entries, rows: pd.DataFrame) -> Iterator[str]:
    """Cells of a table that its rows do not give, a line each."""
    lines = table.rename(columns=dict.fromkeys(NAMES, "codec"))
    for line in lines.to_dict("records"):
        own = operating_rows(rows, {line["codec"]: entries[line["codec"]]}, pd.DataFrame([line]))
        pooled = pool(own.assign(**dict.fromkeys(POINT, "named"))).iloc[0]
        for column, digits in ROUNDING.items():
            printed, computed = float(line[column]), round(float(pooled[column]), digits)
            if printed != computed and not (pd.isna(printed) and pd.isna(computed)):
                yield f"{name}, {line['codec']}: {column} is {printed:g}, its rows give {computed:g}"

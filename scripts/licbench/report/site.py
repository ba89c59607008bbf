"""The pages: templates filled, data and scripts beside them, nothing fetched from elsewhere."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import pandas as pd
from markdown_it import MarkdownIt
from markupsafe import Markup

from licbench.files import replacing, write_text
from licbench.measurement.rows import without_dataset
from licbench.paper.claims.verdicts import FAILS, HOLDS, OPEN
from licbench.report import runs
from licbench.report.claims_page import claims_page
from licbench.report.curves import curve_data
from licbench.report.evidence import address, copy_all
from licbench.report.graph import rules_in_order
from licbench.report.markdown import LEFT_OUT, TABLES, counted, filled
from licbench.report.models import model_data
from licbench.report.operating import Contenders
from licbench.report.reconstructions import RECORD
from licbench.report.tables import view

PAGES = {
    "index": "Summary",
    "tables": "Tables",
    "claims": "Claims",
    "curves": "Curves",
    "pictures": "Pictures",
    "figures": "Figures",
    "models": "Models",
    "run": "Run",
    "guide": "Guide",
}
"""Template and page -> its name in the menu, in its order."""
PLOTLY = "plotly"
CAPTIONS = {"figure1": "pipelines", "figure4": "pipelines", "figure2": "structures", "figure3": "structures"}
"""Figures whose caption is that of the rule which draws them."""
VERDICTS = {HOLDS: "holds", FAILS: "fails", OPEN: "open"}
"""A verdict -> its style class."""


@dataclass(frozen=True)
class Run:
    """What the report tells."""

    settings: Mapping[str, Any]
    """Of the config: rate_target_bpp, threshold_scan, table5; and the dataset's id."""
    tables: Mapping[str, pd.DataFrame]
    """By name, as in results/{name}.csv: claims, and those of ``pages.TABLES`` that the config could fill."""
    rows: pd.DataFrame
    published: pd.DataFrame
    """The paper's points of Figure 6."""
    cards: Sequence[Path]
    pictures: Sequence[Path]
    """Folders that ``reconstructions`` wrote."""
    figures: Sequence[Path]
    names: Mapping[str, str]
    """Image -> what its file is called."""
    results: Path
    """Folder of the tables and rows, with provenance/ and benchmarks/."""

    @property
    def dataset(self) -> str:
        return str(self.settings["dataset"])

    @property
    def copied(self) -> list[Path]:
        """Files that the pages link to: tables, rows, provenance."""
        tables = [self.results / f"{name}.csv" for name in self.tables]
        rows = sorted(self.results.glob(f"*/{self.dataset}.csv"))
        return [*tables, *rows, *sorted((self.results / "provenance").iterdir())]


def write_report(run: Run, templates: Path, to: Path) -> None:
    """Write the pages and all that they show below ``to``; index.html last.

    Args:
        run: what to tell.
        templates: folder with ``html/`` and the texts tables.md, claims.md and guide.md.
        to: folder to write.
    """
    copy_all([*run.copied, *run.figures], to)
    logs = [log for card in run.cards if (log := card.with_suffix(".csv")).is_file()]
    copy_all([*run.cards, *logs], to)
    _copy_assets(templates / "html" / "assets", to / "assets")
    pictures = _copy_pictures(run, to / "pictures")
    models = model_data(run.cards)
    curves = curve_data(run.rows, run.published, **run.settings["threshold_scan"])
    curves |= {"dataset": run.dataset, "target": run.settings["rate_target_bpp"]}
    for name, data in (("curves", curves), ("pictures", pictures), ("models", models)):
        write_text(to / "assets" / f"{name}-data.js", _script(name, data))
    environment = _environment(templates / "html")
    context = _context(run, environment, templates) | {"pictures": pictures, "models": models, "curves": curves}
    context["colours"] = colours(run.settings["table5"], curves["styles"])
    for page in reversed(PAGES):
        write_text(to / f"{page}.html", environment.get_template(f"{page}.html").render(context, page=page))


def _context(run: Run, environment: jinja2.Environment, templates: Path) -> dict[str, Any]:
    table = environment.get_template("table.html").module.table  # type: ignore[attr-defined]
    shown = {
        name: str(table(name, view(without_dataset(frame, name, run.dataset)), address(f"results/{name}.csv")))
        for name, frame in run.tables.items()
    }
    sizes = run.rows.drop_duplicates("image")
    claims = run.tables["claims"]
    # The text of claims.md before its own table of verdicts
    introduction = claims_page((templates / "claims.md").read_text(), claims, run.dataset, len(sizes)).split("\n## ")[0]
    told = {"dataset": run.dataset, "pictures": counted(len(sizes))}
    return {
        "pages": PAGES,
        "dataset": run.dataset,
        "target": run.settings["rate_target_bpp"],
        "names": run.names,
        "count": len(sizes),
        "megapixels": float((sizes["width"] * sizes["height"]).sum() / 1e6),
        "tables": {name: Markup(html) for name, html in shown.items()},
        "tables_text": _markdown(
            filled((templates / "tables.md").read_text(), {**dict.fromkeys(TABLES, LEFT_OUT), **shown, **told})
        ),
        "claims_text": _markdown(introduction),
        "guide_text": _markdown((templates / "guide.md").read_text()),
        "claims": [_claim(line) for line in claims.astype(object).where(claims.notna(), None).to_dict("records")],
        "verdicts": {verdict: (VERDICTS[verdict], int((claims["verdict"] == verdict).sum())) for verdict in VERDICTS},
        "headline": run.tables["table5"].astype(object).to_dict("records") if "table5" in run.tables else [],
        "figures": [(path.stem, address(path), _caption(templates, path.stem)) for path in run.figures],
        "record": runs.versions(run.results / "provenance" / "versions.json"),
        "config": (run.results / "provenance" / "config.yaml").read_text(),
        "codecs": runs.codec_versions(run.rows),
        "times": runs.run_times(run.results / "benchmarks", run.dataset),
        "rules": rules_in_order((run.results / "provenance" / "rulegraph.mmd").read_text()),
        "copied": sorted(address(path) for path in run.copied),
    }


def colours(contenders: Contenders, styles: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The colour of each row of Table 5: that of its curve in the plot, or of the first curve of its codec.

    Args:
        contenders: the rows.
        styles: of the plot's curves, by ``{codec}/{curve}``; see ``curves.curve_data``.
    """
    found = {}
    for name, contender in contenders.items():
        codec = contender["codec"]
        first = next(style["colour"] for style in styles.values() if style["codec"] == codec)
        own = styles.get(f"{codec}/{contender.get('curve')}")
        found[name] = own["colour"] if own else first
    return found


def _caption(templates: Path, figure: str) -> str:
    """The caption that Snakemake's own report shows; one text may serve several figures."""
    text = (templates / f"{CAPTIONS.get(figure, figure)}.rst").read_text()
    told: str = jinja2.Template(text).render(snakemake=SimpleNamespace(wildcards=SimpleNamespace(figure=figure)))
    return told


def _claim(line: Mapping[Any, Any]) -> dict[str, Any]:
    told = {str(name): value for name, value in line.items()}
    page = Path(told["evidence"])
    anchor = f"tables.html#{page.stem}" if page.stem.startswith("table") else ""
    return told | {"style": VERDICTS[told["verdict"]], "file": address(page), "anchor": anchor}


def _environment(folder: Path) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figures"] = lambda value, digits=4: "–" if value is None else f"{value:.{digits}g}"
    return environment


def _markdown(text: str) -> Markup:
    """HTML of a page of ours; the tables in it are HTML already."""
    return Markup(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))


def _script(name: str, data: Any) -> str:
    """Data as a script: a page opened from disk may not fetch JSON."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":")).replace("</", "<\\/")
    return f"window.licbench = Object.assign(window.licbench || {{}}, {{{json.dumps(name)}: {text}}});\n"


def _copy_pictures(run: Run, to: Path) -> list[dict[str, Any]]:
    """Copy what ``reconstructions`` wrote for each picture; the records, with the files' names, in their order."""
    to.mkdir(parents=True, exist_ok=True)
    records = []
    for folder in run.pictures:
        for file in sorted(folder.glob("*.webp")):
            _copy(file, to / folder.name / file.name)
        record = json.loads((folder / RECORD).read_text())
        records.append(record | {"name": run.names[record["image"]]})
    return records


def _copy_assets(ours: Path, to: Path) -> None:
    """Our own style and scripts, and the plot library out of its package, with its licence."""
    package = distribution(PLOTLY)
    wanted = {f"{PLOTLY}.min.js": "package_data/plotly.min.js", f"{PLOTLY}.LICENSE.txt": "LICENSE.txt"}
    for name, end in wanted.items():
        (source,) = (file for file in package.files or () if str(file).endswith(end))
        _copy(Path(str(package.locate_file(source))), to / name)
    for file in sorted(ours.iterdir()):
        _copy(file, to / file.name)


def _copy(source: Path, to: Path) -> None:
    with replacing(to) as temporary:
        shutil.copyfile(source, temporary)

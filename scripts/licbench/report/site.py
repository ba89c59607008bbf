"""The pages: rendered templates, with their data and scripts in the same folder; nothing is loaded from a network."""

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

from licbench.evaluation.external_curves import points_of, read_curves
from licbench.files import replacing, write_text
from licbench.measurement.rows import without_dataset
from licbench.measurement.scores import read_scores
from licbench.paper.claims.verdicts import FAILS, HOLDS, OPEN
from licbench.paper.protocol import largest_effect
from licbench.report import protocol_page, runs
from licbench.report.bd_rates import bdrate_data
from licbench.report.claims_page import claims_page
from licbench.report.curves import curve_data
from licbench.report.evidence import address, copy_all
from licbench.report.graph import rules_in_order
from licbench.report.markdown import LEFT_OUT, TABLES, image_count, render
from licbench.report.models import model_data
from licbench.report.operating import Entries
from licbench.report.protocol_page import FURTHER
from licbench.report.reconstructions import RECORD
from licbench.report.tables import View, view

PAGES = {
    "index": "Summary",
    "tables": "Tables",
    "claims": "Claims",
    "curves": "Curves",
    "bdrate": "BD-rate",
    "images": "Images",
    "figures": "Figures",
    "models": "Models",
    "run": "Run",
    "guide": "Guide",
}
"""Template and page -> its name in the menu, in its order."""
PROTOCOL_PAGE = {"protocol": "Protocol"}
"""After the claims, where the config wants one of ``protocol_page.FURTHER``."""
BDRATE = ("bdrate", "bdrate_over_quality")
"""Tables of the page of BD-rates."""
STUDY = "study"
"""The page that a report has where a subjective study has responses."""
PLOTLY = "plotly"
CAPTIONS = {"figure1": "pipelines", "figure4": "pipelines", "figure2": "structures", "figure3": "structures"}
"""Figures captioned by the rule that draws them, where it draws several."""
SAME_IN_EVERY_LINE = ["curve", "images", "megapixels", "repeats"]
"""Columns of the codecs' costs that the report leaves to the file, or that the point's name tells."""
VERDICTS = {HOLDS: "holds", FAILS: "fails", OPEN: "open"}
"""A verdict -> its style class."""


@dataclass(frozen=True)
class ReportInputs:
    """What the report is made from."""

    settings: Mapping[str, Any]
    """Of the config: rate_target_bpp, threshold_scan, table5, published_curves; the dataset's id; and
    ``without_bdrate``, why there is no BD-rate, empty where there is."""
    tables: Mapping[str, pd.DataFrame]
    """By name, as in results/{name}.csv: claims, those of ``markdown.TABLES`` that the config could fill, and those of
    ``protocol_page.FURTHER`` that it wants."""
    rows: pd.DataFrame
    published: pd.DataFrame
    """The paper's points of Figure 6."""
    cards: Sequence[Path]
    reconstructions: Sequence[Path]
    """Folders written by ``save_reconstructions``, one for each image."""
    figures: Sequence[Path]
    names: Mapping[str, str]
    """Image id -> name of its file."""
    bdrate: tuple[pd.DataFrame, pd.DataFrame] | None
    """The tables in results/bdrate.csv and results/bdrate_over_quality.csv, if the config could fill them."""
    results: Path
    """Folder of the tables and rows, with provenance/ and benchmarks/."""
    scores: Sequence[Path] = ()
    """Tables of further metrics, {metric}.csv."""
    complexity: Sequence[Path] = ()
    """The table of the codecs' costs and its figure, where the report shows them."""
    study: Sequence[Path] = ()
    """What a subjective study with responses gave: its tables as CSV, and a drawing as PNG; empty without one."""

    @property
    def dataset(self) -> str:
        return str(self.settings["dataset"])

    @property
    def pages(self) -> dict[str, str]:
        """Template and page -> its name in the menu, in its order."""
        pages = [*PAGES.items()]
        if set(FURTHER) & set(self.tables):
            after_claims = list(PAGES).index("claims") + 1
            pages[after_claims:after_claims] = PROTOCOL_PAGE.items()
        return dict([*pages, *([(STUDY, "Study")] if self.study else [])])

    @property
    def copied(self) -> list[Path]:
        """Files that the pages link to: tables, rows, provenance."""
        names = [*self.tables, *(BDRATE if self.bdrate else ())]
        if "table5_allocated" in names:
            names.append("table5_allocated_points")
        tables = [self.results / f"{name}.csv" for name in names]
        rows = sorted(self.results.glob(f"*/{self.dataset}.csv"))
        provenance = sorted((self.results / "provenance").iterdir())
        return [*tables, *rows, *self.scores, *self.complexity, *provenance]


def write_report(inputs: ReportInputs, templates: Path, to: Path) -> None:
    """Write the pages and everything that they show below ``to``; index.html last.

    Args:
        inputs: what the report is made from.
        templates: folder with ``html/`` and the texts tables.md, claims.md and guide.md.
        to: folder to write.
    """
    copy_all([*inputs.copied, *inputs.figures, *inputs.study], to)
    logs = [log for card in inputs.cards if (log := card.with_suffix(".csv")).is_file()]
    copy_all([*inputs.cards, *logs], to)
    _copy_assets(templates / "html" / "assets", to / "assets")
    images = _copy_images(inputs, to / "images")
    models = model_data(inputs.cards)
    scores = {path.stem: read_scores(path) for path in inputs.scores}
    others = points_of(read_curves(inputs.settings["published_curves"]))
    curves = curve_data(
        inputs.rows, inputs.published, scores=scores, others=others, **inputs.settings["threshold_scan"]
    )
    curves |= {"dataset": inputs.dataset, "target": inputs.settings["rate_target_bpp"]}
    bdrate = _bdrate(inputs)
    for name, data in (("curves", curves), ("bdrate", bdrate), ("images", images), ("models", models)):
        write_text(to / "assets" / f"{name}-data.js", _script(name, data))
    environment = _environment(templates / "html")
    context = _context(inputs, environment, templates) | {"images": images, "models": models, "curves": curves}
    context["bdrate"] = bdrate
    context["colours"] = colours(inputs.settings["table5"], curves["styles"])
    for page in reversed(inputs.pages):
        write_text(to / f"{page}.html", environment.get_template(f"{page}.html").render(context, page=page))


def _context(inputs: ReportInputs, environment: jinja2.Environment, templates: Path) -> dict[str, Any]:
    table = environment.get_template("table.html").module.table  # type: ignore[attr-defined]
    frames = {name: without_dataset(frame, name, inputs.dataset) for name, frame in inputs.tables.items()}
    shown = {
        name: str(table(name, view(frame), address(f"results/{name}.csv")))
        for name, frame in frames.items()
        if name not in FURTHER
    }
    record = runs.versions(inputs.results / "provenance" / "versions.json")
    sizes = inputs.rows.drop_duplicates("image")
    claims = inputs.tables["claims"]
    # The text of claims.md before its own table of verdicts
    introduction = claims_page((templates / "claims.md").read_text(), claims, inputs.dataset, len(sizes)).split(
        "\n## "
    )[0]
    costs = [_costs(path, inputs.dataset) for path in inputs.complexity[:1]]
    about = {"dataset": inputs.dataset, "images": image_count(len(sizes))}
    return {
        "pages": inputs.pages,
        "dataset": inputs.dataset,
        "target": inputs.settings["rate_target_bpp"],
        "without_bdrate": inputs.settings["without_bdrate"],
        "published_curves": inputs.settings["published_curves"],
        "names": inputs.names,
        "count": len(sizes),
        "megapixels": float((sizes["width"] * sizes["height"]).sum() / 1e6),
        "tables": {name: Markup(html) for name, html in shown.items()},
        "tables_text": _markdown(
            render((templates / "tables.md").read_text(), {**dict.fromkeys(TABLES, LEFT_OUT), **shown, **about})
        ),
        "protocol": _protocol(frames, table),
        "claims_text": _markdown(introduction),
        "guide_text": _markdown((templates / "guide.md").read_text()),
        "claims": [_claim(line) for line in claims.astype(object).where(claims.notna(), None).to_dict("records")],
        "verdicts": {verdict: (VERDICTS[verdict], int((claims["verdict"] == verdict).sum())) for verdict in VERDICTS},
        "headline": inputs.tables["table5"].astype(object).to_dict("records") if "table5" in inputs.tables else [],
        "figures": [(path.stem, address(path), _caption(templates, path.stem)) for path in inputs.figures],
        "record": record,
        "code_version": runs.code_version(record),
        "config": (inputs.results / "provenance" / "config.yaml").read_text(),
        "codecs": runs.codec_versions(inputs.rows),
        "costs": [
            Markup(table("complexity", view(shown_costs), address("results/complexity.csv"))) for shown_costs in costs
        ],
        "costs_figure": [(address(path), _caption(templates, path.stem)) for path in inputs.complexity[1:]],
        "times": runs.run_times(inputs.results / "benchmarks", inputs.dataset),
        "rules": rules_in_order((inputs.results / "provenance" / "rulegraph.mmd").read_text()),
        "copied": sorted(address(path) for path in inputs.copied),
        "study_tables": {
            path.stem: Markup(str(table(path.stem, view(pd.read_csv(path).round(4)), address(path))))
            for path in inputs.study
            if path.suffix == ".csv"
        },
        "study_drawings": [address(path) for path in inputs.study if path.suffix == ".png"],
    }


def _protocol(frames: Mapping[str, pd.DataFrame], table: Any) -> dict[str, Any]:
    """What the page of ``protocol_page.FURTHER`` shows of those tables that there are."""
    shown: dict[str, tuple[View, str]] = {}
    if "protocol" in frames:
        shown |= {name: (view_of, "protocol") for name, view_of in protocol_page.views(frames["protocol"]).items()}
    if "table5_allocated" in frames:
        shown["table5_allocated"] = (
            protocol_page.allocated_view(frames["table5_allocated"]),
            "table5_allocated",
        )
    if "fidelity" in frames:
        shown["fidelity"] = (view(protocol_page.fidelity_for_view(frames["fidelity"])), "fidelity")
    html = {name: table(name, shape, address(f"results/{file}.csv")) for name, (shape, file) in shown.items()}
    return {
        "tables": {**dict.fromkeys(FURTHER), **html},
        "effect": largest_effect(frames["protocol"]) if "protocol" in frames else "",
        "left_out": protocol_page.left_out(frames["protocol"]) if "protocol" in frames else [],
    }


def _bdrate(inputs: ReportInputs) -> dict[str, Any] | None:
    if inputs.bdrate is None:
        return None
    return bdrate_data(
        *(without_dataset(frame, name, inputs.dataset) for name, frame in zip(BDRATE, inputs.bdrate, strict=True))
    )


def colours(entries: Entries, styles: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The colour of each row of Table 5: that of its curve in the plot, or of the first curve of its codec.

    Args:
        entries: the rows.
        styles: of the plot's curves, by ``{codec}/{curve}``; see ``curves.curve_data``.
    """
    found = {}
    for name, entry in entries.items():
        codec = entry["codec"]
        first = next(style["colour"] for style in styles.values() if style["codec"] == codec)
        own = styles.get(f"{codec}/{entry.get('curve')}")
        found[name] = own["colour"] if own else first
    return found


def _costs(path: Path, dataset: str) -> pd.DataFrame:
    """The table of the codecs' costs without what is the same in every line."""
    return without_dataset(pd.read_csv(path), path.stem, dataset).drop(columns=SAME_IN_EVERY_LINE, errors="ignore")


def _caption(templates: Path, figure: str) -> str:
    """The caption that Snakemake's own report shows; one text may serve several figures."""
    text = (templates / f"{CAPTIONS.get(figure, figure)}.rst").read_text()
    caption: str = jinja2.Template(text).render(snakemake=SimpleNamespace(wildcards=SimpleNamespace(figure=figure)))
    return caption


def _claim(line: Mapping[Any, Any]) -> dict[str, Any]:
    claim = {str(name): value for name, value in line.items()}
    page = Path(claim["evidence"])
    anchor = f"tables.html#{page.stem}" if page.stem.startswith("table") else ""
    return claim | {"style": VERDICTS[claim["verdict"]], "file": address(page), "anchor": anchor}


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
    """HTML of one of our Markdown texts; the tables in it are HTML already."""
    return Markup(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))


def _script(name: str, data: Any) -> str:
    """Data as a script: a page opened from disk may not fetch JSON."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":")).replace("</", "<\\/")
    return f"window.licbench = Object.assign(window.licbench || {{}}, {{{json.dumps(name)}: {text}}});\n"


def _copy_images(inputs: ReportInputs, to: Path) -> list[dict[str, Any]]:
    """Copy each image's reconstructions; returns their records, with the name of the image's file, in order."""
    to.mkdir(parents=True, exist_ok=True)
    records = []
    for folder in inputs.reconstructions:
        for file in sorted(folder.glob("*.webp")):
            _copy(file, to / folder.name / file.name)
        record = json.loads((folder / RECORD).read_text())
        records.append(record | {"name": inputs.names[record["image"]]})
    return records


def _copy_assets(ours: Path, to: Path) -> None:
    """Our style sheet and scripts, and the plot library from its Python package, with its licence."""
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

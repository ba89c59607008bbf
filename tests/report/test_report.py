"""The data behind the report's pages, and the pages themselves: complete, self-contained, reproducible."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import unquote

import numpy as np
import pandas as pd
import PIL.Image
import pytest
from markupsafe import escape
from pictures import photo
from report_run import CARD, CONTENDERS, DATASET, LOG, PAPER, PICTURES, TEMPLATES, VERSIONS, measured, run_of
from synthetic_rows import SIDES, synthetic_rows
from synthetic_study import synthetic_study

from licbench.errors import ModelError, PointsError, SettingsError
from licbench.evaluation.bd_rates import compare
from licbench.evaluation.pooling import pool
from licbench.files import write_csv
from licbench.images.files import write_png
from licbench.measurement.rows import read_rows
from licbench.measurement.verify import Task, decode_row
from licbench.paper.claims.verdicts import FAILS
from licbench.paper.figures.rate_distortion import SPARE, STYLES, figure6_data
from licbench.paper.figures.style import save
from licbench.paper.protocol import COLUMNS as AUDIT_COLUMNS
from licbench.paper.protocol import PROTOCOL, largest_effect
from licbench.paper.tables import table5
from licbench.report.bd_rates import bdrate_data
from licbench.report.curves import DASHES, SYMBOLS, WHOLE, curve_data
from licbench.report.evidence import address, copy_all
from licbench.report.graph import rules_in_order
from licbench.report.models import model_data
from licbench.report.operating import operating_rows
from licbench.report.protocol_page import FURTHER, audit_view, left_out
from licbench.report.reconstructions import RECORD, Window, central, save_reconstructions, worst_window
from licbench.report.runs import code_version, run_times
from licbench.report.site import PAGES, PROTOCOL_PAGE, colours, write_report
from licbench.report.tables import view
from licbench.study import scoring
from licbench.study.figure import draw_scores
from licbench.study.simulation import Truth, simulated_sessions

SR = {"SR": {"codec": "sr", "threshold_db": 33.0}}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return measured(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def report(results):
    write_report(run_of(results), TEMPLATES, results / "report")
    return results / "report"


# --- Operating points ---


def test_an_adaptive_codec_is_followed_to_the_stream_of_each_picture():
    rows = synthetic_rows()
    table = table5(rows, pd.read_csv(PAPER / "table5.csv"), SR, 0.15)
    assert table["setting"].tolist() == ["adaptive-33-qp42"]
    found = operating_rows(rows, SR, table)
    assert dict(zip(found["image"], found["point"], strict=True)) == {
        "beach": "lanczos-qp42", "castle": "lanczos-qp42", "market": "srcnn-qp42", "portrait": "srcnn-qp42",
    }  # fmt: skip
    assert set(found["setting"]) == {"adaptive-33-qp42"} and set(found["name"]) == {"SR"}
    assert pool(found.assign(curve="", point=""))["psnr_db"].round(3).tolist() == table["psnr_db"].tolist()


def test_the_rows_of_one_picture_are_enough():
    rows = synthetic_rows()
    table = table5(rows, pd.read_csv(PAPER / "table5.csv"), SR, 0.15)
    (line,) = operating_rows(rows[rows["image"] == "market"], SR, table).to_dict("records")
    assert (line["image"], line["point"]) == ("market", "srcnn-qp42")
    assert line["bpp"] == 8 * line["bytes"] / (768 * 512)


def test_a_point_without_a_row_is_named():
    rows = synthetic_rows()
    table = pd.DataFrame({"codec": ["SR"], "setting": ["adaptive-33-qp99"]})
    with pytest.raises(PointsError, match="report: SR at adaptive-33-qp99 lacks an image; run the workflow again"):
        operating_rows(rows, SR, table)


# --- Reconstructions ---


@pytest.mark.parametrize(
    ("shape", "box"),
    [((10, 30), Window(5, 0, 20, 10)), ((21, 40), Window(10, 0, 20, 20)), ((5, 6), Window(0, 0, 6, 5))],
)
def test_of_a_large_picture_the_middle_is_kept(shape, box):
    assert central(np.zeros(shape), 20) == box
    assert box.crop(np.zeros(shape)).shape == (box.height, box.width)


@pytest.mark.parametrize(("side", "box"), [(4, Window(7, 3, 4, 4)), (3, Window(7, 4, 3, 3)), (64, Window(0, 0, 14, 9))])
def test_the_detail_is_where_the_error_is_largest(side, box):
    original = np.zeros((9, 14, 3), np.uint8)
    one, other = original.copy(), original.copy()
    one[4:7, 7:10] = 200
    one[3, 10] = 9
    other[0, 0] = 250
    assert worst_window(original, [one, other], side) == box


def test_a_reconstruction_is_stored_as_the_decoder_gave_it(results, tmp_path):
    rows, streams = read_rows(results / "points" / f"{DATASET}.csv"), results / "streams" / "points"
    own = operating_rows(rows[rows["image"] == "first"], CONTENDERS, pd.read_csv(results / "table5.csv"))
    original = results / "data" / DATASET / "first.png"
    save_reconstructions(original, own, tmp_path, streams=streams, weights=tmp_path, side=200)
    record = json.loads((tmp_path / RECORD).read_text())
    assert [file["name"] for file in record["files"]] == ["Original", *CONTENDERS]
    assert (record["shown"]["left"], record["shown"]["width"], record["shown"]["height"]) == (10, 200, 180)
    decoded = [
        PICTURES["first"],
        *(decode_row(Task(row, streams, original), tmp_path)[0] for row in own.to_dict("records")),
    ]
    for file, image in zip(record["files"], decoded, strict=True):
        stored = np.asarray(PIL.Image.open(tmp_path / f"{file['file']}.webp").convert("RGB"))
        assert (stored == image[:, 10:210]).all()
        detail = np.asarray(PIL.Image.open(tmp_path / f"{file['file']}-detail.webp").convert("RGB"))
        assert (detail == Window(**record["detail"]).crop(image[:, 10:210])).all()
    assert record["files"][1]["psnr_db"] == round(own["psnr_db"][0], 4)


def test_a_changed_stream_is_never_shown(results, tmp_path):
    streams = tmp_path / "streams"
    shutil.copytree(results / "streams" / "points", streams)
    rows = read_rows(results / "points" / f"{DATASET}.csv")
    own = operating_rows(rows[rows["image"] == "first"], CONTENDERS, pd.read_csv(results / "table5.csv"))
    (streams / DATASET / "jpeg" / "first" / f"{own['point'][0]}.jpg").write_bytes(b"other")
    with pytest.raises(PointsError, match="is not the file that was measured"):
        save_reconstructions(
            results / "data" / DATASET / "first.png", own, tmp_path, streams=streams, weights=tmp_path, side=200
        )


# --- Curves ---


@pytest.fixture(scope="module")
def curves():
    return curve_data(synthetic_rows(), pd.read_csv(PAPER / "figure6.csv"), 35, 33.0)


def test_the_plot_shows_the_dataset_as_figure_6_does(curves):
    figure = figure6_data(synthetic_rows(), 35, 33.0)
    assert list(curves["styles"]) == [f"{codec}/{curve}" for codec, curve in STYLES]
    for (codec, curve), own in figure.groupby(["codec", "curve"]):
        shown = curves["points"][WHOLE][f"{codec}/{curve}"]
        assert [point[0] for point in shown] == own["point"].tolist()
        assert np.allclose([point[1:4] for point in shown], own[["bpp", "psnr_db", "ms_ssim"]], atol=1e-4)
        assert [bool(point[4]) for point in shown] == own["on_pareto_front_psnr"].tolist()
        assert [bool(point[5]) for point in shown] == own["on_pareto_front_ms_ssim"].tolist()


def test_every_picture_has_its_own_points(curves):
    rows = synthetic_rows()
    assert curves["images"] == list(SIDES) and set(curves["points"]) == {WHOLE, *SIDES}
    (line,) = pool(rows[(rows["image"] == "castle") & (rows["point"] == "420-0.15")]).to_dict("records")
    assert line["codec"] == "bpg"
    (shown,) = (point for point in curves["points"]["castle"]["bpg/420"] if point[0] == "420-0.15")
    assert shown[1:4] == [round(line[name], 4) for name in ("bpp", "psnr_db", "ms_ssim")]


def test_what_has_no_number_is_null_and_the_data_are_json():
    rows = synthetic_rows()
    rows["ms_ssim"] = np.nan
    rows.loc[rows["point"] == "9-7-1.2", "sse"] = 0
    data = curve_data(rows, pd.read_csv(PAPER / "figure6.csv"), 35, 33.0)
    last = data["points"][WHOLE]["jpeg2000/9-7"][-1]
    assert last[2:4] == [None, None]
    json.dumps(data, allow_nan=False)


def test_further_metrics_are_means_over_images_where_all_have_one():
    rows = synthetic_rows()
    keys = rows[["dataset", "codec", "image", "point"]]
    distances = keys.assign(value=rows["sse"] / 1e9, reason="")
    partly = keys.assign(value=np.where(rows["image"] == "castle", np.nan, 50.0), reason="")
    scores = {"lpips": distances, "vmaf": partly}
    data = curve_data(rows, pd.read_csv(PAPER / "figure6.csv"), 35, 33.0, scores=scores)
    assert data["metrics"] == [
        {"id": "lpips", "title": "LPIPS, lower is better"},
        {"id": "vmaf", "title": "VMAF"},
    ]
    (shown,) = (point for point in data["points"][WHOLE]["bpg/420"] if point[0] == "420-0.15")
    own = rows[(rows["codec"] == "bpg") & (rows["point"] == "420-0.15")]
    assert shown[6] == round(own["sse"].mean() / 1e9, 4) and shown[8] is None
    # Less error at each higher rate: every point is on the front, though lower is better
    assert all(point[7] for point in data["points"][WHOLE]["bpg/420"])
    assert [point[9] for point in data["points"]["beach"]["bpg/420"]] == [1, 0, 0, 0, 0, 0, 0]
    assert len(data["points"][WHOLE]["sr/qp"][0]) == 10
    json.dumps(data, allow_nan=False)


def test_fewer_codecs_are_fewer_curves():
    rows = synthetic_rows()
    data = curve_data(rows[rows["codec"] == "jpeg"], pd.read_csv(PAPER / "figure6.csv"), 35, 33.0)
    assert {style["codec"] for style in data["styles"].values()} == {"jpeg"}
    assert {line["name"] for line in data["published"]} == {"JPEG", "CAE", "GAN", "SR", "BPG"}


def test_every_style_of_the_figures_has_its_like_in_the_plot():
    styles = [*STYLES.values(), *SPARE]
    assert {style.marker for style in styles} == set(SYMBOLS)
    assert {style.dashes for style in styles} == set(DASHES)
    assert len(set(SYMBOLS.values())) == len(SYMBOLS)


def test_rows_of_table_5_have_the_colour_of_their_curve():
    theirs = synthetic_rows().query("codec == 'bpg'").assign(codec="mine")
    data = curve_data(pd.concat([synthetic_rows(), theirs]), pd.read_csv(PAPER / "figure6.csv"), 35, 33.0)
    own = {"Mine": {"codec": "mine", "curve": "444"}, "Any of mine": {"codec": "mine"}}
    found = colours({"JPEG": CONTENDERS["JPEG"], **SR, "Gcodec": {"codec": "gan", "point": "p"}, **own}, data["styles"])
    assert found["JPEG"] == STYLES["jpeg", "420-optimised"].colour
    assert found["SR"] == STYLES["sr", "qp"].colour and found["Gcodec"] == STYLES["gan", "family"].colour
    assert found["Mine"] == data["styles"]["mine/444"]["colour"] == SPARE[1].colour
    assert found["Any of mine"] == data["styles"]["mine/420"]["colour"] == SPARE[0].colour


# --- Tables ---


def test_published_numbers_stand_beside_the_measured_ones():
    frame = pd.DataFrame(
        {
            "codec": ["A", "B"], "psnr_db": [20.126, np.nan], "bpp": [0.15, 0.2], "paper_psnr_db": [21, 22.0],
            "paper_bpp": [0.1, np.nan], "setting": ["x", "y"], "meets_target_rate": [True, False],
        }
    )  # fmt: skip
    shown = view(frame)
    assert [(column.group, column.label) for column in shown.columns] == [
        ("", "codec"), ("PSNR (dB)", "here"), ("PSNR (dB)", "paper"), ("bit/pixel", "here"), ("bit/pixel", "paper"),
        ("", "setting"), ("", "within the rate"),
    ]  # fmt: skip
    assert shown.rows == [
        ["A", "20.13", "21.00", "0.150", "0.100", "x", "yes"],
        ["B", "–", "22.00", "0.200", "–", "y", "no"],
    ]
    assert shown.groups == [("", 1), ("PSNR (dB)", 2), ("bit/pixel", 2), ("", 1), ("", 1)]


def test_the_leaderboard_is_called_official_and_large_numbers_are_parted():
    frame = pd.DataFrame({"entry": ["A"], "bytes": [1234567], "official_bytes": [4682474.0], "qp": [35]})
    shown = view(frame)
    assert [column.label for column in shown.columns] == ["entry", "here", "official", "QP"]
    assert shown.rows == [["A", "1\u202f234\u202f567", "4\u202f682\u202f474", "35"]]


def test_no_column_is_lost(results):
    for path in results.glob("*.csv"):
        frame = pd.read_csv(path)
        shown = view(frame)
        assert len(shown.columns) == len(frame.columns) and all(len(row) == len(frame.columns) for row in shown.rows)


# --- Models ---


def test_a_log_is_shown_with_whatever_columns_it_has(results):
    (model,) = model_data([results / "models" / "tiny.json"])
    assert model["log"]["steps"] == [10, 20, 30, 40]
    assert model["log"]["columns"] == {"loss": [9.0, 7.5, 7.0, 6.5], "psnr_valid": [None, 25.5, None, 26.25]}
    assert model["log"].keys() == {"steps", "columns"}
    assert model["head"] == {name: CARD[name] for name in ("network", "steps", "seconds", "device")}
    assert model["rest"] == {"final_losses": {"loss": 6.5}} and model["recipe"] == CARD["recipe"]
    assert model["files"] == ["files/models/tiny.json", "files/models/tiny.csv"]


def test_a_model_without_a_log_is_shown_without(tmp_path):
    (tmp_path / "mute.json").write_text(json.dumps(CARD))
    (model,) = model_data([tmp_path / "mute.json"])
    assert model["log"] is None and len(model["files"]) == 1


def test_the_head_of_a_model_counts_all_stages_of_its_training(tmp_path):
    first = {"recipe": {"batch": 2, "init": "klt"}, "steps": 500, "seconds": 60.4}
    (tmp_path / "staged.json").write_text(json.dumps(CARD | {"lineage": [first]}))
    (model,) = model_data([tmp_path / "staged.json"])
    assert {name: model["head"][name] for name in ("steps", "seconds")} == {"steps": 540, "seconds": 66}
    assert model["head"]["stages"].startswith("2, ")


@pytest.mark.parametrize(("card", "log"), [("{", LOG), (json.dumps(CARD), "a,b\n1,2\n"), (json.dumps(CARD), "")])
def test_a_damaged_card_or_log_is_named(tmp_path, card, log):
    (tmp_path / "bad.json").write_text(card)
    (tmp_path / "bad.csv").write_text(log)
    with pytest.raises(ModelError, match=r"bad\.(json|csv): no .*; train the model again"):
        model_data([tmp_path / "bad.json"])


# --- Run ---


def test_run_times_add_up(results):
    (line,) = run_times(results / "benchmarks", DATASET)
    assert line == ("measure_image", "jpeg", 2, 6.0, 3.0, 4.0, 120.0)
    assert run_times(results / "benchmarks", "other") == [] == run_times(results / "nowhere", DATASET)


def test_a_damaged_benchmark_is_named(tmp_path):
    file = tmp_path / "measure_image" / DATASET / "jpeg" / "a.tsv"
    file.parent.mkdir(parents=True)
    file.write_text("nonsense\n")
    with pytest.raises(PointsError, match=r"a\.tsv: no benchmark of Snakemake"):
        run_times(tmp_path, DATASET)


def test_the_commit_is_shown(report):
    assert (
        f"Code of commit {VERSIONS['code']['commit']}, with uncommitted changes." in (report / "run.html").read_text()
    )
    clean = {"code": VERSIONS["code"] | {"changed": False}}
    assert code_version(clean).endswith(", without changes.")
    none = {"code": {"commit": "", "changed": None, "reason": "fatal: not a git repository"}}
    assert code_version(none) == "No commit is recorded: fatal: not a git repository."


def test_every_rule_comes_after_what_it_needs():
    text = "".join(f"\tid{at}[{name}]\n" for at, name in enumerate("fdbcae"))
    links = ["ab", "bc", "ac", "cd", "ae", "ed", "fd"]
    text += "".join(f"\tid{'fdbcae'.index(start)} --> id{'fdbcae'.index(end)}\n" for start, end in links)
    rules = rules_in_order(text)
    assert {rule.name: rule.needs for rule in rules} == {
        "a": [], "f": [], "b": ["a"], "c": ["a", "b"], "e": ["a"], "d": ["c", "e", "f"],
    }  # fmt: skip
    place = {rule.name: at for at, rule in enumerate(rules)}
    assert all(place[start] < place[end] for start, end in links)
    # Snakemake numbers and lists the rules in another order every time
    head, *rest = text.splitlines(keepends=True)
    assert rules_in_order("".join([*reversed(rest), head])) == rules


def test_a_graph_without_rules_is_refused():
    with pytest.raises(SettingsError, match="names no rule"):
        rules_in_order("flowchart TB\n")


# --- Pages ---


class Links(HTMLParser):
    """Everything a page points to, and the ids it has."""

    def __init__(self, text):
        super().__init__()
        self.targets, self.loaded, self.ids = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids.add(given.get("id"))
        if tag == "a":
            self.targets.append(given["href"])
        else:
            self.loaded += [value for name, value in attrs if name in {"src", "href", "srcset"}]


def links_of(page):
    return Links(page.read_text())


@pytest.mark.parametrize("page", [*PAGES, *PROTOCOL_PAGE])
def test_everything_a_page_points_to_is_in_the_report(report, page):
    found = links_of(report / f"{page}.html")
    assert found.loaded
    for target in found.targets + found.loaded:
        if target.startswith("data:"):
            continue
        assert ":" not in target and not target.startswith("/"), target
        name, _, place = target.partition("#")
        file = report / unquote(name) if name else report / f"{page}.html"
        assert file.is_file(), target
        if place and file.suffix == ".html" and page != "index":
            assert unquote(place) in links_of(file).ids, target


def test_nothing_points_out_of_the_report(report):
    for file in [*report.glob("*.html"), *(report / "assets").glob("*")]:
        if "plotly" not in file.name:
            assert not re.findall(r"""(?:https?:)?//[\w-]+\.\w+""", file.read_text()), file


def test_the_plot_library_keeps_its_licence(report):
    assert "MIT" in (report / "assets" / "plotly.LICENSE.txt").read_text()
    assert "plotly.js" in (report / "assets" / "plotly.min.js").read_text()[:200]


def test_pages_tell_the_numbers_of_the_tables(report, results):
    summary = (report / "index.html").read_text()
    for line in pd.read_csv(results / "table5.csv").to_dict("records"):
        assert f"{line['psnr_db']:.2f}" in summary and line["setting"] in summary
    tables = (report / "tables.html").read_text()
    assert all(f'id="{name}"' in tables for name in ("table1", "table2", "table3", "table4", "table5", "contest"))
    claims = (report / "claims.html").read_text()
    assert claims.count('class="claim ') == 3 and "Of 3 statements, 1 hold" in claims
    assert "1 of those is open only because the models are undertrained" in claims
    assert claims.count(f"the rule says: {FAILS}.") == 1


def test_the_page_of_protocols_shows_the_tables_that_there_are_and_no_other_report_has_it(report, results, tmp_path):
    page = (report / "protocol.html").read_text()
    audit = pd.read_csv(results / "protocol.csv")
    assert largest_effect(audit) in page
    for variant in audit["variant"].unique():
        assert escape(variant) in page, variant
    change = audit[(audit["variant"] == "PSNR of luma (Y)") & (audit["codec"] == "JPEG")]["change"].iloc[0]
    assert f">{change:+.2f}<".replace("-", "−") in page
    line = pd.read_csv(results / "table5_allocated.csv").to_dict("records")[0]
    assert f"{line['psnr_db']:.2f}" in page and f">{line['gain_db']:+.2f}<".replace("-", "−") in page
    assert all(f'id="{name}"' in page for name in ("protocol_psnr", "protocol_ms_ssim", "table5_allocated", "fidelity"))
    whole = run_of(results)
    for names, shown in (({"fidelity"}, ["fidelity"]), (set(), [])):
        tables = {name: table for name, table in whole.tables.items() if name not in FURTHER or name in names}
        write_report(replace(whole, tables=tables), TEMPLATES, tmp_path / str(len(names)))
        made = tmp_path / str(len(names)) / "protocol.html"
        assert made.is_file() == bool(shown)
        assert not shown or ('id="fidelity"' in made.read_text() and "protocol_psnr" not in made.read_text())
        assert ("protocol.html" in (made.parent / "index.html").read_text()) == bool(shown)


def test_the_audit_shows_what_is_missing_above_the_target_or_in_another_order():
    line = dict.fromkeys(AUDIT_COLUMNS, None) | {"number": "PSNR", "unit": "dB", "kendall_tau": 1.0, "swapped_pairs": 0}
    base = line | {"variant": PROTOCOL, "ranking": "A > B", "meets_target_rate": True, "change": 0.0}
    other = line | {
        "variant": "other",
        "ranking": "B > A",
        "swapped": "A and B",
        "swapped_pairs": 1,
        "kendall_tau": -1.0,
    }
    gone = line | {"variant": "gone", "ranking": "B"}
    audit = pd.DataFrame(
        [
            base | {"codec": "A", "value": 30.0}, base | {"codec": "B", "value": 29.0},
            other | {"codec": "A", "value": 25.004, "change": -4.996, "meets_target_rate": False},
            other | {"codec": "B", "value": 28.999, "change": -0.001, "meets_target_rate": True},
            gone | {"codec": "A", "left_out": "no header"}, gone | {"codec": "B", "value": -1.25, "unit": "% of rate"},
        ]
    )  # fmt: skip
    assert audit_view(audit, "PSNR").rows == [
        [PROTOCOL, "30.00", "0", "29.00", "0", "A > B", "–", "–"],
        ["other", "25.00*", "−5.00", "29.00", "0", "B > A", "A and B", "−1"],
        ["gone", "–", "–", "−1.2\u202f%", "–", "the same", "–", "1"],
    ]
    assert left_out(audit) == ["A, “gone”: no header"]


def test_the_same_run_is_the_same_report(report, results, tmp_path):
    write_report(run_of(results), TEMPLATES, tmp_path)
    files = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(report) for path in report.rglob("*") if path.is_file())
    assert all((tmp_path / file).read_bytes() == (report / file).read_bytes() for file in files)


def test_a_report_without_pictures_models_and_figures_is_whole(results, tmp_path):
    bare = run_of(results)
    bare = type(bare)(**{**vars(bare), "reconstructions": [], "cards": [], "figures": []})
    write_report(bare, TEMPLATES, tmp_path)
    assert "No image was decoded" in (tmp_path / "images.html").read_text()
    assert "No codec of this run uses a trained model" in (tmp_path / "models.html").read_text()
    for page in PAGES:
        for target in links_of(tmp_path / f"{page}.html").loaded:
            assert target.startswith("data:") or (tmp_path / target).is_file()


def test_scores_and_costs_are_shown_where_they_were_asked_for(results, tmp_path, report):
    rows = read_rows(results / "points" / f"{DATASET}.csv")
    scores = results / "metrics" / DATASET / "vmaf.csv"
    scores.parent.mkdir(parents=True, exist_ok=True)
    rows[["dataset", "codec", "image", "point"]].assign(value=50.0, reason="").to_csv(scores, index=False)
    costs = [tmp_path / "results" / f"complexity.{end}" for end in ("csv", "png")]
    costs[0].parent.mkdir()
    pd.DataFrame({"dataset": [DATASET], "codec": ["jpeg"], "decode_min_s": [0.25]}).to_csv(costs[0], index=False)
    write_png(costs[1], photo(60, 80))
    write_report(dataclasses.replace(run_of(results), scores=[scores], complexity=costs), TEMPLATES, tmp_path / "out")
    page = (tmp_path / "out" / "run.html").read_text()
    assert "What the codecs cost" in page and '<td class="number">0.25</td>' in page
    assert 'src="files/complexity.png"' in page and (tmp_path / "out/files/complexity.png").is_file()
    curves = (tmp_path / "out" / "curves.html").read_text()
    assert 'value="vmaf"> VMAF' in curves and f'href="files/metrics/{DATASET}/vmaf.csv"' in curves
    assert "What the codecs cost" not in (report / "run.html").read_text()
    assert 'value="vmaf"' not in (report / "curves.html").read_text()


def test_pictures_are_called_by_the_names_of_their_files(report):
    for page in ("index", "images", "curves"):
        for image in PICTURES:
            assert f"{image} in fact.png" in (report / f"{page}.html").read_text(), page
    assert f'"name":"{next(iter(PICTURES))} in fact.png"' in (report / "assets" / "images-data.js").read_text()


def test_a_report_without_bd_rates_says_why(results, tmp_path):
    run = run_of(results)
    settings = {**run.settings, "without_bdrate": "only one curve is measured"}
    write_report(type(run)(**{**vars(run), "bdrate": None, "settings": settings}), TEMPLATES, tmp_path)
    page = (tmp_path / "bdrate.html").read_text()
    assert "There is no BD-rate of this run: only one curve is measured." in page and "bdrate.js" not in page
    assert not (tmp_path / "files" / "bdrate.csv").exists()


def test_bd_rates_of_no_number_are_shown_with_their_reasons():
    rows = synthetic_rows().query("codec == 'bpg'").assign(sse=0)
    data = bdrate_data(*compare(rows, [("bpg", "420")]))
    assert data["over_quality"].keys() == {"bpg/420|ms_ssim_db|pooled", "bpg/420|ms_ssim_db|mean"}
    lines = [line for group in data["groups"] for line in group["lines"] if "PSNR" in group["label"]]
    assert lines and all(line["bd_rate"] == line["range"] == "–" and "0 of the 4" in line["reason"] for line in lines)
    json.dumps(data, allow_nan=False)


def test_published_curves_are_shown_with_source_and_protocol(results, tmp_path):
    (tmp_path / "theirs.csv").write_text("bpp,psnr\n0.1,25\n0.5,33\n")
    words = {"name": "A & B", "dataset": DATASET, "source": "their paper", "protocol": "24 images", "average": "mean"}
    run = run_of(results)
    settings = {**run.settings, "published_curves": [{**words, "file": str(tmp_path / "theirs.csv"), "format": "csv"}]}
    write_report(type(run)(**{**vars(run), "settings": settings}), TEMPLATES, tmp_path / "report")
    for page in ("curves", "bdrate"):
        text = (tmp_path / "report" / f"{page}.html").read_text()
        assert "A &amp; B" in text and "their paper. 24 images; means over images; as published" in text
    assert '"published/A & B (mean)":[["00",0.1,25.0,null,1,' in (tmp_path / "report/assets/curves-data.js").read_text()


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("results/points/kodak.csv", "files/points/kodak.csv"),
        ("/somewhere/results/table5.csv", "files/table5.csv"),
        ("workflow/resources/weights/srcnn.json", "files/weights/srcnn.json"),
    ],
)
def test_files_of_the_run_have_their_place(path, place):
    assert address(path) == place


def test_copies_are_whole(results, tmp_path):
    copy_all([results / "table5.csv"], tmp_path)
    assert (tmp_path / "files" / "table5.csv").read_bytes() == (results / "table5.csv").read_bytes()


# --- A subjective study ---


@pytest.fixture
def report_with_study(results, tmp_path, monkeypatch):
    pytest.importorskip("choix", reason="choix is not installed; see envs/dev.lock")
    monkeypatch.setattr(scoring, "DRAWS", 20)
    monkeypatch.setattr(scoring, "DRAWS_BY_IMAGE", 5)
    study = synthetic_study(images=2, repeats=2)
    strengths = {name: float(at) for at, name in enumerate(study.entries)}
    found = scoring.evaluate(study, simulated_sessions(study, Truth(strengths), 3, seed=1))
    names = ("scores", "stimuli", "correlations", "observers")
    files = [results / "study" / f"{name}.csv" for name in names]
    for file in files:
        write_csv(file, getattr(found, file.stem))
    drawing = results / "study" / "scores.png"
    save(draw_scores(found.scores, study.plan), [drawing])
    write_report(replace(run_of(results), study=[*files, drawing]), TEMPLATES, tmp_path)
    return tmp_path


def test_a_study_with_responses_has_a_page(report, report_with_study):
    page = report_with_study / "study.html"
    assert "study.html" in links_of(report_with_study / "index.html").targets
    assert not (report / "study.html").exists() and "study.html" not in links_of(report / "index.html").targets
    text = page.read_text()
    assert "GAN" in text and all(f"<h2>{name}</h2>" in text for name in ("Scores", "Stimuli", "Observers"))
    found = links_of(page)
    for target in found.targets + found.loaded:
        assert target.startswith(("data:", "#")) or (report_with_study / target.partition("#")[0]).is_file(), target

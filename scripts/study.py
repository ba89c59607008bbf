"""Make the page of a subjective study: stimuli at equal rates, decoded from the run's streams, and its key."""

import argparse
import json
from pathlib import Path

from licbench.cli import add_entries, run
from licbench.files import write_csv
from licbench.locations import TEMPLATES
from licbench.measurement.rows import read_rows


def main() -> None:
    """Parse the command line and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "originals", nargs="+", type=Path, help="the images of the study, and last that of the training"
    )
    parser.add_argument("--rows", required=True, type=Path, help="the dataset's rows (collect.py)")
    add_entries(parser)
    parser.add_argument("--settings", required=True, type=json.loads, help="the config's block study, as JSON")
    parser.add_argument("--target-bpp", required=True, type=float, help="rate near which entries are matched")
    parser.add_argument("--streams", required=True, type=Path, help="folder of the sweeps' streams")
    parser.add_argument("--weights", required=True, type=Path, help="folder of trained models")
    parser.add_argument("--templates", default=TEMPLATES / "study", type=Path, help="the page's template")
    parser.add_argument("--page", required=True, type=Path, help="index.html to write")
    parser.add_argument("--images", required=True, type=Path, help="folder of the stimuli to write, next to the page")
    parser.add_argument("--key", required=True, type=Path, help="JSON file to write: which stimulus is whose")
    parser.add_argument(
        "--pairs", required=True, type=Path, help="CSV file to write: what is matched, what is left out"
    )
    options = parser.parse_args()
    from licbench.study.design import Exclusion, Plan, design, save_key  # noqa: PLC0415  --help needs no codec
    from licbench.study.matching import Rates, match_rates, pair_table  # noqa: PLC0415
    from licbench.study.page import write_page  # noqa: PLC0415
    from licbench.study.stimuli import save_stimuli  # noqa: PLC0415

    rows, settings, entries = read_rows(options.rows), options.settings, options.entries
    originals = {path.stem: path for path in options.originals}
    names = [path.stem for path in options.originals]
    low, high = settings["bpp"]
    matched = match_rates(rows, entries, names, Rates(options.target_bpp, low, high, settings["tolerance"]))
    pairs = pair_table(matched[:-1], entries)
    write_csv(options.pairs, pairs)
    kept = {name: settings[name] for name in Plan.__dataclass_fields__ if name != "exclusion"}
    plan = Plan(**kept, exclusion=Exclusion(**settings["exclusion"]))
    (dataset,) = set(rows["dataset"])
    study = design(dataset, matched[:-1], matched[-1], pairs, plan)
    places = {"streams": options.streams, "weights": options.weights}
    sizes = save_stimuli(study, originals, rows, options.images, **places)
    save_key(study, options.key)
    write_page(study, sizes, settings["contact"], options.templates, options.page)


if __name__ == "__main__":
    run(main)

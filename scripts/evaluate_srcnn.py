"""How much SRCNN gains over bicubic interpolation on luma at twice the size, image by image."""

import argparse
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from licbench.cli import run
from licbench.files import write_csv


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", type=Path, help="from decode_training_set.py")
    parser.add_argument("--model", required=True, type=Path, help="weights of an SRCNN, with their card")
    parser.add_argument("--out", required=True, type=Path, help="CSV file to write; the means are printed")
    options = parser.parse_args()
    from licbench.evaluation.srcnn import enlargements  # noqa: PLC0415
    from licbench.networks.inference import network_of  # noqa: PLC0415  torch takes seconds; --help should not
    from licbench.networks.srcnn import SRCNN  # noqa: PLC0415
    from licbench.networks.store import ModelStore  # noqa: PLC0415
    from licbench.training.data import CPU, ImageSet  # noqa: PLC0415

    network = network_of(SRCNN, ModelStore(options.model.parent).load(options.model.stem, "srcnn"), "srcnn")
    table = pd.DataFrame(map(asdict, enlargements(network, ImageSet.load(options.images, CPU))))
    table["gain_db"] = table["srcnn_db"] - table["bicubic_db"]
    write_csv(options.out, table.rename_axis("image").reset_index())
    print(f"{len(table)} images, means:", ", ".join(f"{name} {value:.3f}" for name, value in table.mean().items()))


if __name__ == "__main__":
    run(main)

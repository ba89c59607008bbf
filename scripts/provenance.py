"""Write down what results were made with: the config in force, package versions, hashes of models and rows."""

import argparse
import json
import platform
from importlib.metadata import distributions
from pathlib import Path

import yaml

from licbench.cli import run
from licbench.files import sha256_of, write_text
from licbench.locations import known_as


def main() -> None:
    """Parse the command line and write both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True, type=json.loads, help="the config in force, as JSON")
    parser.add_argument("--weights", required=True, type=Path, help="folder of the models in use")
    parser.add_argument("--rows", required=True, nargs="+", type=Path, help="the dataset's rows")
    parser.add_argument("--out-config", required=True, type=Path)
    parser.add_argument("--out-versions", required=True, type=Path)
    options = parser.parse_args()
    files = [*options.rows, *sorted(options.weights.glob("*.safetensors"))]
    record = {
        "python": platform.python_version(),
        "machine": platform.platform(),
        "packages": {package.name: package.version for package in sorted(distributions(), key=lambda item: item.name)},
        "sha256": {known_as(path): sha256_of(path) for path in files},
    }
    write_text(options.out_config, yaml.safe_dump(options.config, sort_keys=False))
    write_text(options.out_versions, json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    run(main)

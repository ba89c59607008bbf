"""All codecs on one small picture, from a fresh copy to Table 5, and every number checked against the files."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import PIL.Image
import pytest
from checkout import NOTHING_TO_DO, Checkout, complaints, copy_project, save_pictures
from pictures import photo

from licbench.codecs.base import Image
from licbench.metrics import error_moments, ms_ssim, psnr
from licbench.points import COLUMNS, digest, read_rows
from licbench.registry import codec_class, codec_ids

TABLE5_HEADER = "codec,psnr_db,ms_ssim,bpp,paper_psnr_db,paper_ms_ssim,paper_bpp,setting,within_budget"
PICTURE = photo(168, 176)
SETTINGS: dict[str, Any] = {
    "dataset": "./photos",
    "rate_target_bpp": 1.0,
    "settings": {
        "jpeg": {"modes": ["420-optimised"], "quality": [5, 30]},
        "jpeg2000": {"bpp": [0.5]},
        "bpg": {"chroma": ["420"], "qp": [32, 42]},
        "cae": {"rotation": ["offline"], "ladder": {"cae_096": [1.0]}},
        "gan": {"families": [{"model": ["gan_128"], "scale": [1], "bits": [5, 8], "rotated": [True]}]},
        "sr": {"qp": [36]},
    },
}
# The default ladder has more models; a list is replaced by an override, a mapping is merged, so name them all.
STEPS = {"cae_024": [1.0], "cae_048": [1.0], "cae_096": [1.0], "cae_160": [1.0]}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    project = copy_project(tmp_path_factory.mktemp("end_to_end") / "project")
    save_pictures(project.root / "photos", {"cat": PICTURE})
    done = project.snakemake(settings=SETTINGS)
    assert done.returncode == 0, done.output
    return project

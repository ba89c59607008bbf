"""The page of the observers: one HTML file next to a folder of images; nothing is loaded or sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import jinja2
from markupsafe import Markup

from licbench.files import write_text
from licbench.study.design import ACR, DSIS, PAIRS, REPEAT, TRAINING, Study


@dataclass(frozen=True)
class Words:
    """What the page says for a method; ``answers`` are (key, value in the file, label), ``keys`` (key, meaning)."""

    title: str
    question: str
    answers: list[tuple[str, str, str]]
    instructions: list[str]
    keys: list[tuple[str, str]]


EXCELLENT_TO_BAD = ["Bad", "Poor", "Fair", "Good", "Excellent"]
"""The quality scale of ITU-R BT.500, grades 1 to 5."""
VERY_ANNOYING_TO_IMPERCEPTIBLE = [
    "Very annoying", "Annoying", "Slightly annoying", "Perceptible, but not annoying", "Imperceptible",
]  # fmt: skip
"""The impairment scale of ITU-R BT.500, grades 1 to 5."""


def _grades(labels: list[str]) -> list[tuple[str, str, str]]:
    return [(str(grade), str(grade), label) for grade, label in reversed(list(enumerate(labels, start=1)))]


WORDS: Mapping[str, Words] = {
    PAIRS: Words(
        "Which image is nearer to the original?",
        "Which one is nearer to the original?",
        [("1", "left", "Left"), ("2", "unsure", "Not sure"), ("3", "right", "Right")],
        [
            "Each time you see two versions of one photograph. Choose the one that is nearer to the original. "
            "If you see no difference, or cannot decide, say so: not sure is an answer like the others.",
            "Look at the original as often as you like: hold the key, and it takes the place of both.",
        ],
        [
            ("1", "the left one is nearer"), ("2", "not sure"), ("3", "the right one is nearer"),
            ("O", "hold: show the original"), ("T", "in a narrow window: change between left and right"),
        ],
    ),
    ACR: Words(
        "How good do these images look?",
        "How good is the quality of this image?",
        _grades(EXCELLENT_TO_BAD),
        [
            "Each time you see one photograph, compressed or not. Say how good its quality is, on five grades. Judge "
            "the quality of the image, not what it shows."
        ],
        [("5 to 1", "from excellent to bad")],
    ),
    DSIS: Words(
        "How visible is the compression?",
        "How annoying is the impairment against the original?",
        _grades(VERY_ANNOYING_TO_IMPERCEPTIBLE),
        [
            "Each time you see an original and a version of it, which was compressed or not. Say how visible the "
            "difference is and how much it annoys you, on a scale of five grades."
        ],
        [
            ("5 to 1", "from imperceptible to very annoying"),
            ("T", "in a narrow window: change between the original and the other"),
        ],
    ),
}  # fmt: skip


def write_page(study: Study, sizes: Mapping[str, tuple[int, int]], contact: str, templates: Path, to: Path) -> None:
    """Write index.html; the images lie in the folder ``images`` next to it.

    Args:
        study: the design. The page says nothing of codecs: stimuli have numbers alone.
        sizes: (width, height) of each stimulus in pixels.
        contact: whom observers may ask; empty leaves it out.
        templates: folder with index.html, study.css and study.js.
        to: the file.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text = environment.get_template("index.html").render(
        words=WORDS[study.plan.method],
        shown=study.shown,
        practice=len(study.of_kind(TRAINING)),
        minutes=study.minutes,
        contact=contact,
        data=Markup(json.dumps(_data(study, sizes), separators=(",", ":")).replace("<", "\\u003c")),
        style=Markup((templates / "study.css").read_text()),
        script=Markup((templates / "study.js").read_text()),
    )
    write_text(to, text)


def _data(study: Study, sizes: Mapping[str, tuple[int, int]]) -> dict[str, object]:
    """What the script of the page knows."""
    widths, heights = zip(*sizes.values(), strict=True)
    return {
        "study": study.id,
        "method": study.plan.method,
        "seed": study.plan.seed,
        "main": study.main,
        "repeats": study.plan.repeats,
        "again": REPEAT,
        "largest": {"width": max(widths), "height": max(heights)},
        "trials": {
            name: {"kind": trial.kind, "first": trial.first, "second": trial.second, "original": trial.original}
            for name, trial in study.trials.items()
        },
    }

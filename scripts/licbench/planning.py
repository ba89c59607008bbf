"""What a run consists of, from the checked config and the dataset alone: the rules only wire it to files."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from licbench import config as configuration
from licbench.codecs.registry import codec_class
from licbench.config import Config
from licbench.datasets import folders
from licbench.datasets.catalogue import Dataset
from licbench.datasets.manifests import ImageFile
from licbench.errors import ModelError, SettingsError
from licbench.locations import HALF_TRAINED, STAGES
from licbench.measurement import contract, job_resources
from licbench.metrics.registry import make_metric, maker, metric_class
from licbench.networks.lineage import crops_of
from licbench.networks.store import ModelStore

PARTS = ("settings", "ablations")
"""The parts of the config that hold the codecs' blocks."""
TABLES = ("table1", "table2", "table3", "table4", "table5", "contest", "claims")
"""What a reader compares: shown in the report, kept as reference results, and compared with them by verify."""
FIGURES = (*(f"figure{number}" for number in range(1, 7)), "threshold_scan")
PACKED_TABLES = ("table5", "contest")
"""Tables whose lines name streams."""
FOLDERS = {"settings": "points", "ablations": "ablations"}
"""Part of the config -> folder of its rows and streams."""
MODEL_SUFFIXES = (".safetensors", ".json")
"""Of a model: its weights and its card."""

CROP_KEYS = ("crop", "scale", "qp", "full_size", "seed")
"""Of a recipe whose network is trained on coded crops: ``training.coded_crops.CropSettings``."""


@dataclass(frozen=True)
class Plan:
    """A run.

    Args:
        config: as ``config.check`` accepts it.
        dataset: what the run measures.
        home: where the project's own files are, as the jobs name them.
    """

    config: Config
    dataset: Dataset
    home: Path

    # Files

    def own(self, path: str | Path) -> str:
        """A file of the project as jobs name it: in the project's folder by its short name, so that it can move."""
        return str(self.home / path)

    @property
    def weights(self) -> str:
        """The folder of the models in use."""
        return self.own("workflow/resources/weights") if self.config["weights"] == "shipped" else "results/models"

    def original(self, image: str) -> list[str]:
        """The user's own file behind an image, where the dataset is a folder; a change of it measures anew."""
        if self.dataset.kind != "folder":
            return []
        path = self.dataset.path(image)
        # The job refuses such an image by name, and the others get measured.
        return [] if folders.placeholder(path) else [str(path)]

    # Data

    @property
    def downloads(self) -> list[str]:
        """The datasets that the run downloads."""
        measured = [self.dataset.id] if self.dataset.kind in ("files", "archives") else []
        trained = configuration.all_sets(self.config) if self.config["weights"] == "trained" else []
        return [*measured, *trained]

    @property
    def mirror_option(self) -> str:
        """The option of fetch.py that names the mirror, quoted for the shell; empty without a mirror."""
        return f"--mirror={shlex.quote(str(self.config['mirror']))}" if self.config["mirror"] else ""

    def megapixels(self, images: Iterable[str], manifest: Sequence[ImageFile]) -> list[float]:
        """Sizes of images: from the headers of the user's own files, else as the manifest says."""
        if self.dataset.kind == "folder":
            return [job_resources.megapixels(self.dataset.path(image)) for image in images]
        rows = {row.image: row.width * row.height / 1e6 for row in manifest}
        return [rows[image] for image in images]

    # Codecs

    def blocks(self, part: str) -> dict[str, Any]:
        """The codecs' blocks under settings or ablations, of the codecs that run."""
        return {codec: block for codec, block in self.config[part].items() if codec in self.config["codecs"]}

    @property
    def parts(self) -> list[str]:
        """The parts of the config that are measured."""
        return [part for part in PARTS if part == "settings" or self.blocks(part)]

    def with_those_inside(self, codecs: Iterable[str]) -> list[str]:
        """These codecs, and those that they call by name."""
        given = list(codecs)
        blocks = [(codec, self.config[part][codec]) for codec in given for part in PARTS if codec in self.config[part]]
        inside = [name for codec, block in blocks for name in codec_class(codec).codecs_inside(block)]
        return list(dict.fromkeys([*given, *inside]))

    def version(self, codec: str, weights: Path) -> str:
        """The codec with its libraries and programs, as the rows hold it: another version measures anew."""
        try:
            return contract.version(codec_class(codec)(ModelStore(weights)))
        except ImportError:
            # With --software-deployment-method conda the jobs have it, and this process need not
            return "not installed where Snakemake runs"

    @property
    def commands(self) -> dict[str, Any]:
        """The blocks of the codecs that run and are commands."""
        return {codec: block for codec, block in self.blocks("settings").items() if "codec" in block}

    def require_commands(self) -> None:
        """Refuse a command that does not say its version, before Snakemake plans.

        Raises:
            SettingsError: it is missing, fails or hangs.
        """
        for codec in self.commands:
            self.version(codec, self.home / self.weights)

    def memory_to_decode(self, sizes: Sequence[float]) -> int:
        """MB for decoding images of these sizes in megapixels with any of the codecs, one after the other."""
        blocks = [(codec, block) for part in PARTS for codec, block in self.blocks(part).items()]
        return max(job_resources.memory_mb(codec, block, sizes) for codec, block in blocks)

    # Further metrics

    @property
    def scores(self) -> list[str]:
        """The tables of the further metrics in use."""
        return [f"results/metrics/{self.dataset.id}/{metric}.csv" for metric in self.config["metrics"]]

    def metric_settings(self, metric: str) -> dict[str, Any]:
        """The metric's block of the config; empty where it takes no settings."""
        settings: dict[str, Any] = self.config["metric_settings"].get(metric, {})
        return settings

    def scoring_options(self, metric: str) -> str:
        """Where a metric finds streams and models, and its settings; quoted for the shell."""
        settings = json.dumps(self.metric_settings(metric))
        return shlex.join(["--streams", "results/streams/points", "--weights", self.weights, "--settings", settings])

    def metric_version(self, metric: str) -> str:
        """The metric with its libraries and files: another version scores anew."""
        try:
            version = make_metric(metric, self.metric_settings(metric)).version()
            return ", ".join(filter(None, [version, maker(metric)]))
        except ImportError:
            # The jobs may have it, by --software-deployment-method conda; those that have not say what to install
            return "not installed where Snakemake runs"

    def memory_to_score(self, codec: str, metric: str, sizes: Sequence[float]) -> int:
        """MB for decoding images of these sizes in megapixels and scoring them, one after the other."""
        decoding = job_resources.memory_mb(codec, self.config["settings"][codec], sizes)
        return decoding + round(metric_class(metric).memory_mb(max(sizes, default=0.0)))

    # Models

    def model_files(self, codec: str, part: str) -> list[str]:
        """Weights and cards that a codec's operating points use.

        Raises:
            ModelError: one of the shipped models is missing.
        """
        names = codec_class(codec).required_models(self.config[part][codec])
        files = [f"{self.weights}/{name}{suffix}" for name in names for suffix in MODEL_SUFFIXES]
        for file in files:
            if self.config["weights"] == "shipped" and not Path(file).is_file():
                raise ModelError(f"{file} is missing; restore it from the repository, or set weights: trained")
        return files

    @property
    def cards(self) -> list[str]:
        """The cards of all models that the rows are made with, and Figure 5."""
        files = {file for part in PARTS for codec in self.blocks(part) for file in self.model_files(codec, part)}
        files |= {f"{self.weights}/{self.config['figure5']['model']}.json"} if self.figure5 else set()
        return sorted(file for file in files if file.endswith(".json"))

    @property
    def figure5(self) -> list[str]:
        """The numbers of Figure 5, where this config draws it."""
        return [] if "figure5" in self.left_out else ["results/figure5.csv"]

    @property
    def figure5_models(self) -> list[str]:
        """The weights of the model that Figure 5 is drawn of, and where there is one of the same half-trained."""
        model = self.config["figure5"]["model"]
        return [f"{self.weights}/{model}.safetensors", *self.half_trained([model])]

    def half_trained(self, models: Iterable[str]) -> list[str]:
        """The weights of these models after half of their training, or less; none where one of them lacks."""
        names = list(models)
        if self.config["weights"] != "shipped" or not all(map(self._has_half_trained, names)):
            return []
        return [self.own(f"workflow/resources/half_trained/{name}.safetensors") for name in names]

    def _has_half_trained(self, model: str) -> bool:
        """Not beside a model in use that is trained as little itself, such as one's own of the same name."""
        half, in_use = HALF_TRAINED / f"{model}.json", Path(self.weights) / f"{model}.json"
        if not (half.is_file() and in_use.is_file()):
            return False
        crops, crops_in_use = (crops_of(json.loads(card.read_text())) for card in (half, in_use))
        return 2 * crops <= crops_in_use

    def half_trained_files(self, codec: str) -> list[str]:
        """Weights and cards of a codec's models after half of their training; none where one of them lacks."""
        weights = self.half_trained(codec_class(codec).required_models(self.config["settings"][codec]))
        return [str(Path(file).with_suffix(suffix)) for file in weights for suffix in MODEL_SUFFIXES]

    @property
    def half_trained_codecs(self) -> list[str]:
        """The codecs that can be measured after half of their models' training."""
        return [codec for codec in self.blocks("settings") if self.half_trained_files(codec)]

    def starting_files(self, model: str) -> list[str]:
        """Weights and card of the model that a training continues, if it does: pretrained, or a stage on the way."""
        start = configuration.starting_model(self.config, model)
        if start is None:
            return []
        folder = "stages" if (STAGES / f"{start}.json").is_file() else "weights"
        return [self.own(f"workflow/resources/{folder}/{start}{suffix}") for suffix in MODEL_SUFFIXES]

    def training_images(self, model: str) -> str:
        """The decoded images that a model is trained on, or crops of them as a codec leaves them."""
        return self._prepared(model, "+".join(configuration.training_sets(self.config, model)))

    def validation_images(self, model: str) -> str:
        """The same of the images that it is validated on."""
        return self._prepared(model, self.config["training"]["validation"])

    def _prepared(self, model: str, sets: str) -> str:
        coded = "crops" in configuration.recipe(self.config, model)
        return (
            f"results/coded_crops/{model}/{sets}.safetensors" if coded else f"results/training_sets/{sets}.safetensors"
        )

    def crop_settings(self, model: str, sets: str) -> str:
        """What code_training_crops.py is told of the crops, as JSON."""
        recipe = configuration.recipe(self.config, model)
        count = recipe["validation_crops" if sets == self.config["training"]["validation"] else "crops"]
        return json.dumps({"crops": count, **{key: recipe[key] for key in CROP_KEYS}})

    def training_arguments(self, model: str) -> str:
        """What train.py needs besides the images; quoted for the shell."""
        arguments = ["--recipe", json.dumps(configuration.recipe(self.config, model))]
        arguments += ["--sets", *configuration.training_sets(self.config, model)]
        arguments += ["--checkpoint", f"results/checkpoints/{model}.pt"]
        if start := self.starting_files(model):
            arguments += ["--start", start[0]]
        return shlex.join([*arguments, "--snapshots", f"results/snapshots/{model}"])

    def snapshots(self, model: str) -> tuple[str, str]:
        """The folders of a model's snapshots and of the model: shipped, or made by its training."""
        shipped = self.own(f"workflow/resources/snapshots/{model}")
        if self.config["weights"] == "shipped" and Path(shipped).is_dir():
            return shipped, self.weights
        return f"results/snapshots/{model}", "results/models"

    def training_curve_arguments(self, model: str) -> str:
        """Which snapshots are measured, at which settings, against what; quoted for the shell.

        Raises:
            SettingsError: the config does not say at which settings.
        """
        curves = self.config["training_curves"]
        if model not in curves["settings"]:
            known = ", ".join(curves["settings"])
            raise SettingsError(f"{model} is not in training_curves.settings ({known}); add it to the config")
        network = configuration.recipe(self.config, model)["network"]
        arguments = ["--snapshots", self.snapshots(model)[0], "--model", model, "--network", network]
        arguments += ["--settings", json.dumps(curves["settings"][model]), "--anchors", json.dumps(curves["anchors"])]
        return shlex.join(arguments)

    # Tables, figures and the report

    @cached_property
    def left_out(self) -> Mapping[str, str]:
        """Tables and figures that no measured point could fill -> why."""
        return configuration.left_out(self.config)

    def require(self, table: str) -> None:
        """Refuse a table or figure that the config cannot fill, before any work.

        Raises:
            SettingsError: it cannot be filled.
        """
        if table in self.left_out:
            reason = self.left_out[table]
            raise SettingsError(f"{table} cannot be filled: {reason}; change the config, or leave {table} out")

    @property
    def note(self) -> str:
        """What this config leaves out, in a line; empty where that is nothing."""
        absent = [f"{name} ({reason})" for name, reason in self.left_out.items()]
        for table, names in configuration.rows_left_out(self.config).items():
            absent.append(f"in {table} the rows {', '.join(names)}")
        return f"note: left out: {'; '.join(absent)}" if absent else ""

    @property
    def tables(self) -> list[str]:
        """The tables that the config can fill."""
        return [f"results/{name}.csv" for name in TABLES if name not in self.left_out]

    @property
    def figures(self) -> list[str]:
        """The figures that the config can fill."""
        return [figure for figure in FIGURES if figure not in self.left_out]

    def entries(self, table: str) -> dict[str, Any]:
        """The rows of table5 or contest whose codec runs."""
        return self._running(self.config[table])

    def _running(self, entries: Mapping[str, Any]) -> dict[str, Any]:
        return {name: row for name, row in entries.items() if row["codec"] in self.config["codecs"]}

    @property
    def codecs_of_table5(self) -> list[str]:
        """The codecs behind the rows of Table 5, each once."""
        return list(dict.fromkeys(row["codec"] for row in self.entries("table5").values()))

    @property
    def codecs_to_choose_from(self) -> list[str]:
        """The codecs that run, without those that choose among others."""
        settings = self.config["settings"]
        return [codec for codec in self.config["codecs"] if not codec_class(codec).codecs_inside(settings[codec])]

    def shown(self, images: Sequence[str]) -> list[str]:
        """The images of the report's viewer, evenly spread over the dataset."""
        return _spread(images, self.config["report"]["images"] if self.codecs_of_table5 else 0)

    @property
    def viewer_options(self) -> str:
        """What the viewer shows, where it is decoded from, and how large it is; quoted for the shell."""
        options = ["--entries", json.dumps(self.entries("table5"))]
        options += ["--streams", "results/streams/points", "--weights", self.weights]
        if self.commands:
            options += ["--commands", json.dumps(self.commands)]
        return shlex.join([*options, "--side", str(self.config["report"]["side"])])

    def timed(self, images: Sequence[str]) -> list[str]:
        """The images that the costs of codecs are measured on, evenly spread over the dataset."""
        return _spread(images, min(len(images), self.config["complexity"]["images"]))

    @property
    def complexity_options(self) -> str:
        """Which operating points are measured, and how; quoted for the shell."""
        options = self.config["complexity"]
        words = ["--entries", json.dumps(self.entries("table5")), "--points", json.dumps(options["points"])]
        words += ["--target-bpp", str(self.config["rate_target_bpp"]), "--weights", self.weights]
        return shlex.join([*words, "--repeats", str(options["repeats"]), "--seed", str(options["seed"])])

    @property
    def complexity(self) -> list[str]:
        """What the report shows of the codecs' costs: the figure, whose table is made with it, where asked for."""
        return ["results/complexity.csv", "results/complexity.png"] if self.config["complexity"]["report"] else []

    @property
    def report_options(self) -> str:
        """What the report says of the config, and what it shows where the config has it; quoted for the shell."""
        words = ["--settings", json.dumps(self.report_settings)]
        words += ["--scores", *self.scores] if self.scores else []
        return shlex.join([*words, "--complexity", *self.complexity] if self.complexity else words)

    @property
    def claims_options(self) -> str:
        """The rate at which codecs are compared, and the paper's training budget; quoted for the shell."""
        budget = json.dumps(configuration.paper_budget(self.config))
        return shlex.join(["--budget", budget, "--target-bpp", str(self.config["rate_target_bpp"])])

    # What a reviewer asks for

    @property
    def further_tables(self) -> list[str]:
        """The tables besides the paper's that the config wants in the report; they need Table 5's rows."""
        wanted = self.config["report"]["further"] if "table5" not in self.left_out else []
        return [f"results/{name}.csv" for name in wanted]

    @property
    def packed(self) -> dict[str, list[str]]:
        """The parts of the run whose streams a pack holds, as their folders are called -> the codecs of each."""
        if self.config["pack"] == "all":
            return {FOLDERS[part]: list(self.blocks(part)) for part in self.parts}
        rows = [row for table in PACKED_TABLES for row in self.entries(table).values()]
        return {FOLDERS["settings"]: list(dict.fromkeys(row["codec"] for row in rows))}

    @property
    def packed_tables(self) -> list[str]:
        """The tables that name a pack's streams.

        Raises:
            SettingsError: the config can fill none of them.
        """
        tables = [f"results/{name}.csv" for name in PACKED_TABLES if name not in self.left_out]
        if not tables:
            self.require(PACKED_TABLES[0])
        return tables

    @property
    def packed_models(self) -> list[str]:
        """Weights and cards of the models that a pack may need.

        Raises:
            ModelError: one of the shipped models is missing.
        """
        parts = {FOLDERS[part]: part for part in PARTS}
        files = [
            file
            for folder, codecs in self.packed.items()
            for codec in codecs
            for file in self.model_files(codec, parts[folder])
        ]
        return list(dict.fromkeys(files))

    @property
    def pack_options(self) -> str:
        """What a pack holds, and where it is; quoted for the shell."""
        models: dict[str, list[str]] = {}
        for part in PARTS:
            for codec, block in self.blocks(part).items():
                models.setdefault(codec, []).extend(codec_class(codec).required_models(block))
        options = ["--entries", json.dumps({table: self.entries(table) for table in PACKED_TABLES})]
        options += ["--streams", "results/streams", "--weights", self.weights, "--models", json.dumps(models)]
        return shlex.join([*options, *(["--all"] if self.config["pack"] == "all" else [])])

    # BD-rates and curves

    @property
    def published_curves(self) -> list[dict[str, Any]]:
        """The published curves that are of the run's dataset."""
        return [dict(entry) for entry in self.config["published_curves"] if entry["dataset"] == self.dataset.id]

    @property
    def published_files(self) -> list[str]:
        """Their files.

        Raises:
            SettingsError: one is missing.
        """
        files = list(dict.fromkeys(entry["file"] for entry in self.published_curves))
        for file in files:
            if not Path(file).is_file():
                raise SettingsError(f"config: {file} of published_curves does not exist; correct its path or remove it")
        return files

    @property
    def published_option(self) -> str:
        """The option of scripts that take published curves, quoted for the shell; empty without one."""
        curves = self.published_curves
        return shlex.join(["--published-curves", json.dumps(curves)]) if curves else ""

    @property
    def bdrate_options(self) -> str:
        """The anchors, super-resolution's fixed settings, the further metrics and published curves; quoted."""
        anchors, scan = self.config["bdrate"]["anchors"], self.config["threshold_scan"]
        options = [
            "--anchors",
            json.dumps(anchors),
            "--qp",
            str(scan["qp"]),
            "--threshold-db",
            str(scan["threshold_db"]),
        ]
        if self.config["metrics"]:
            classes = {metric: metric_class(metric) for metric in self.config["metrics"]}
            readings = {
                metric: {"rising": kind.higher_is_better, "decibels": kind.domain == "log"}
                for metric, kind in classes.items()
            }
            options += ["--readings", json.dumps(readings)]
        return f"{shlex.join(options)} {self.published_option}".strip()

    @property
    def bdrate(self) -> list[str]:
        """The table of BD-rates and the relative rates behind it, if the config can fill them."""
        names = ("bdrate", "bdrate_over_quality")
        return [f"results/{name}.csv" for name in names if "bdrate" not in self.left_out]

    @property
    def figures_shown(self) -> list[str]:
        """The figures that the report shows: those of the paper, and that of the BD-rates."""
        return [*self.figures, *(["bdrate"] if self.bdrate else [])]

    @property
    def report_settings(self) -> dict[str, Any]:
        """What the report says of the config, besides the whole of it."""
        kept = {key: self.config[key] for key in ("rate_target_bpp", "threshold_scan")}
        bdrate = {"published_curves": self.published_curves, "without_bdrate": self.left_out.get("bdrate", "")}
        return {"dataset": self.dataset.id, "table5": self.entries("table5"), **bdrate, **kept}

    # The subjective study

    @property
    def study_entries(self) -> dict[str, Any]:
        """What the study compares: its entries whose codec runs."""
        return self._running(self.config["study"]["entries"])

    @property
    def codecs_of_study(self) -> list[str]:
        """The codecs behind the study's entries, each once."""
        return list(dict.fromkeys(row["codec"] for row in self.study_entries.values()))

    def study_images(self, images: Sequence[str]) -> list[str]:
        """The images of the study, and last that of its training: one that the others are not, if there is one.

        Raises:
            SettingsError: an image is not in the dataset, or fewer than two entries or not the anchor can be shown.
        """
        study = self.config["study"]
        if len(self.study_entries) < 2 or study["anchor"] not in self.study_entries:
            names = ", ".join(self.study_entries) or "none"
            raise SettingsError(
                f"study: codecs run for {names} of its entries, which is too few, or not for its anchor "
                f"{study['anchor']}; add them to codecs, or change study.entries and study.anchor"
            )
        wanted = study["images"]
        chosen = _spread(images, wanted) if isinstance(wanted, int) else list(wanted)
        if unknown := [image for image in chosen if image not in set(images)]:
            raise SettingsError(f"{unknown[0]!r} of study.images is not in {self.dataset.id}; choose from its images")
        others = [image for image in images if image not in set(chosen)]
        return [*chosen, (others or chosen)[0]]

    @property
    def study_options(self) -> str:
        """What the study consists of, and where it is decoded from; quoted for the shell."""
        settings = {key: value for key, value in self.config["study"].items() if key not in ("entries", "responses")}
        options = ["--entries", json.dumps(self.study_entries), "--settings", json.dumps(settings)]
        options += ["--target-bpp", str(self.config["rate_target_bpp"])]
        return shlex.join([*options, "--streams", "results/streams/points", "--weights", self.weights])

    @property
    def responses(self) -> list[str]:
        """The files of the study's observers.

        Raises:
            SettingsError: the folder is not there.
        """
        folder = self.config["study"]["responses"]
        if not folder:
            return []
        if not Path(folder).is_dir():
            raise SettingsError(f"study.responses: {folder} is no folder; make it, or correct the path")
        return sorted(map(str, Path(folder).glob("*.csv")))


def _spread(images: Sequence[str], most: int) -> list[str]:
    """At most so many images, evenly spread."""
    count = min(len(images), most)
    return [images[at * len(images) // count] for at in range(count)]

# What all rules share: the checked config, the plan of the run, the ids that wildcards may take. No logic: that is in
# scripts/licbench/planning.py and config.py.

import functools
import json
import os
import sys
from contextlib import contextmanager
from pathlib import Path

# The folder of the Snakefile: code and resources come from there, results go to the working directory
ROOT = Path(workflow.current_basedir).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from licbench import config as configuration, dependencies  # noqa: E402
from licbench.codecs import registry  # noqa: E402
from licbench.datasets import catalogue, folders  # noqa: E402
from licbench.errors import LicbenchError  # noqa: E402
from licbench.measurement import batches, job_resources  # noqa: E402
from licbench.metrics import registry as metric_registry  # noqa: E402
from licbench.planning import Plan  # noqa: E402

# glibc keeps what a layer frees for the next layer, in place of asking the kernel again: a third of torch's time.
os.environ.update(dict.fromkeys(["MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"], str(2**30)))
# Jobs find the interpreter of this environment, activated or not.
os.environ.update(PATH=os.pathsep.join([str(Path(sys.executable).parent), *os.get_exec_path()]))


@contextmanager
def in_one_line():
    """Our errors as Snakemake's, which it shows without a traceback."""
    try:
        yield
    except LicbenchError as error:
        raise WorkflowError(" ".join(str(error).split())) from None


with in_one_line():
    folders.refuse_placeholder(ROOT)
    registry.declare_commands(config.get("settings"))
    config.update(configuration.with_typed_values(config))
    configuration.check(config)
    DATASET = catalogue.describe(str(config["dataset"]))
    # However the user spelt it, jobs see one spelling, and another reruns nothing.
    config["dataset"] = DATASET.spelling

PLAN = Plan(config, DATASET, Path() if ROOT.samefile(Path.cwd()) else ROOT)
own = PLAN.own
with in_one_line():
    PLAN.require_commands()

# Once, and where it is seen: not by the jobs that run as workflows of their own
if DATASET.left_out and workflow.is_main_process:
    print(f"note: {DATASET.left_out}", file=sys.stderr)


wildcard_constraints:
    batch=r"@?[A-Za-z0-9_.-]+",
    archive="|".join(archive.file for archive in DATASET.archives) or "none",
    codec="|".join(registry.codec_ids()),
    dataset=r"[A-Za-z0-9_.-]+",
    image=r"[A-Za-z0-9_.-]+",
    metric="|".join(metric_registry.metric_ids()) or "none",
    model="|".join(config["models"]),
    set="|".join(catalogue.known_datasets()),
    sets=r"[a-z0-9_+]+",
    source="|".join(catalogue.known_datasets()),


def code_of(*entries, codecs=(), metrics=()):
    """The files whose change must rerun a job: its script, which comes first, and all that the script imports."""
    modules = [file for codec in PLAN.with_those_inside(codecs) for file in registry.sources(codec)]
    modules += [file for metric in metrics for file in metric_registry.sources(metric)]
    further = [file for codec in codecs for file in registry.codec_class(codec).files()]
    imported = dependencies.closure(ROOT, (*entries, *modules))
    return [*map(own, dict.fromkeys([entries[0], *imported])), *map(str, further)]


def network_of(wildcards):
    """The network of a model, which training and codec import by name."""
    return configuration.recipe(config, wildcards.model)["network"]


def manifest():
    """The dataset's images with their sizes; asks the unpacked archives where no manifest lists them."""
    if DATASET.kind != "archives":
        return DATASET.manifest
    folder = checkpoints.unpack_archives.get(dataset=DATASET.id).output[0]
    return catalogue.read_manifest(Path(folder) / "manifest.tsv")


def images(wildcards=None):
    """The ids of the dataset's images."""
    return list(DATASET.images) if DATASET.images is not None else [row.image for row in manifest()]


@functools.cache
def batches_in_use():
    """Batch -> the ids of its images: what one job of a codec measures."""
    return batches.cut(images())


def members(wildcards):
    """The ids of a batch's images."""
    return tuple(batches_in_use().get(wildcards.batch, [wildcards.batch]))


def images_of_batch(wildcards):
    return [f"results/data/{wildcards.dataset}/{image}.png" for image in members(wildcards)]


@functools.cache
def megapixels(names):
    """Sizes of images."""
    return PLAN.megapixels(names, () if DATASET.kind == "folder" else manifest())


@functools.cache
@in_one_line()
def version_of(codec):
    return PLAN.version(codec, ROOT / PLAN.weights)


@functools.cache
@in_one_line()
def version_of_metric(metric):
    return PLAN.metric_version(metric)


@in_one_line()
def model_files(codec, part):
    return PLAN.model_files(codec, part)


@in_one_line()
def cards_in_use(wildcards):
    return PLAN.cards


def resources_of_batch(part):
    """Resources for measuring a batch; a job that a cluster killed gets more memory."""

    def memory(wildcards, attempt):
        block = config[part][wildcards.codec]
        return attempt * job_resources.memory_mb(wildcards.codec, block, megapixels(members(wildcards)))

    return {"mem_mb": memory, "runtime": lambda wildcards: job_resources.minutes(megapixels(members(wildcards)))}


def params_of_batch(part):
    """What a batch is measured with: a change of the codec's settings or version measures anew."""
    return {
        "settings": lambda wildcards: json.dumps(config[part][wildcards.codec]),
        "version": lambda wildcards: version_of(wildcards.codec),
    }


def resources_to_score():
    """Resources for scoring a batch of one codec; a job that a cluster killed gets more memory."""

    def memory(wildcards, attempt):
        return attempt * PLAN.memory_to_score(wildcards.codec, wildcards.metric, megapixels(members(wildcards)))

    return {"mem_mb": memory, "runtime": resources_of_batch("settings")["runtime"]}


def memory_to_decode(wildcards, attempt):
    """MB for decoding one image, or any of the dataset's, with any of the codecs."""
    names = (wildcards.image,) if "image" in wildcards.keys() else tuple(images())
    return attempt * PLAN.memory_to_decode(megapixels(names))


def rows_in_use():
    """All rows of the dataset, of the sweeps and of the ablations."""
    files = {"settings": f"results/points/{DATASET.id}.csv", "ablations": f"results/ablations/{DATASET.id}.csv"}
    return [files[part] for part in PLAN.parts]


def rows_to_fill(table):
    """The input function of the rows for a table or figure; refuses one that they cannot fill before any work."""

    @in_one_line()
    def rows(wildcards):
        PLAN.require(table)
        return f"results/points/{DATASET.id}.csv"

    return rows


@in_one_line()
def published_files(wildcards):
    return PLAN.published_files


@functools.cache
def say_what_is_left_out():
    if PLAN.note:
        print(PLAN.note, file=sys.stderr)


def tables_in_use(wildcards):
    """The tables that this config can fill; asked for everything, it says what is left out."""
    say_what_is_left_out()
    return PLAN.tables


def figure_files(figure, caption):
    """The files of a figure, with the caption that `snakemake --report` shows."""
    return report(multiext(f"results/{figure}", ".png", ".pdf"), caption=f"../report/{caption}.rst", category="Figures")


def decoded(sets):
    return f"results/training_sets/{sets}.safetensors"


@in_one_line()
def training_curve_arguments(wildcards):
    return PLAN.training_curve_arguments(wildcards.model)


def of_table5(pattern):
    """The input function for what an image's batch has left, of each codec of Table 5."""

    def files(wildcards):
        batch = batches.batch_of(wildcards.image, len(images()))
        return expand(pattern, dataset=wildcards.dataset, codec=PLAN.codecs_of_table5, batch=batch)

    return files


def reconstructions(wildcards):
    return expand(f"results/reconstructions/{DATASET.id}/{{image}}", image=PLAN.shown(images()))


@in_one_line()
def images_of_study(wildcards=None):
    """The ids of the study's images, and last that of its training."""
    return PLAN.study_images(images())


def originals_of_study(wildcards):
    return expand(f"results/data/{DATASET.id}/{{image}}.png", image=images_of_study())


def streams_of_study(wildcards):
    """Where the streams of the study's images lie, of each codec behind its entries."""
    chosen = sorted({batches.batch_of(image, len(images())) for image in images_of_study()})
    pattern = f"results/streams/points/{DATASET.id}/{{codec}}/{{batch}}"
    return expand(pattern, codec=PLAN.codecs_of_study, batch=chosen)


@in_one_line()
def responses(wildcards):
    return PLAN.responses


def report_records(wildcards):
    """The run's provenance, and names.csv, alone or in the folder that archives are unpacked to."""
    names = f"results/data/{DATASET.id}/names.csv"
    if DATASET.images is None:
        names = checkpoints.unpack_archives.get(dataset=DATASET.id).output[0]
    return [names, *expand("results/provenance/{file}", file=["config.yaml", "versions.json", "rulegraph.mmd"])]


@in_one_line()
def packed_tables(wildcards):
    """The tables whose streams a pack holds; refuses a run that has none before any work."""
    return PLAN.packed_tables


def packed_streams(wildcards):
    """The folders of the streams that a pack is filled from."""
    pattern = "results/streams/{part}/{dataset}/{codec}/{batch}"
    return [
        file
        for part, codecs in PLAN.packed.items()
        for file in expand(pattern, part=part, dataset=DATASET.id, codec=codecs, batch=batches_in_use())
    ]


@in_one_line()
def packed_models(wildcards):
    return PLAN.packed_models


def images_of_complexity(wildcards):
    return expand(f"results/data/{DATASET.id}/{{image}}.png", image=PLAN.timed(images()))


def image_of_figure5(wildcards):
    """The dataset's image that the config names, or its first."""
    return f"results/data/{DATASET.id}/{config['figure5']['image'].get(DATASET.id) or images()[0]}.png"


# A pack carries all of it
LIBRARY = sorted(own(path.relative_to(ROOT)) for path in (ROOT / "scripts" / "licbench").rglob("*.py"))
# What the evaluation of a subjective study makes, and the report shows where there are responses
STUDY_FILES = ["scores.csv", "stimuli.csv", "correlations.csv", "observers.csv", "scores.png"]
# What the report shows
WHAT_THE_REPORT_SHOWS = {
    "tables": [*PLAN.tables, *PLAN.further_tables],
    "rows": rows_in_use(),
    "cards": cards_in_use,
    "scores": PLAN.scores,
    "complexity": PLAN.complexity,
    "bdrate": PLAN.bdrate,
    "published": published_files,
    # Where a subjective study has responses, the report has a page of it
    "study": expand("results/study/{file}", file=STUDY_FILES if PLAN.responses else []),
}
# Of a training; 11 GB at most: the GAN of 256x256 tiles
TRAINING_RESOURCES = {"gpu": 1, "mem_mb": lambda wildcards, attempt: attempt * 8000, "runtime": 24 * 60}

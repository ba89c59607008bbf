# What all rules share: the checked config, the ids that wildcards may take, input functions. No science.

import functools
import json
import os
import shlex
import sys
from pathlib import Path

# The folder of the Snakefile: code and resources come from there, results go to the working directory
ROOT = Path(workflow.current_basedir).parents[1]
AT_HOME = ROOT.samefile(Path.cwd())
sys.path.insert(0, str(ROOT / "scripts"))

from licbench import config as configuration, dependencies  # noqa: E402
from licbench.codecs import registry  # noqa: E402
from licbench.datasets import catalogue, folders  # noqa: E402
from licbench.measurement import batches, contract, job_resources  # noqa: E402
from licbench.errors import LicbenchError  # noqa: E402
from licbench.networks.store import ModelStore  # noqa: E402

# glibc keeps what a layer frees for the next layer, in place of asking the kernel again: a third of torch's time.
os.environ.update(dict.fromkeys(["MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"], str(2**30)))
# Jobs find the interpreter of this environment, activated or not.
os.environ.update(PATH=os.pathsep.join([str(Path(sys.executable).parent), *os.get_exec_path()]))

try:
    folders.refuse_placeholder(ROOT)
    config.update(configuration.with_numbers(config))
    configuration.check(config)
    DATASET = catalogue.describe(str(config["dataset"]))
    # However the user spelt it, jobs see one spelling, and another reruns nothing.
    config["dataset"] = DATASET.spelling
except LicbenchError as error:
    raise WorkflowError(" ".join(str(error).split())) from None


# Once, and where it is seen: not by the jobs that run as workflows of their own
if DATASET.left_out and workflow.is_main_process:
    print(f"note: {DATASET.left_out}", file=sys.stderr)

# Tables and figures that no measured point could fill -> why
LEFT_OUT = configuration.left_out(config)
# What a reader compares: shown in the report, kept as reference results, and held against them by verify
NAMES = ("table1", "table2", "table3", "table4", "table5", "contest", "claims")
TABLES = [f"results/{name}.csv" for name in NAMES if name not in LEFT_OUT]


wildcard_constraints:
    batch=r"@?[A-Za-z0-9_.-]+",
    archive="|".join(archive.file for archive in DATASET.archives) or "none",
    codec="|".join(registry.codec_ids()),
    dataset=r"[A-Za-z0-9_.-]+",
    image=r"[A-Za-z0-9_.-]+",
    model="|".join(config["models"]),
    set="|".join(catalogue.known_datasets()),
    sets=r"[a-z0-9_+]+",
    source="|".join(catalogue.known_datasets()),


def own(path):
    """A file of the workflow, for a job to find: by a short name at home, so that a moved folder reruns nothing."""
    return str(path if AT_HOME else ROOT / path)


def to_json(value):
    """The one-line form in which settings reach a script, in the config's order: a table's rows follow it."""
    return json.dumps(value)


def code_of(*entries, codecs=()):
    """The files whose change must rerun a job: its script, which comes first, and all that the script imports."""
    imported = dependencies.closure(ROOT, (*entries, *(f"scripts/licbench/codecs/{codec}.py" for codec in codecs)))
    return [own(file) for file in dict.fromkeys([entries[0], *imported])]


def training_code(wildcards):
    """The training script, and the module of the model's network, which it imports by name."""
    return code_of("scripts/train.py", f"scripts/licbench/training/{recipe_of(wildcards.model)['network']}.py")


def training_arguments(wildcards):
    """What training a model needs beside its pictures; quoted for the shell."""
    arguments = ["--recipe", to_json(recipe_of(wildcards.model)), "--sets"]
    arguments += configuration.training_sets(config, wildcards.model)
    arguments += ["--checkpoint", f"results/checkpoints/{wildcards.model}.pt"]
    if start := starting_files(wildcards.model):
        arguments += ["--start", start[0]]
    return shlex.join([*arguments, "--snapshots", f"results/snapshots/{wildcards.model}"])


def starting_files(model):
    """Weights and card of the shipped model that a training continues, if it does."""
    name = configuration.starting_model(config, model)
    return [own(f"workflow/resources/weights/{name}{suffix}") for suffix in (".safetensors", ".json")] if name else []


def decoded(sets):
    return f"results/training_sets/{sets}.safetensors"


def mirror_option(wildcards):
    """A function of the wildcards, or Snakemake would take braces in the path for one."""
    return f"--mirror={shlex.quote(str(config['mirror']))}" if config["mirror"] else ""


def downloads():
    """The datasets that the configured run downloads."""
    pictures = [DATASET.id] if DATASET.kind in ("files", "archives") else []
    return [*pictures, *configuration.all_sets(config)] if config["weights"] == "trained" else pictures


def original_of(wildcards):
    """The user's own file, where the dataset is a folder: a changed picture reruns what was made of it."""
    if DATASET.kind != "folder":
        return []
    path = DATASET.path(wildcards.image)
    # The job refuses such a picture by name, and the others get measured.
    return [] if folders.placeholder(path) else str(path)


def images(wildcards=None):
    """The ids of the dataset's pictures; asks the unpacked archives where no manifest tells."""
    if DATASET.images is not None:
        return list(DATASET.images)
    return [row.image for row in unpacked()]


def unpacked():
    """The manifest of the unpacked archives."""
    folder = checkpoints.unpack_archives.get(dataset=DATASET.id).output[0]
    return catalogue.read_manifest(Path(folder) / "manifest.tsv")


@functools.cache
def batches_in_use():
    """Batch -> the ids of its pictures: what one job of a codec measures."""
    return batches.cut(images())


def members(wildcards):
    """The ids of a batch's pictures."""
    return tuple(batches_in_use().get(wildcards.batch, [wildcards.batch]))


def pictures_of(wildcards):
    """The pictures of a batch."""
    return [f"results/data/{wildcards.dataset}/{image}.png" for image in members(wildcards)]


def of_table5(pattern):
    """The input function for what a picture's batch has left, of each codec of Table 5."""

    def files(wildcards):
        batch = batches.batch_of(wildcards.image, len(images()))
        return expand(pattern, dataset=wildcards.dataset, codec=codecs_of_table5(), batch=batch)

    return files


def pictures_listed():
    """Where to look up which pictures there are: the dataset, or the folder that its archives were unpacked to."""
    return str(config["dataset"]) if DATASET.images is not None else f"results/data/{DATASET.id}"


def recipe_of(model):
    """The model's recipe: the settings of its network, overridden by the model's own."""
    return configuration.recipe(config, model)


def weights_folder():
    return own("workflow/resources/weights") if config["weights"] == "shipped" else "results/models"


def curve_folders(model):
    """Where a model's snapshots and the model stand: shipped, or left by its training, which is run for them."""
    shipped = own(f"workflow/resources/snapshots/{model}")
    if config["weights"] == "shipped" and Path(shipped).is_dir():
        return shipped, weights_folder()
    return f"results/snapshots/{model}", "results/models"


def training_curve_arguments(wildcards):
    """Which snapshots are measured, at which settings, against what; quoted for the shell."""
    known, model = config["training_curves"]["settings"], wildcards.model
    if model not in known:
        there = ", ".join(known)
        raise WorkflowError(f"{model} is not in training_curves.settings ({there}); add it to the config")
    arguments = ["--snapshots", curve_folders(model)[0], "--model", model, "--network", recipe_of(model)["network"]]
    arguments += ["--settings", to_json(known[model]), "--anchors", to_json(config["training_curves"]["anchors"])]
    return shlex.join(arguments)


def models_of(codec, blocks):
    """Weights and cards that a codec's operating points use."""
    names = registry.codec_class(codec).required_models(blocks[codec])
    files = [f"{weights_folder()}/{name}{suffix}" for name in names for suffix in (".safetensors", ".json")]
    for file in files:
        if config["weights"] == "shipped" and not Path(file).is_file():
            raise WorkflowError(f"{file} is missing; restore it from the repository, or set weights: trained")
    return files


@functools.cache
def version_of(codec):
    """The codec with its libraries and programs, as the rows hold it: another version measures anew."""
    try:
        return contract.version(registry.codec_class(codec)(ModelStore(ROOT / weights_folder())))
    except ImportError:
        # With --software-deployment-method conda the jobs have it, and this process need not
        return "not installed where Snakemake runs"
    except LicbenchError as error:
        raise WorkflowError(str(error)) from None


@functools.cache
def sizes_of(names):
    """Megapixels of pictures: as the manifest says, or the headers of the user's own files."""
    if DATASET.kind == "folder":
        return [job_resources.megapixels(DATASET.path(name)) for name in names]
    rows = {row.image: row.width * row.height / 1e6 for row in DATASET.manifest or unpacked()}
    return [rows[name] for name in names]


def needs_of_batch(part):
    """Resources for measuring a batch; a job that a cluster killed gets more memory."""

    def memory(wildcards, attempt):
        return attempt * job_resources.memory_mb(
            wildcards.codec, config[part][wildcards.codec], sizes_of(members(wildcards))
        )

    return {"mem_mb": memory, "runtime": lambda wildcards: job_resources.minutes(sizes_of(members(wildcards)))}


def given_to_batch(part):
    """What a batch is measured with: a change of the codec's settings or version measures anew."""
    return {
        "settings": lambda wildcards: to_json(config[part][wildcards.codec]),
        "version": lambda wildcards: version_of(wildcards.codec),
    }


def memory_to_decode(wildcards, attempt):
    """MB for decoding one picture with any of the codecs, which is less than measuring it."""
    sizes = sizes_of((wildcards.image,)) if "image" in wildcards.keys() else sizes_of(tuple(images()))
    parts = [(codec, block) for part in ("settings", "ablations") for codec, block in blocks_in_use(part).items()]
    return attempt * max(job_resources.memory_mb(codec, block, sizes) for codec, block in parts)


def blocks_in_use(part):
    """The codecs' blocks under settings or ablations, of the codecs that run."""
    return {codec: block for codec, block in config[part].items() if codec in config["codecs"]}


def contenders(table):
    """The rows of table5 or contest whose codec runs."""
    return {name: row for name, row in config[table].items() if row["codec"] in config["codecs"]}


def rows_to_fill(table):
    """The input function of the rows for a table or figure; refuses one that they cannot fill before any work."""

    def rows(wildcards):
        if table in LEFT_OUT:
            raise WorkflowError(f"{table} cannot be filled: {LEFT_OUT[table]}; change the config, or leave {table} out")
        return f"results/points/{DATASET.id}.csv"

    return rows


def tables_in_use(wildcards):
    """The tables that this config can fill; asked for everything, it says what is left out."""
    say_what_is_left_out()
    return TABLES


@functools.cache
def say_what_is_left_out():
    absent = [f"{name} ({reason})" for name, reason in LEFT_OUT.items()]
    absent += [
        f"in {table} the rows {', '.join(names)}" for table, names in configuration.rows_left_out(config).items()
    ]
    if absent:
        print(f"note: left out: {'; '.join(absent)}", file=sys.stderr)


def rows_in_use():
    """All rows of the dataset, of the sweeps and of the ablations."""
    parts = ["points", "ablations"] if blocks_in_use("ablations") else ["points"]
    return [f"results/{part}/{DATASET.id}.csv" for part in parts]


def cards_in_use(wildcards):
    """The cards of all models that the rows were made with."""
    files = [
        file
        for part in ("settings", "ablations")
        for codec in blocks_in_use(part)
        for file in models_of(codec, config[part])
    ]
    return sorted({file for file in files if file.endswith(".json")})


def figures_in_use():
    """The figures that this config can fill."""
    figures = [*(f"figure{number}" for number in range(1, 7)), "threshold_scan"]
    return [figure for figure in figures if figure not in LEFT_OUT]


def codecs_of_table5():
    """The codecs behind the rows of Table 5, each once."""
    return list(dict.fromkeys(row["codec"] for row in contenders("table5").values()))


def reconstructions(wildcards):
    """The pictures that the report shows, evenly spread over the dataset."""
    names, most = images(), config["report"]["pictures"]
    count = min(len(names), most) if codecs_of_table5() else 0
    return [f"results/reconstructions/{DATASET.id}/{names[at * len(names) // count]}" for at in range(count)]


def picture_options():
    """Where the viewer's pictures are decoded from, and how large they are; quoted for the shell."""
    options = ["--streams", "results/streams/points", "--weights", weights_folder()]
    return shlex.join([*options, "--side", str(config["report"]["side"])])


def report_sources():
    """Templates, scripts and texts of the report."""
    return sorted(own(path.relative_to(ROOT)) for path in (ROOT / "workflow" / "report").rglob("*.*"))


def report_records(wildcards):
    """The run's provenance, and names.csv, alone or in the folder that archives are unpacked to."""
    names = f"results/data/{DATASET.id}/names.csv"
    if DATASET.images is None:
        names = checkpoints.unpack_archives.get(dataset=DATASET.id).output[0]
    return [names, *expand("results/provenance/{file}", file=["config.yaml", "versions.json", "rulegraph.mmd"])]


def report_settings():
    """What the report says of the config, beside the whole of it."""
    told = {key: config[key] for key in ("rate_target_bpp", "threshold_scan")}
    return {"dataset": DATASET.id, "table5": contenders("table5"), **told}


def figure_files(figure, caption):
    """The pictures of a figure, with the caption that `snakemake --report` shows."""
    return report(multiext(f"results/{figure}", ".png", ".pdf"), caption=f"../report/{caption}.rst", category="Figures")

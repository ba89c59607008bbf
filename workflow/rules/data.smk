# Images.
#   needs   config: dataset, mirror; the network, unless the dataset is embedded, a folder or mirrored
#   makes   results/data/{dataset}/{image}.png with names.csv, results/training_sets/{set}.zip; results/mirror on request
#   steps   fetch_image and list_images (datasets whose images are known beforehand), or fetch_archive and
#           unpack_archives (datasets that come as archives without a manifest); fetch_training_set; mirror_dataset,
#           mirror (a target)


# The nodes of a cluster often have no way to the network: downloads run where Snakemake was started
localrules:
    fetch_training_set,
    mirror_dataset,


if DATASET.images is not None:

    localrules:
        fetch_image,
        list_images,

    rule fetch_image:
        """One image of the dataset, checked against its manifest, as 8-bit RGB PNG."""
        input:
            original=lambda wildcards: PLAN.original(wildcards.image),
            code=code_of("scripts/fetch.py"),
        output:
            f"results/data/{DATASET.id}/{{image}}.png",
        log:
            f"results/logs/fetch_image/{DATASET.id}/{{image}}.log",
        benchmark:
            f"results/benchmarks/fetch_image/{DATASET.id}/{{image}}.tsv"
        retries: 1 if DATASET.kind == "files" and not config["mirror"] else 0
        conda:
            "../../envs/codecs.yaml"
        params:
            dataset=config["dataset"],
            mirror=lambda wildcards: PLAN.mirror_option,
        shell:
            "python {input.code[0]:q} image --dataset={params.dataset:q} --image {wildcards.image:q}"
            " {params.mirror} {output:q} 2> {log:q} && cat {log:q} >&2"

    rule list_images:
        """What the file behind each image's id is called."""
        input:
            code=code_of("scripts/fetch.py"),
        output:
            f"results/data/{DATASET.id}/names.csv",
        log:
            f"results/logs/list_images/{DATASET.id}.log",
        benchmark:
            f"results/benchmarks/list_images/{DATASET.id}.tsv"
        conda:
            "../../envs/codecs.yaml"
        params:
            dataset=config["dataset"],
            names=lambda wildcards: DATASET.names,
        shell:
            "python {input.code[0]:q} names --dataset={params.dataset:q} {output:q} 2> {log:q}"

else:

    localrules:
        fetch_archive,

    rule fetch_archive:
        """One zip file of the dataset, checked against its sha256; an interrupted download is resumed."""
        input:
            code=ancient(own("scripts/fetch.py")),
        output:
            f"results/archives/{DATASET.id}/{{archive}}",
        log:
            f"results/logs/fetch_archive/{DATASET.id}/{{archive}}.log",
        benchmark:
            f"results/benchmarks/fetch_archive/{DATASET.id}/{{archive}}.tsv"
        retries: 0 if config["mirror"] else 2
        conda:
            "../../envs/codecs.yaml"
        params:
            dataset=config["dataset"],
            mirror=lambda wildcards: PLAN.mirror_option,
        shell:
            "python {input.code:q} archive --dataset={params.dataset:q} --archive {wildcards.archive:q}"
            " {params.mirror} {output:q} 2>&1 | tee {log:q}"

    checkpoint unpack_archives:
        """All images of the archives as PNG files, and the manifest that lists them."""
        input:
            archives=expand("results/archives/{{dataset}}/{file}", file=[archive.file for archive in DATASET.archives]),
            code=code_of("scripts/fetch.py"),
        output:
            directory("results/data/{dataset}"),
        log:
            "results/logs/unpack_archives/{dataset}.log",
        benchmark:
            "results/benchmarks/unpack_archives/{dataset}.tsv"
        conda:
            "../../envs/codecs.yaml"
        shell:
            "python {input.code[0]:q} unpack --dataset {wildcards.dataset:q} {output:q} {input.archives:q}"
            " 2>&1 | tee {log:q}"


rule fetch_training_set:
    """All photographs of a training set in one zip, each checked against the manifest."""
    input:
        code=code_of("scripts/fetch.py"),
    output:
        "results/training_sets/{set}.zip",
    log:
        "results/logs/fetch_training_set/{set}.log",
    benchmark:
        "results/benchmarks/fetch_training_set/{set}.tsv"
    conda:
        "../../envs/codecs.yaml"
    params:
        mirror=lambda wildcards: PLAN.mirror_option,
    shell:
        "python {input.code[0]:q} training-set --dataset {wildcards.set:q} {params.mirror} {output:q} 2>&1 | tee {log:q}"


rule mirror_dataset:
    """All files of a dataset as they are downloaded, and the list of their checksums, which sha256sum --check reads."""
    input:
        code=code_of("scripts/fetch.py"),
    output:
        "results/mirror/{source}.sha256",
    log:
        "results/logs/mirror_dataset/{source}.log",
    benchmark:
        "results/benchmarks/mirror_dataset/{source}.tsv"
    conda:
        "../../envs/codecs.yaml"
    params:
        mirror=lambda wildcards: PLAN.mirror_option,
    shell:
        "python {input.code[0]:q} mirror --dataset {wildcards.source:q} {params.mirror} {output:q} 2>&1 | tee {log:q}"


rule mirror:
    """Target: everything that the configured run downloads, in a folder for the config's mirror."""
    input:
        expand("results/mirror/{source}.sha256", source=PLAN.downloads),
    message:
        f"results/mirror holds {', '.join(PLAN.downloads) or 'nothing: this run downloads nothing'}"

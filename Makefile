# Everything from a fresh clone; needs Python 3.11 and make, no root. The environment is built once, from the locks.
# `make help` prints the targets with the text behind their ##.

PYTHON ?= $(or $(shell command -v python3.11),python3)
CORES ?= all
VENV := .venv
PYTEST := python -m pytest -n auto --dist loadfile --no-loadscope-reorder
TRAINING_IMAGES := results/training_sets/imagenet_sample+bsds500_train+bsds500_test.safetensors
WITH := $(if $(CONFIG),--config $(CONFIG))
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help table5 all paper test test-all lint bench bench-scale bench-memory bench-overhead bench-compressai bench-train \
	choices ladder stages trials channels future restoration fuzz faults determinism verify reference pack mirror lock clean

help:                       ## this list
	@awk -F ':.*## ' '/^[a-z][a-z0-9 -]*:.*## / { count = split($$1, names, " "); \
	    for (i = 1; i <= count; i++) printf "make %-18s%s\n", names[i], $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo 'Settings: make verify CONFIG="dataset=kodak", make table5 CORES=4; every key is described in config.yaml'

table5: $(VENV)/.run        ## Table 5 on the embedded photographs, printed
	snakemake --cores $(CORES) results/table5.csv $(WITH)
	python scripts/show_table.py results/table5.csv

all: $(VENV)/.run           ## everything the workflow makes
	snakemake --cores $(CORES) $(WITH)

verify: $(VENV)/.run        ## everything, every stream decoded again, every table compared: REPRODUCED
	snakemake --cores $(CORES) verify $(WITH)
	@tail -n 1 results/logs/verify.log

reference: $(VENV)/.run     ## keep this run's tables as the reference results, after a change of models or data
	snakemake --cores $(CORES) keep_reference $(WITH)

pack: $(VENV)/.run          ## results/pack.tar.gz: streams, models and a checker for a reviewer
	snakemake --cores $(CORES) results/pack.tar.gz $(WITH)

mirror: $(VENV)/.run        ## collect downloads in results/mirror, for machines without a network
	snakemake --cores $(CORES) mirror $(WITH)

paper: $(VENV)/.run         ## the paper's data and training: needs CLIC 2018, a GPU and days
	snakemake --cores $(CORES) --configfile workflow/presets/paper.yaml

test: $(VENV)/.dev          ## the tests, but for the longest
	$(PYTEST) -m "not long"

test-all: $(VENV)/.dev      ## all tests, as CI runs them
	$(PYTEST)

lint: $(VENV)/.dev          ## style, types, workflow
	ruff check . && ruff format --check .
	mypy
	snakefmt --check Snakefile workflow
	snakemake --lint

bench: $(VENV)/.dev         ## time and memory of codecs, entropy coders and tiles: docs/dev/performance.md
	PYTHONPATH=tools python -m bench codecs coders tiles

bench-scale bench-memory bench-overhead bench-compressai: $(VENV)/.dev   ## longer benchmarks: docs/dev/performance.md
	PYTHONPATH=tools python -m bench $(@:bench-%=%)

choices: $(VENV)/.run       ## BD-rate of the choices that the paper leaves open, on BSDS500 val: docs/methods.md
	snakemake --cores $(CORES) results/training_sets/bsds500_val.safetensors $(WITH)
	python tools/choices.py results/training_sets/bsds500_val.safetensors

ladder: $(VENV)/.run        ## at which steps a model of the CAE's ladder is the one to use, on BSDS500 val: docs/methods.md
	snakemake --cores $(CORES) results/training_sets/bsds500_val.safetensors $(WITH)
	python tools/ladder.py results/training_sets/bsds500_val.safetensors

stages: $(VENV)/.run        ## BD-rate of the CAEs in workflow/resources/stages against the models in use, on BSDS500 val
	snakemake --cores $(CORES) results/training_sets/bsds500_val.safetensors $(WITH)
	python tools/stages.py results/training_sets/bsds500_val.safetensors

trials: $(VENV)/.dev        ## BD-rate of other recipes for the CAE, on BSDS500 val: docs/training.md
	snakemake --cores $(CORES) $(TRAINING_IMAGES) results/training_sets/bsds500_val.safetensors $(WITH)
	python tools/trials.py $(TRAINING_IMAGES) results/training_sets/bsds500_val.safetensors results/trials

channels: $(VENV)/.run      ## where the CAE gains and loses against JPEG 2000, on BSDS500 val: docs/results.md
	snakemake --cores $(CORES) results/training_sets/bsds500_val.safetensors $(WITH)
	python tools/channels.py results/training_sets/bsds500_val.safetensors

future: $(VENV)/.run        ## BD-rate of gan_switch against the GAN's fixed points, on BSDS500 val: docs/future.md
	snakemake --cores $(CORES) results/training_sets/bsds500_val.safetensors $(WITH)
	python tools/future.py results/training_sets/bsds500_val.safetensors

restoration: $(VENV)/.run   ## BD-rate of restored BPG against BPG, on BSDS500 val: docs/restoration.md
	snakemake --cores $(CORES) results/training_sets/bsds500_val.safetensors $(WITH)
	python tools/restoration.py results/training_sets/bsds500_val.safetensors

bench-train: $(VENV)/.dev   ## the trainer's steps per second, against a bare loop
	python tools/bench_training.py

fuzz: $(VENV)/.dev          ## 20,000 damaged inputs for every parser: docs/dev/robustness.md
	PYTHONPATH=tools nice -n 19 python -m fuzz

faults: $(VENV)/.dev        ## killed runs, full disks, shared folders: docs/dev/robustness.md
	python tools/faults.py

determinism: $(VENV)/.dev   ## byte-identical results on 1 and 8 cores, and with older CPUs' arithmetic: docs/dev/robustness.md
	python tools/determinism.py

$(VENV)/.run: envs/run.lock
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement envs/run.lock
	touch $@

$(VENV)/.dev: $(VENV)/.run envs/dev.lock
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement envs/dev.lock
	touch $@

lock:                       ## pin new exact versions from envs/*.in
	rm -rf $(VENV)/lock && $(PYTHON) -m venv $(VENV)/lock
	$(VENV)/lock/bin/python -m pip install --quiet --requirement envs/run.in
	$(VENV)/lock/bin/python -m pip freeze | sed 's/+cpu//' > envs/run.lock
	for extra in modern metrics ffmpeg study; do \
	    $(VENV)/lock/bin/python -m pip install --quiet --requirement envs/$$extra.in && \
	    $(VENV)/lock/bin/python -m pip freeze | grep -i "^$$(tail -n 1 envs/$$extra.in)==" > envs/$$extra.lock || exit; done
	$(VENV)/lock/bin/python -m pip install --quiet --requirement envs/run.in --requirement envs/dev.in
	$(VENV)/lock/bin/python -m pip freeze | sed 's/+cpu//' | grep -vxF -f envs/run.lock > envs/dev.lock

clean:                      ## remove results, keep the environment
	rm -rf results .snakemake

# `make book` and `make test` are all you need; `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:
.SILENT:

PYTHON ?= python3
CONSTRAINTS ?= constraints.txt
# One thread: the sums, and so the committed outputs, are then the same on every machine. A full run may set more.
export OMP_NUM_THREADS ?= 1

PIP := .venv/bin/python -m pip install --disable-pip-version-check --constraint $(CONSTRAINTS)
RUN := .venv/bin/python

help:               ## this list
	sed -nE 's/^([a-z]+):[^#]*## (.*)/make \1|\2/p' Makefile | while IFS='|' read -r name text; do printf '%-18s %s\n' "$$name" "$$text"; done

book: .venv/book    ## install, execute every chapter in the quick profile, build the site
	$(RUN) scripts/notebooks.py run
	$(RUN) scripts/build_site.py --executed

test: .venv/test chromium    ## everything the tests check: rules, units, oracles, notebooks, pages
	$(RUN) scripts/layers.py

site: .venv/book    ## build the site from the committed notebooks, executing nothing
	$(RUN) scripts/build_site.py

refresh: .venv/book    ## execute the committed notebooks again, in place
	$(RUN) scripts/notebooks.py refresh $(NAME)

install: .venv/test    ## only install, for the book and the tests

lab: .venv/book    ## open the notebooks in JupyterLab
	.venv/bin/jupyter lab --notebook-dir=. notebooks

bench: .venv/test    ## measure how fast the methods are
	for script in scripts/bench_*.py; do
	    [ -e "$$script" ] || { echo "error: there is no scripts/bench_*.py yet." >&2; exit 1; }
	    echo "== $$script"; $(RUN) "$$script"
	done

repository: .venv/book    ## write the public address everywhere: make repository URL=https://github.com/NAME/REPOSITORY
	[ -n "$(URL)" ] || { echo "error: URL is empty, expected make repository URL=https://github.com/NAME/REPOSITORY" >&2; exit 1; }
	$(RUN) scripts/set_repository.py "$(URL)"

clean:              ## remove what was built, but not .venv
	rm -rf _build

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
	    echo "error: PYTHON is $(PYTHON), which is missing or older than 3.11; say which to use: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || scripts/system_package.sh \
	    "python$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv" "making a virtual environment"
	echo "Making .venv with $$($(PYTHON) --version) ..."
	$(PYTHON) -m venv .venv

.venv/book: .venv/bin/python pyproject.toml $(CONSTRAINTS)
	echo "Installing what the book needs into .venv; this takes a few minutes the first time ..."
	$(PIP) --editable '.[nets,show,book]'
	touch $@

.venv/test: .venv/book
	echo "Installing what the tests need into .venv ..."
	$(PIP) --editable '.[nets,show,book,test]'
	touch $@

chromium:
	command -v chromium >/dev/null || scripts/system_package.sh chromium "looking at the built pages"

.PHONY: help book test site refresh install lab bench repository clean chromium

# Everything here works from any folder (make -C, make -f), as an ordinary user, and any number of times.
# The environment is .venv at the root; the first target that needs it makes it.

PLATFORM ?= gce
WORLD    ?= gce-small
ARGS     ?=
MINUTES  ?= 10
SEED     ?=

# Not $(abspath ...), which cannot handle a path with spaces.
root   := $(shell cd "$$(dirname "$(strip $(MAKEFILE_LIST))")" && pwd)
enter  := cd "$(root)"
python := .venv/bin/python
tools  := .venv-tools
peers  := .venv-bench
compile = $(tools)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
          --no-emit-index-url --no-annotate --no-header pyproject.toml
# What runs need, at the versions that tests have run with.
image   = deploy/requirements.txt
runtime = $(compile) --extra build --constraint requirements.txt --output-file
dev     = $(compile) --extra dev --output-file

# What a shell may carry that would change what .venv imports, or slow it down.
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help environment tools runbook lab test soak lint bench bench-plan bench-reach outputs screenshots requirements requirements-check clean

help:
	@echo 'make runbook [PLATFORM=gce]     plan, apply and check one runbook (gce, aws, azure, bare_metal) on the lab'
	@echo 'make lab [WORLD=gce-small]      the same lab, kept running, with JupyterLab on the notebooks'
	@echo 'make test [ARGS="-k route"]     all tests; ARGS go to pytest'
	@echo 'make soak [MINUTES=10] [SEED=N] kill and disturb runs at random; SEED repeats a round'
	@echo 'make lint                       ruff and mypy'
	@echo 'make bench [BENCH_NODES="20"]   how fast we are under the published limits, beside other tools'
	@echo 'make bench-plan [ARGS=gce-100]  how long a plan takes, beside reading alone'
	@echo 'make bench-reach [ARGS=1000]    how long it takes to judge all pairs of nodes'
	@echo 'make screenshots                make the screenshots in docs/ anew; needs Chromium'
	@echo 'make outputs                    make the outputs in notebooks/ and the pictures in docs/ anew'
	@echo 'make requirements               compile requirements.txt anew, with the newest releases; deploy/, too'
	@echo 'make requirements-check         are they what pyproject.toml asks for?'
	@echo 'make clean                      remove the environments and caches; runs/ stays'

environment:
	@sh "$(root)/.ci/venv"

# exec: the driver becomes make's own child, so that signals and exit status pass straight through.
runbook: environment
	@$(enter) && exec $(python) -m l2bridge_helpers.rehearse "$(PLATFORM)"

lab: environment
	@$(enter) && exec $(python) -m l2bridge_helpers.desk "$(WORLD)"

test: environment
	@$(enter) && exec $(python) -m pytest $(ARGS)

soak: environment
	@$(enter) && exec $(python) -m tests.soak "$(MINUTES)" "$(SEED)"

lint: environment
	@$(enter) && $(python) -m ruff check .
	@$(enter) && $(python) -m ruff format --check .
	@$(enter) && $(python) -m mypy

tools: environment
	@$(enter) && { $(tools)/bin/uv --version >/dev/null 2>&1 || \
	  { rm -rf $(tools) && $(python) -m venv $(tools) && $(tools)/bin/python -m pip install --quiet 'uv>=0.8,<1'; }; }

# Sizes of the clusters in BENCH_NODES; other tools are installed into .venv-bench, from PyPI, when first needed.
bench: environment
	@$(enter) && exec $(python) bench/pace.py $(ARGS)

bench-plan: environment
	@$(enter) && $(python) bench/plan.py $(ARGS)

bench-reach: environment
	@$(enter) && $(python) bench/reach.py $(ARGS)

# Look at the difference before you commit it: each line of it is something that operators will see.
outputs: environment
	@$(enter) && $(python) -m tests.notebooks.refresh && $(python) -m tests.readme_pictures

screenshots: environment
	@$(enter) && $(python) -m tests.browser.screenshots

requirements: tools
	@$(enter) && $(dev) requirements.txt --upgrade >/dev/null && $(runtime) $(image) --upgrade >/dev/null
	@echo 'requirements.txt and $(image) are compiled from pyproject.toml; run make test before you commit them'

# Onto a copy, so that pins which still fit stay: a new release upstream is no error here. Hashes are left out
# of the comparison, because a project may add a wheel to a release at any time.
requirements-check: tools
	@$(enter) && sh .ci/requirements-check requirements.txt $(dev)
	@$(enter) && sh .ci/requirements-check $(image) $(runtime)

clean:
	@$(enter) && rm -rf .venv $(tools) $(peers) .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist *.egg-info
	@$(enter) && find l2bridge_helpers tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Everything with its own set-up: a virtual environment in .venv with the versions of constraints.txt.
# make report [CORES=N]   make test   make test-unit   make torture   make lint   make setup [TORCH_INDEX=https://download.pytorch.org/whl/cpu]
# make release [FOLDER=release]   make lock   make bom   make audit

PYTHON ?= python3
CORES ?= all
TORCH_INDEX ?=
FOLDER ?= release
BIN := .venv/bin
TORTURES := tests/faults tests/stages/test_killed_jobs.py $(addprefix tests/store/test_,store_crashes.py store_damage.py paths.py) \
	$(addprefix tests/config/test_,reading.py validation.py names.py) tests/data/test_npz.py \
	tests/data/test_torchvision_sets.py tests/test_forget_set.py
PARALLEL := -n auto --dist loadfile
SUPPLY := .supply/bin

.PHONY: report release test test-unit torture lint setup lock bom audit

report: setup
	$(BIN)/snakemake --cores $(CORES) results/report.html

# What the default run made, for others; replaces what was released before.
release: report
	$(BIN)/hyperforget release $(FOLDER) --overwrite

test: setup
	$(BIN)/pytest $(PARALLEL)

# Tests within one process; what takes minutes, or waits for others, is left out.
test-unit: setup
	$(BIN)/pytest -n auto --dist worksteal -m "not pipeline and not workflow and not processes and not slurm" --hypothesis-profile=unit

# All that tries to break a store or a reader, for half an hour, in one process; writes the table of docs/guarantees.md.
torture: setup
	TORTURE=1 TORTURE_PAGE=docs/guarantees.md $(BIN)/pytest $(TORTURES)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

setup: .venv/complete

# Written last, so that an interrupted installation starts again.
.venv/complete: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; name another with PYTHON=")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) -c constraints.txt -e '.[development]'
	touch $@

# What comes after a change of constraints.txt: the hashes of its packages, for all platforms; then `make bom`.
lock: .supply/complete
	$(SUPPLY)/uv pip compile --quiet --no-config --default-index https://pypi.org/simple --universal --python-version 3.11 \
		--all-extras --no-annotate --generate-hashes --custom-compile-command "make lock" -c constraints.txt pyproject.toml -o envs/locked.txt

# A bill of materials of .venv in CycloneDX's format, bom.json, and the page of licences.
bom: setup .supply/complete
	$(SUPPLY)/cyclonedx-py environment $(BIN)/python --pyproject pyproject.toml --output-reproducible -o bom.json
	$(BIN)/python envs/licences.py bom.json docs/licences.md

# Known vulnerabilities of the locked versions, by the data of PyPI.
audit: .supply/complete
	$(SUPPLY)/pip-audit --requirement envs/locked.txt --no-deps --disable-pip

# Their own environment, so that they have no say in the versions of constraints.txt.
.supply/complete:
	$(PYTHON) -m venv .supply
	$(SUPPLY)/pip install --quiet uv cyclonedx-bom pip-audit
	touch $@

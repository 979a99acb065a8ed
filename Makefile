# make run     set everything up and open the studio on the built-in digits
# make test    set everything up and run the whole suite      make test ARGS="-k slerp" WORKERS=0
# make campaign  a night of kills, faults, power cuts, signals and mutated files: GAN_STUDIO_MUTATIONS=1000 of each kind
# make gpu-check  what works on this machine's GPU and how fast, in six minutes: ARGS="--budget 120 --json gpu.json"
# make messages  collect the texts of the program into the catalogs of its languages
# make docs    build the documentation into site/; warnings are errors
# make setup   only set up: .venv/bin/gan-studio              make setup PYTHON=python3.12

VENV := .venv
DOCS := .venv-docs
STAMP := $(VENV)/.set-up
WORKERS ?= 2
ARGS ?=
DATA ?= sample:digits

.PHONY: run test setup campaign gpu-check bench bench-data bench-quality bench-pictures bench-translate bench-explore bench-invert bench-signals bench-seeing bench-rank bench-sick bench-durable bench-apply bench-scaling screenshots messages docs pins clean

run: setup
	$(VENV)/bin/gan-studio $(DATA)

test: setup
	$(VENV)/bin/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

campaign: setup
	GAN_STUDIO_CAMPAIGN=1 $(VENV)/bin/python -m pytest -n $(WORKERS) --dist worksteal -o faulthandler_timeout=0 tests/core/test_operations.py \
		tests/core/test_run.py tests/core/test_power.py tests/core/test_interrupted.py tests/core/test_broken_off.py tests/core/test_foreign_bytes.py tests/core/test_queue_kills.py \
		tests/studio/test_campaign.py tests/studio/test_plain_text.py tests/test_packaging.py $(ARGS)

gpu-check: setup
	$(VENV)/bin/python tools/gpu_check.py $(ARGS)

bench: setup
	$(VENV)/bin/python benchmarks/run.py $(ARGS)

bench-data: setup
	$(VENV)/bin/python benchmarks/data.py $(ARGS)

bench-quality: setup
	$(VENV)/bin/python benchmarks/quality.py $(ARGS)

bench-pictures: setup
	$(VENV)/bin/python benchmarks/pictures.py $(ARGS)

# Beside what setup installs, the program that repairs images without learning.
bench-translate: setup $(VENV)/.set-up-benchmarks
	$(VENV)/bin/python benchmarks/translate.py $(ARGS)

$(VENV)/.set-up-benchmarks: pyproject.toml constraints.txt
	PATH="$(VENV)/bin:$$PATH" uv pip install --quiet --python $(VENV)/bin/python --constraints constraints.txt --group benchmarks
	@touch $@

bench-invert: setup
	$(VENV)/bin/python benchmarks/invert.py $(ARGS)

bench-explore: setup
	$(VENV)/bin/python benchmarks/explore.py $(ARGS)

bench-signals: setup
	$(VENV)/bin/python benchmarks/signals.py $(ARGS)

bench-seeing: setup
	$(VENV)/bin/python benchmarks/seeing.py $(ARGS)

bench-rank: setup
	$(VENV)/bin/python benchmarks/rank.py $(ARGS)

bench-durable: setup
	$(VENV)/bin/python benchmarks/durable.py $(ARGS)

bench-apply: setup
	$(VENV)/bin/python benchmarks/apply_memory.py $(ARGS)

bench-scaling: setup
	$(VENV)/bin/python -m benchmarks.scaling $(ARGS)

bench-sick: setup
	$(VENV)/bin/python benchmarks/sick.py $(ARGS)

screenshots: setup
	$(VENV)/bin/python tools/screenshots.py $(ARGS)

messages: setup
	$(VENV)/bin/python -m tools.messages

# In an environment of its own, without PyTorch and Qt.
docs: $(DOCS)/.set-up
	NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/python -m mkdocs build --strict --quiet $(ARGS)
	@echo "docs: site/index.html"

$(DOCS)/.set-up: pyproject.toml constraints.txt
	$(or $(PYTHON),python3) -m venv $(DOCS)
	$(DOCS)/bin/python -m pip install --quiet uv
	$(DOCS)/bin/uv pip install --quiet --python $(DOCS)/bin/python --constraints constraints.txt --group docs
	@touch $@

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt tools/setup.sh
	PYTHON='$(PYTHON)' sh tools/setup.sh
	@touch $@

# After a change of dependencies: pins every platform's versions anew, keeping those that still fit.
pins:
	uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --no-annotate --no-header \
		--no-emit-index-url --no-emit-find-links --group dev --group benchmarks pyproject.toml --output-file constraints.txt

clean:
	rm -rf $(VENV) $(DOCS) site .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Two commands do all: `make lab` opens the course, `make test` proves it. Both rest on `make setup`.
PYTHON      ?= python3
# PyTorch's own CPU wheels spare Linux users gigabytes of CUDA. GPU owners: make setup TORCH_INDEX=
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
BIN         := .venv/bin
INSTALLED   := .venv/.installed
TESTED      := .venv/.tested
PIP         := $(BIN)/python -m pip --disable-pip-version-check install -qq --retries 1 -c constraints.txt
# Everything that a test can notice, so that an unchanged checkout is not tested twice.
SOURCES     := $(wildcard *.md *.toml *.txt *.yml .*.yaml .ci/run Makefile) \
               $(shell find armod benchmarks docs notebooks scripts tests -type f -not -name '* *' -not -name '*.pyc' \
                       -not -path '*/.*' 2>/dev/null)

.DEFAULT_GOAL := lab
.PHONY: lab test test-quick test-again test-slow bench site docs lint style types compiled format setup clean

# nbval runs in processes of its own, by tests/notebooks/test_nbval.py; here it would only be loaded.
TESTS := $(BIN)/python -m pytest -p no:nbval

# The tests start hundreds of processes, and each would compile armod anew.
unexport PYTHONDONTWRITEBYTECODE

lab: $(INSTALLED)          ## JupyterLab, opened at the course map
	@$(BIN)/armod lab

test: $(TESTED)            ## every test; a repeat is instant until a file changes
	@echo "All tests are green for exactly these files. To run them once more: make test-again"

test-again:                ## every test, changed or not
	@rm -f $(TESTED)
	@$(MAKE) --no-print-directory test

# What a change breaks most often, chosen by what each module takes: under two minutes on two cores.
QUICK := tests/bad_calls tests/course/exercises/engine tests/course/labs/test_words.py tests/course/lessons/test_html.py tests/figures \
         tests/harness tests/likelihoods tests/measures tests/models/made tests/models/raster tests/models/test_checks.py \
         tests/notebooks/test_navigation.py tests/package/test_host.py tests/sampling/test_samplers.py \
         $(filter-out tests/test_docstrings.py tests/test_imports.py,$(wildcard tests/test_*.py))

test-quick: $(INSTALLED)   ## two minutes of tests and the lint, before a commit
	@$(MAKE) --no-print-directory lint
	$(TESTS) -n 2 -m "not slow and not browser and not notebook" $(QUICK)

# Three processes for two cores: many a test only waits, for a kernel, a browser or a process that must end.
# The stamp bears the time of the start: what is edited while tests run counts as untested.
$(TESTED): $(INSTALLED) $(SOURCES)
	@touch $@.started
	@$(MAKE) --no-print-directory -j 3 lint compiled
	$(TESTS) -n 3 --no-loadscope-reorder --durations 25
	@mv $@.started $@

test-slow: $(INSTALLED)    ## what takes many minutes: more seeds, more combinations, the shipped weights once more
	$(TESTS) -m slow

bench: $(INSTALLED)        ## speed ratios, measured side by side in one run
	$(BIN)/python -m benchmarks

site: $(INSTALLED)         ## the whole course as a web site, into build/site; needs no network, nor does reading it
	$(BIN)/armod site --out build/site

docs: $(INSTALLED)         ## only the library's guide and reference, into build/docs; needs no network, nor does reading them
	@rm -rf build/docs
	$(BIN)/sphinx-build -W --keep-going --quiet --fresh-env docs build/docs
	@echo "Open build/docs/index.html in a browser."

lint: $(INSTALLED) style types ## format, style and types, without changing anything

style: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-cache

types: $(INSTALLED)
	$(BIN)/mypy

# Compiles the tests beside the lint, which leaves a core idle; each process of the tests would do it for itself. What is
# wrong with a test is said when they run.
compiled: $(INSTALLED)
	@$(TESTS) -qq --collect-only -p no:cacheprovider >/dev/null 2>&1 || true

format: $(INSTALLED)       ## format the code and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

setup: $(INSTALLED)        ## the environment in .venv, everything installed

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "armod needs Python 3.11 or newer: make PYTHON=python3.12")'
	@$(PYTHON) -c 'import ensurepip, venv' || { echo "Python lacks venv; on Debian and Ubuntu: sudo apt-get install python3-venv"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing PyTorch, then the course; the first time takes some minutes."
	@$(PIP) $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) torch
	@$(PIP) -e '.[dev]'
	@touch $@

clean:                     ## forget the environment and every cache
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Two commands do all: `make lab` opens the course, `make test` proves it. Both rest on `make setup`.
PYTHON      ?= python3
# PyTorch's own CPU wheels spare Linux users gigabytes of CUDA. GPU owners: make setup TORCH_INDEX=
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
VENV        := .venv
BIN         := $(VENV)/bin
INSTALLED   := $(VENV)/.installed
TESTED      := $(VENV)/.tested
SOURCES     := $(shell git ls-files --cached --others --exclude-standard 2>/dev/null | grep -v ' ')

.PHONY: lab test test-again test-slow setup bench lint format clean
.DEFAULT_GOAL := lab

lab: $(INSTALLED)          ## JupyterLab, opened at the course map
	$(BIN)/armod lab

test: $(TESTED)            ## every test; a repeat is instant until a file changes
	@echo "All tests are green for exactly these files. To run them once more: make test-again"

test-again:
	@rm -f $(TESTED)
	@$(MAKE) --no-print-directory test

$(TESTED): $(INSTALLED) $(SOURCES)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 --dist loadscope
	@touch $@

test-slow: $(INSTALLED)    ## what takes minutes: retraining the shipped weights
	$(BIN)/python -m pytest -m slow

bench: $(INSTALLED)        ## speed ratios, measured side by side in one run
	$(BIN)/python -m benchmarks

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(INSTALLED)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

setup: $(INSTALLED)        ## venv in .venv, everything installed
$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "armod needs Python 3.11 or newer; set PYTHON=/path/to/python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --retries 1 -c constraints.txt $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) torch
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	@touch $@

clean:                     ## forget the environment and every cache
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

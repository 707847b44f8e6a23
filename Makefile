# `make test` and `make demo` make the virtual environment, install, and run, from a bare clone.
# They need Python 3.11-3.13 and make; running them again installs nothing that did not change.

VENV := .venv
BIN := $(VENV)/bin
SOURCES := src tests benchmarks
# the first of these that is there and new enough, unless you say `make PYTHON=...`
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$python && break; done)

.PHONY: help demo test check format clean

help:
	@echo "make demo    see what longstride does, on this machine"
	@echo "make test    lint, types and all tests"
	@echo "make check   lint and types only"
	@echo "make format  put the code into the house's form"
	@echo "make clean   remove the virtual environment and every cache"

demo: $(VENV)/demo.installed
	@$(BIN)/longstride demo

test: check
	@$(BIN)/python -m pytest

check: $(VENV)/dev.installed
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/basedpyright

format: $(VENV)/dev.installed
	@$(BIN)/ruff check --fix $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis

$(VENV)/dev.installed: extras = train,synthesis,embedding,evaluation,bench,dev
$(VENV)/demo.installed: extras = train,synthesis
$(VENV)/%.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing longstride[$(extras)] into $(VENV) (minutes, the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[$(extras)]'
	@touch $@

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "longstride needs Python 3.11, 3.12 or 3.13: install one, or say make PYTHON=/path/to/python" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV)

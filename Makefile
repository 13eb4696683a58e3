# Every target sets up what is missing first; a second call finds it there.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
DEMO   := examples/support-desk
REPLIES := examples/reply-desk

.PHONY: demo demo-replies test test-fast setup check bench bench-audit mutants schemas help

help:            ## list the targets
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

setup: $(READY)  ## the virtual environment, with every version pinned

# pip, not uv: pip finds torch's CPU build. The stamp is newer than what it was made from, so a second call is free.
$(READY): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "pip==26.2"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[all,dev]"
	@touch $(READY)

demo: $(READY)   ## run the main job on the bundled support desk
	@$(BIN)/python $(DEMO)/generate.py
	@$(BIN)/tunewright run -C $(DEMO) --offline

demo-replies: $(READY)  ## teach a small language model to answer the tickets of the bundled reply desk
	@$(BIN)/python $(REPLIES)/generate.py
	@$(BIN)/tunewright run -C $(REPLIES) --offline

test: $(READY)   ## every test; GPU tests skip, saying so, where there is none
	@$(BIN)/python -m pytest -n 2

test-fast: $(READY)  ## the tests that start no process and train nothing: under 3 minutes on 2 cores
	@$(BIN)/python -m pytest --fast -n 2

check: $(READY)  ## format, lint, types, import contract
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench-audit: $(READY)  ## the audit at a million tickets, beside its peers
	@$(BIN)/python benchmarks/audit.py

bench: $(READY)  ## every benchmark, then the table in benchmarks/README.md
	@$(BIN)/python benchmarks/all.py

mutants: $(READY)  ## a sample of small faults put into core, workflow and gates: do the tests notice?
	@$(BIN)/python -m tools.mutants --count 60 --seed 0

schemas: $(READY)  ## rewrite the committed JSON schemas of what --json prints
	@$(BIN)/python -m tunewright.cli.schemas

docs: $(READY)   ## rewrite the pages below docs/ that are made from the code
	@$(BIN)/python -m tools.docs

# LienThong. Needs make and Python >= 3.11; everything else comes from the package index that pip is set up for.
# Everything runs from this tree: nothing of ours is installed, so no build tool is needed either.

PYTHON ?= python3
OURS := app connectors schemas mock_national migrations audits
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo run test lint types contracts bench chaos conform tamper fuzz audit-deps lock samples clean
.DELETE_ON_ERROR:

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'

demo: $(VENV)/.base ## load a sample quarter, deliver it, compare the nation's ledger id by id
	$(BIN)/python -m app demo

run: $(VENV)/.base ## start the mock, the API and a worker, and stay up
	$(BIN)/python -m app run

# Many tests wait for processes and clocks: with one more at work than most machines have cores, none stands idle.
WORKERS ?= 3
test: $(VENV)/.dev ## everything that is checked: lint, types, contracts, all tests on both databases
	@$(MAKE) --no-print-directory --output-sync=target -j 2 types lint contracts
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

lint: $(VENV)/.dev ## style and likely mistakes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/bandit -q -c pyproject.toml -r $(OURS)

types: $(VENV)/.dev ## mypy, strict
	$(BIN)/python -m mypy

contracts: $(VENV)/.dev ## who may import whom
	$(BIN)/lint-imports

bench: $(VENV)/.dev ## measure drain, claims, intake, an outage, uploads, asking once and what the log costs
	$(BIN)/python -m benchmarks

# The seed decides what goes wrong and when: make chaos SEED=7
SEED ?= 1
chaos: $(VENV)/.dev ## everything fails at once, by SEED; then the ledgers are compared id by id
	$(BIN)/python -m chaos --seed $(SEED)

conform: $(VENV)/.base ## the whole fault catalogue against our own connectors
	$(BIN)/python -m app conform
	$(BIN)/python -m app conform population

tamper: $(VENV)/.dev ## plant every way of lying in copies of the demo's log; both finders must find it
	$(BIN)/python -m tamper

# Each run draws anew, and prints the seed that it drew by: make fuzz FUZZ_SEED=7 does the same again.
FUZZ_SEED ?= $(shell od -An -N4 -tu4 /dev/urandom | tr -d ' ')
fuzz: $(VENV)/.dev ## draw much at every door and every parser, by a seed that is printed
	@echo "FUZZ_SEED=$(FUZZ_SEED)"
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal tests/fuzz \
	  --hypothesis-profile=fuzz --hypothesis-seed=$(FUZZ_SEED)

audit-deps: $(VENV)/.dev ## ask whether pinned packages have known weaknesses; exit 3: nobody could be asked
	$(BIN)/python -m audits

lock: $(VENV)/.dev ## pin the requirements anew, with hashes
	for name in base dev; do \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    -o requirements/$$name.txt requirements/$$name.in || exit 1; \
	done

samples: $(VENV)/.base ## make the sample quarter anew
	$(BIN)/python -m samples

clean: ## remove the environment and everything that was made
	rm -rf $(VENV) build dist var .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# dev.txt holds all of base.txt at the same versions, so an environment for tests also serves demo and run.
$(VENV)/.dev: requirements/dev.txt scripts/venv.sh
	PYTHON="$(PYTHON)" sh scripts/venv.sh $(VENV) requirements/dev.txt
	@touch $(VENV)/.dev $(VENV)/.base

$(VENV)/.base: requirements/base.txt scripts/venv.sh
	PYTHON="$(PYTHON)" sh scripts/venv.sh $(VENV) requirements/base.txt
	@touch $(VENV)/.base

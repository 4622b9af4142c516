# ntdemo: `make help` lists what there is to do.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# An environment whose interpreter is gone, or is another machine's as a dev container's is here, is made anew.
BROKEN := $(shell test ! -e $(STAMP) || $(BIN)/python -c '' 2>/dev/null || echo --clear)
SERVICES := trainer scores-api viz chatbot
LOCKS := $(SERVICES:%=services/%/requirements.txt) tools/requirements-dev.txt
TORCH := services/trainer/requirements-torch.txt
SDIST := services/trainer/requirements-sdist.txt
# PyTorch's own index has builds without CUDA; a wheel in wheelhouse/ or pip's configuration is taken as well.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

# As many processes as there are processors, four at most: each may hold a Spark session and servers of its own.
PARALLEL := --numprocesses auto --maxprocesses 4 --dist loadgroup --no-loadscope-reorder

.PHONY: help setup hooks run test test-all quick test-deploy wheelhouse check format lint types imports lock openapi client-gen generated reference docs breaking decisions problems translations chart sbom audit release release-check bench e2e train chat client up down clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv and install the locked requirements

ifneq ($(BROKEN),)
.PHONY: $(STAMP)
endif

$(STAMP): $(LOCKS) $(TORCH) $(SDIST) $(SERVICES:%=services/%/pyproject.toml) shared/pyproject.toml clients/python/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "ntdemo runs on Python 3.11 to 3.13, and $(PYTHON) is another: make setup PYTHON=python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(BROKEN) $(VENV)
	$(BIN)/python -m pip install --quiet --no-deps --retries 0 --find-links wheelhouse --extra-index-url $(TORCH_INDEX) \
	  --requirement $(TORCH)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement $(SDIST)
	$(BIN)/python -m pip install --quiet --require-hashes --no-build-isolation --find-links wheelhouse $(LOCKS:%=--requirement %)
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable shared --editable clients/python \
	  $(SERVICES:%=--editable services/%)
	touch $@

run: setup ## start all services in this terminal; Ctrl-C stops them
	@$(BIN)/python tools/run.py

train: setup ## learn from data: make train ARGS="--data assays.csv.gz --rank 16"
	$(BIN)/ntdemo-train factors $(ARGS)

client: setup ## look at the heat map in a window: ARGS=1 adds the factors in 3-D
	$(BIN)/ntdemo-client $(ARGS)

chat: setup ## chat in the terminal: ARGS=JA for Japanese
	$(BIN)/ntdemo-chat $(ARGS)

up: ## everything in containers, in the background; needs a Docker engine
	docker compose up --build --detach --wait || { docker compose logs --no-log-prefix --tail 3 trainer >&2; exit 1; }

down: ## stop the containers; their volumes stay
	docker compose down

test: setup ## everything a user can run anywhere, but for what is slow
	$(BIN)/python -m pytest $(PARALLEL) -m "not slow"

test-all: setup ## the slow tests as well: what CI runs
	$(BIN)/python -m pytest $(PARALLEL)

quick: setup ## the tests without a JVM, a browser or the whole product
	$(BIN)/python -m pytest $(PARALLEL) -m "not spark and not browser and not e2e and not slow"

e2e: setup ## use the product as a whole, and kill it at every stage: a part of `make test-all`
	$(BIN)/python -m pytest -rA tests/e2e tests/agreements

bench: setup ## print the numbers of the README; DATA=assays.csv.gz for the start with a table
	$(BIN)/python benchmarks/first_score.py $(if $(DATA),--data $(DATA))
	$(BIN)/python benchmarks/scores_api.py
	$(BIN)/python benchmarks/factorization.py --skip-large

test-deploy: setup wheelhouse ## build the images and use the product in containers; needs a Docker engine
	NTDEMO_TEST_DEPLOY=1 $(BIN)/python -m pytest -rA --timeout=2400 tests/deploy/engine

wheelhouse: setup ## put PyTorch's wheel where image builds find it
	test -n "$$(ls wheelhouse/torch-*.whl 2>/dev/null)" || $(BIN)/python -m pip download --quiet --no-deps --retries 0 \
	  --dest wheelhouse --extra-index-url $(TORCH_INDEX) --requirement $(TORCH)

check: lint types imports test-all ## format, lint, types, layers, all tests: what CI runs

hooks: setup ## check every commit, and types before a push, with pre-commit
	$(BIN)/pre-commit install

format: setup ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup
	$(BIN)/mypy shared/src services/*/src clients/python/src tests benchmarks tools/*.py

imports: setup
	$(BIN)/lint-imports

lock: setup ## write the requirements with their hashes; pins that fit stay, but for ARGS=--upgrade
	tools/lock $(ARGS) $(BIN)/python

openapi: setup ## write each service's openapi.json
	$(BIN)/python tools/openapi.py

client-gen: openapi ## generate every client from openapi.json of its service, and their reference
	$(BIN)/python tools/client_gen.py
	$(BIN)/python -m tools.python_client
	$(BIN)/python -m tools.typescript_client
	$(BIN)/python -m tools.reference

generated: client-gen problems decisions chart reference translations ## everything that is generated, anew

reference: setup ## write docs/reference/ from the documents and the code
	$(BIN)/python -m tools.reference

docs: setup ## build the documentation into build/site
	$(BIN)/zensical build --strict --clean

breaking: openapi ## what breaks callers of the last release, and whether CHANGELOG.md names it
	$(BIN)/python tools/breaking.py

decisions: setup ## write the index of docs/decisions
	$(BIN)/python tools/decisions.py

translations: setup ## take what the pages say into each language's catalogue, and compile it
	$(BIN)/python -m tools.translations

problems: setup ## write docs/problems/ from the services' problem types
	$(BIN)/python tools/problems.py

chart: setup ## write the Helm chart's README and schema from its values
	$(BIN)/python tools/chart.py

sbom: setup ## write a CycloneDX bill of materials a service to build/sbom
	$(BIN)/python -m tools.sbom

audit: setup ## known vulnerabilities of what is locked; skips where no database answers
	$(BIN)/python -m tools.audit

release: setup ## everything of one version from its tag, into build/release; ARGS="--keyring FILE --key ADDRESS" signs it
	$(BIN)/python -m tools.release $(ARGS)

release-check: setup ## could this be released? asks no network
	$(BIN)/python -m tools.release --check

clean: ## remove the virtual environment and all state
	rm -rf $(VENV) var

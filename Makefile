.DEFAULT_GOAL := help
.PHONY: help demo run test fuzz pairs check ci lint types imports generated docs costs golden indexes bench chaos firebase archive deploy clean

# Which Python, which packages and which options is for this file to say, and not for what is activated around it.
# With PYTHONDONTWRITEBYTECODE every process that tests start would compile all code anew, and each worker its tests.
unexport VIRTUAL_ENV CONDA_PREFIX PYTHONHOME PYTHONPATH PYTHONSAFEPATH PYTHONOPTIMIZE PYTHONWARNINGS PYTHONUSERBASE PYTHONSTARTUP PYTHONEXECUTABLE PYTHONDONTWRITEBYTECODE
# Files are written in UTF-8 whatever the terminal shows.
export PYTHONUTF8 := 1

RIGHT := import sys; sys.exit(sys.version_info < (3, 11))
# python3, or another one that is new enough; looked for once, and only where it is needed.
ifeq ($(origin PYTHON),undefined)
PYTHON = $(eval PYTHON := $(shell for one in python3 python3.14 python3.13 python3.12 python3.11; do env -u PYTHONHOME $$one -c '$(RIGHT)' >/dev/null 2>&1 && echo $$one && break; done))$(PYTHON)
else
GIVEN := --this-python
endif
BIN := .venv/bin
# Whole suites, which the inner loop leaves to `make test`.
SUITES := archive bus e2e fuzz infra proofs rolling store workflows
AGENTS ?= 10000
PAIRS ?= 10000
KILLS ?= 500
FUZZ ?= 14000
STACK ?= dev

help: ## Say what can be done.
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# What the policy engine's runtime is told, as in the cloud: RUNTIME of shared/edge/opa.py.
demo run: export GOGC := 300
demo run: export GOMAXPROCS := 1

demo: .venv/run ## Tell the main story here, as real requests; PORT=8080, STORE=firestore BUS=pubsub AUTH=firebase: on emulators.
	@$(BIN)/python -m local demo

run: .venv/run ## Serve the whole platform at one port and say how to sign in; PORT=8080 DATA=.data.
	@$(BIN)/python -m local serve

# COUNTED=yes counts the lines that run, and writes down which tests did.
PYTEST = $(if $(COUNTED),RAN=build/ran $(BIN)/coverage run -m pytest,$(BIN)/pytest) -n auto

test: .venv/dev ## Run every test that needs no emulator; T=path runs some of them.
	$(PYTEST) -m "not emulator" $(T)

emulators: .venv/dev ## Run the other tests, on Google's Firestore and Pub/Sub emulators.
	$(PYTEST) -m emulator $(T)

fuzz: .venv/dev ## Send the API requests at random, and ask both stores the same; FUZZ=50000 SEED=…: more of it, the same again.
	@FUZZ=$(FUZZ) $(BIN)/pytest -q -s tests/fuzz tests/store/test_differential.py

pairs: .venv/dev ## Let two verdicts meet on one question, on both stores; PAIRS=10000 of them.
	@PAIRS=$(PAIRS) $(BIN)/pytest -q --log-cli-level=INFO tests/proofs/test_races.py -k two_verdicts

# Stores that live for one test wait for no disk where there is memory for them; properties are tried on fewer examples.
QUICKLY = $(shell [ "$$(df --output=avail /dev/shm 2>/dev/null | tail -1)" -gt 1000000 ] 2>/dev/null && echo PYTEST_DEBUG_TEMPROOT=/dev/shm)

check: .venv/dev lint types imports ## The inner loop, under a minute: lint, types, imports, unit and contract tests.
	$(QUICKLY) $(BIN)/pytest -n auto -q --hypothesis-profile=quick -o tmp_path_retention_policy=failed -m "not emulator and not slow" tests $(SUITES:%=--ignore=tests/%)

ci: COUNTED = yes
ci: begin lint types imports test emulators counted ## Everything, each test once, with the coverage that must hold, and a run under fire.
	$(BIN)/python -m benchmarks.chaos --agents 100 --kills 20

begin: .venv/dev
	@$(BIN)/python -m local.emulators
	@rm -f build/ran && $(BIN)/coverage erase

counted: .venv/dev
	@$(BIN)/python -m tests.ran
	@$(BIN)/coverage combine -q && $(BIN)/coverage report

lint: .venv/dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: .venv/dev
	@$(BIN)/mypy

imports: .venv/dev
	@$(BIN)/lint-imports

docs: .venv/dev ## Write docs/openapi.json and docs/openapi from the operations, docs/data.md from what is stored, docs/costs.md from what was counted.
	@$(BIN)/python -m local describe
	@$(BIN)/python -m benchmarks.costs

costs: .venv/dev ## Count again what each function reads and writes, and list it; CPU=yes: their CPU times too, on a quiet machine.
	@COSTS=$(if $(CPU),cpu,write) $(BIN)/pytest -q tests/e2e/test_costs.py

generated: golden indexes costs docs ## Write all that is made from the code: golden documents, indexes, counts, descriptions; minutes.

golden: .venv/dev ## Keep a document of every kind and event of this release, for all later ones to read.
	@$(BIN)/python -m tests.golden

indexes: .venv/dev ## Write the indexes of both stores from the queries that the code asks.
	@INDEXES=write $(BIN)/pytest -q tests/infra/test_indexes.py

bench: .venv/dev ## Measure, and print each figure beside what it is compared to.
	@for one in benchmarks/bench_*.py benchmarks/load.py benchmarks/scale.py benchmarks/release.py; do $(BIN)/python -m benchmarks.$$(basename $$one .py) || exit 1; done

chaos: .venv/dev ## Kill the platform again and again while agents are created; AGENTS=10000 KILLS=500, hours.
	@$(BIN)/python -m benchmarks.chaos --agents $(AGENTS) --kills $(KILLS)

# Without what compiles and downloads when it is installed, which its Auth emulator has no use for.
firebase: ## Install Firebase's Auth emulator, for AUTH=firebase; 240 MB from npm, into build/npm.
	@npm install --silent --no-audit --no-fund --ignore-scripts --omit=optional --prefix build/npm firebase-tools@15.34.2

archive: .venv/dev ## Build the archive that every function is deployed from, and say what it is made of; same input, same sha256.
	@$(BIN)/python -m infra.archive

deploy: .venv/dev ## Deploy to Google Cloud, or say what is missing; STACK=dev|staging|prod, IMAGE=…@sha256:… of the stack before.
	@$(BIN)/python -m infra deploy $(STACK) $(if $(IMAGE),--image $(IMAGE))

clean: .python ## Remove the environment and all else that was made here, but no data of yours.
	@$(PYTHON) -m local.environment clean

.PHONY: .python .venv/run .venv/dev
.python:
	@$(if $(GIVEN),$(PYTHON) -c '$(RIGHT)' 2>/dev/null,[ -n "$(PYTHON)" ]) || { echo "Python 3.11 or newer is needed, and $(or $(PYTHON),python3) is not; PYTHON=… names one."; exit 1; }

# The environment is looked at each time, and made anew whenever it is not what is locked.
.venv/run .venv/dev: .python
	@$(PYTHON) -m local.environment $(@F) $(GIVEN)

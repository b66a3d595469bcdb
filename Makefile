# make demo     the whole path on a sample clip; CLIP=path for your own
# make test     lint and the fast tests            make test-all   every test
# make lint     ruff and mypy                      make format     let ruff tidy up
# make fuzz     every format damaged for minutes    make audit     pins older than known fixes; sbom.json
# make bench    speeds of models and extraction    make docs       the pages, links checked
# make notebooks  each afresh, compared with what is stored
#
# Each sets up .venv by itself; nothing is installed twice. PYTHON=... chooses the interpreter.

VENV ?= .venv
PYTHON ?=
CLIP ?=
OUT ?= out
JOBS ?= 2

BIN := $(VENV)/bin
# One thread per process: libraries that each start their own slow one another down.
export OMP_NUM_THREADS ?= 1

# The stamp's name holds the lock files' checksum: a changed lock installs, an unchanged one doesn't.
LOCKS := requirements/install.sh requirements/build-tools.txt requirements/lock.txt requirements/no-deps.txt
checksum = $(shell cat $(1) | cksum | cut -d' ' -f1)
READY := $(VENV)/.installed-$(call checksum,$(LOCKS))
MORE_READY = $(VENV)/.$(1)-installed-$(call checksum,requirements/$(1).txt)
DOCS_READY := $(call MORE_READY,docs)
EXTRAS_READY := $(call MORE_READY,extras)

.PHONY: demo test test-all lint format fuzz audit bench docs notebooks install clean-env
.DEFAULT_GOAL := demo

install: $(READY)

$(READY):
	@sh requirements/install.sh "$(VENV)" $(PYTHON)
	@rm -f $(VENV)/.installed-* && touch $@

demo: $(READY)
	@$(BIN)/python tools/demo.py --out "$(OUT)" $(if $(CLIP),"$(CLIP)")

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: lint
	$(BIN)/python -m pytest -q -rs -n $(JOBS)

test-all: lint $(EXTRAS_READY)
	$(BIN)/python -m pytest -q -rs -n $(JOBS) -m ""

fuzz: $(READY)
	MGSKEL_FUZZ_SECONDS=$${MGSKEL_FUZZ_SECONDS:-60} $(BIN)/python -m pytest -q tests/formats/test_damaged.py \
		tests/formats/test_damaged_inputs.py

audit: $(READY)
	$(BIN)/python tools/audit.py
	$(BIN)/python tools/audit.py --sbom sbom.json

bench: $(READY)
	$(BIN)/python tools/benchmark.py speed
	$(BIN)/python tools/benchmark.py extract

define install_list
	@$(BIN)/python -m pip -qq --disable-pip-version-check install -r requirements/$(1).txt
	@rm -f $(VENV)/.$(1)-installed-* && touch $@
endef

$(DOCS_READY): $(READY)
	$(call install_list,docs)

$(EXTRAS_READY): $(READY)
	$(call install_list,extras)

docs: $(DOCS_READY)
	$(BIN)/python -m pytest -q tests/test_readme.py tests/test_links.py -k "program_knows or known or lead or exist"
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "the pages are in site/index.html"

notebooks: $(READY)
	$(BIN)/python -m pytest -q -m "" tests/test_notebooks.py

clean-env:
	rm -rf "$(VENV)"

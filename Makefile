# Two commands do everything: `make run` and `make test`. Nothing outside this folder is touched,
# but for a Chromium, which `make test` asks the system's package manager for where none is found.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
# Two workers: each has one server and one browser, and machines with two cores are the measure.
WORKERS ?= 2

.PHONY: run test test-full envtest check format bench browser clean

run: $(VENV)/.installed-run
	@$(BIN)/python -m lib.ui.serve

check: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST) -q -n $(WORKERS) -m "not full and not browser and not corpus and not app and not envtest"

test: check browser
	$(PYTEST) -n $(WORKERS) --dist loadgroup -m "not full and (browser or corpus or app)"

test-full: $(VENV)/.installed-dev browser
	HYPOTHESIS_PROFILE=full $(PYTEST) -n $(WORKERS) --dist loadgroup -m "full or property"

# Against a real API server, where KUBEBUILDER_ASSETS names its programs; otherwise it says how many tests it skips.
envtest: $(VENV)/.installed-dev
	$(PYTEST) -q -m envtest tests/envtest

# New random examples, to find what nobody thought of; what it finds becomes a test of its own.
fuzz: $(VENV)/.installed-dev
	HYPOTHESIS_PROFILE=fuzz $(PYTEST) -n $(WORKERS) -m property

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.installed-dev $(VENV)-peer/.installed
	$(BIN)/python -m benchmarks

browser:
	@sh tests/browser/install_chromium.sh

clean:
	rm -rf $(VENV) $(VENV)-peer .mypy_cache .ruff_cache .pytest_cache .hypothesis test-results

$(VENV)-peer/.installed: benchmarks/requirements-peer.txt
	@test -x $(VENV)-peer/bin/python || $(PYTHON) -m venv $(VENV)-peer
	@echo "Installing the peer that the benchmarks compare with into $(VENV)-peer"
	@$(VENV)-peer/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements-peer.txt
	@touch $@

# The stamp is written last, so that an interrupted install is made again.
$(VENV)/.installed-run: requirements.txt
	@test -n "$(PYTHON)" || { echo "NetAtlas needs Python 3.11 or newer on the PATH."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing NetAtlas into $(VENV) (once; about a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed-run
	@echo "Installing the tools that the tests need into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

# Each target sets up what it needs and prints what it does. CI calls the same ones.
PYTHON ?= python3
VENV   ?= .venv
IMAGE  ?= gluehook
BASE   ?= debian:trixie-slim
ARGS   ?=

# Much of the suite waits for engines and processes, so three share two cores; a file's tests share its engine.
SPREAD ?= -n 3 --dist loadfile --no-loadscope-reorder

# What is compiled once is read by every process of the tests, whatever the machine's environment says.
export PYTHONDONTWRITEBYTECODE =

PY  = $(VENV)/bin/python
PIP = $(PY) -m pip --disable-pip-version-check
# A stamp's name holds what the environment was made from, so a changed lock, checkout or Python makes a new one.
MADE_FROM := $(shell { cat requirements.txt requirements-build.txt requirements-dev.txt pyproject.toml; echo "$(CURDIR)"; $(PYTHON) -V; } 2>&1 | sha256sum | cut -c1-16)
RUN_STAMP  = $(VENV)/.run-$(MADE_FROM)
DEV_STAMP  = $(VENV)/.dev-$(MADE_FROM)
# The site has an environment of its own, so that the tests wait for nothing that only it needs.
SITE_STAMP = $(VENV)-site/.made-$(shell { cat requirements-site.txt; $(PYTHON) -V; } 2>&1 | sha256sum | cut -c1-16)

.DEFAULT_GOAL := help
.PHONY: help run test unit lint types bench chaos doctor matrix image wheels docs site lock

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo '  ARGS="..." is handed on, PYTHON=python3.12 chooses the Python, NO_SKIPS=1 makes a skipped test a failure'

run: $(RUN_STAMP) ## set everything up and run the listener here
	$(VENV)/bin/gluehook run $(ARGS)

test: lint types ## set everything up; lint, types and every test
	$(PY) -m pytest $(SPREAD) $(ARGS)

unit: $(DEV_STAMP) ## the tests that need no other programs
	$(PY) -m pytest $(SPREAD) -m "not docker and not qbittorrent and not transmission and not deluge and not browser and not image and not wireguard" $(ARGS)

lint: $(DEV_STAMP) ## ruff: rules and format; and whether the generated pages are up to date
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m docs --check

types: $(DEV_STAMP) ## mypy, strict
	$(PY) -m mypy

bench: $(DEV_STAMP) ## the figures, side by side
	$(PY) -m bench $(ARGS)

chaos: $(DEV_STAMP) ## random stories of faults for five minutes: ARGS="--minutes 60", "--worlds 6000", or "--seed N" for one again
	$(PY) -m tests.whole.chaos $(ARGS)

doctor: $(DEV_STAMP) ## the doctor's score on 10,000 random servers, well ones and ones with a planted fault: ARGS="--servers N --seed N"
	$(PY) -m tests.doctor.score $(ARGS)

docs: $(DEV_STAMP) ## write the generated pages of docs/, and rules.schema.json
	$(PY) -m docs $(ARGS)

site: $(SITE_STAMP) ## build docs/ as a web site into build/site; it needs no network
	NO_MKDOCS_2_WARNING=1 $(VENV)-site/bin/python -m mkdocs build --strict --clean $(ARGS)

matrix: $(DEV_STAMP) ## as root: the tests with engines and qBittorrent, on every version that Debian's releases have
	$(PY) -m tests.matrix $(ARGS)

image: ## build the container image
	docker build --build-arg BASE=$(BASE) --tag $(IMAGE) --file container/Dockerfile .

wheels: $(DEV_STAMP) ## fetch what the image needs into build/wheels, for a build without network and the same Python version
	rm -rf build/wheels
	$(PIP) download --quiet --require-hashes --no-build-isolation --use-pep517 --dest build/wheels \
	  --requirement requirements-build.txt --requirement requirements.txt

# Only the newest Python needs every dependency (pyasyncore), so only it can lock for all.
COMPILE = env -u PIP_FIND_LINKS $(PY) -m piptools compile --quiet --strip-extras --allow-unsafe --generate-hashes \
  --no-header --no-emit-options --no-emit-index-url --no-emit-find-links --no-emit-trusted-host
lock: $(DEV_STAMP) ## make the lock files anew: make lock PYTHON=python3.13 VENV=.venv-3.13 ARGS=--upgrade
	@$(PY) -c 'import sys; sys.version_info[:2] == (3, 13) or sys.exit("lock with Python 3.13: make lock PYTHON=python3.13 VENV=.venv-3.13")'
	$(COMPILE) $(ARGS) --extra web -o requirements.txt pyproject.toml
	$(COMPILE) $(ARGS) -c requirements.txt --only-build-deps --build-deps-for wheel -o requirements-build.txt pyproject.toml
	$(COMPILE) $(ARGS) -c requirements.txt -c requirements-build.txt --extra web --extra dev -o requirements-dev.txt pyproject.toml
	$(PY) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["site"], sep="\n")' \
	  | $(COMPILE) $(ARGS) -c requirements-dev.txt -o requirements-site.txt -

$(RUN_STAMP): LOCK = requirements.txt
$(DEV_STAMP): LOCK = requirements-dev.txt
$(RUN_STAMP) $(DEV_STAMP):
	@$(PYTHON) -c 'import sys; (3, 11) <= sys.version_info[:2] <= (3, 13) or sys.exit(1)' || { \
	  echo 'gluehook needs Python 3.11, 3.12 or 3.13, and "$(PYTHON)" is not one; say which, as in: make $(MAKECMDGOALS) PYTHON=python3.12' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --require-hashes --only-binary :all: --requirement requirements-build.txt
	$(PIP) install --quiet --require-hashes --no-build-isolation --use-pep517 --requirement $(LOCK)
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.run-* $(VENV)/.dev-* && touch $@ $(RUN_STAMP)

$(SITE_STAMP):
	$(PYTHON) -m venv $(VENV)-site
	$(VENV)-site/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes --only-binary :all: \
	  --requirement requirements-site.txt
	@rm -f $(VENV)-site/.made-* && touch $@

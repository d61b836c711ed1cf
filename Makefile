# `make help` lists what can be done. Each target first installs what it needs.

.DEFAULT_GOAL := help
.PHONY: help setup dev demo up test test-sqlite test-postgres test-slow test-seeds test-all test-fresh simulate dialects lint format locale lock bench matching picture pictures clean

python := .venv/bin/python
# Most tests wait for processes and panels more than they compute.
jobs := 6
port := $(if $(PORT),--port $(PORT))

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## .venv with what an installation needs
	@scripts/setup.sh requirements.lock

dev: ## .venv with what development needs too
	@scripts/setup.sh requirements-dev.lock

demo: setup ## try it: everything, with a sandbox of panels [PORT=8000]
	@$(python) manage.py up --demo $(port)

up: setup ## run an installation on this machine [PORT=8000]
	@$(python) manage.py up $(port)

test: test-sqlite $(if $(ARGS),,test-postgres) ## every test but the slow ones, each on one database at least [ARGS=... on SQLite]

# With ARGS all that they name.
not_here := $(if $(ARGS),,and not stores)

test-sqlite: dev
	@scripts/test-tools.sh
	$(python) -m pytest -n $(jobs) --dist worksteal -m "not slow $(not_here)" $(explore) $(ARGS)

# What neither stores nor locks anything is the same on every database.
on_the_database := $(addprefix tests/, \
	panel_access panel_setup inventory matching previews drift refresh messages \
	bindings windows runs maintenance web)
left_out := and not any_database

test-postgres: dev ## the same without a browser, on a throwaway PostgreSQL [ARGS=...]
	@scripts/test-tools.sh
	$(python) -m tests.services.postgres $(python) -m pytest -n $(jobs) --dist worksteal -m "not browser and not slow $(left_out)" $(explore) $(or $(ARGS),$(on_the_database))

test-slow: dev ## the tests that take minutes, each on the databases it names [ARGS=...]
	@scripts/test-tools.sh
	$(python) -m pytest -n 2 -m slow $(ARGS)

dialects: dev ## bind on panels that were made up, a seed each; a table of what had to be asked [SEEDS=0-199] [ARGS="--jobs 2 --story"]
	$(python) -m tests.dialects $(or $(SEEDS),0-199) $(ARGS)

simulate: dev ## play seeds of the simulation, tell what broke [SEEDS=0-199] [ARGS="--jobs 2 --story"]
	$(python) -m tests.simulation $(or $(SEEDS),0-199) $(ARGS)

test-seeds: dev ## two hundred seeds, which must take every rare path
	$(python) -m tests.simulation 0-199 --jobs 2 --rare

test-all: left_out :=
test-all: not_here :=
# Examples of one's own instead of the same ones each time.
test-all: explore := --hypothesis-profile=explore
test-all: lint test test-seeds test-slow ## all that CI runs, and what takes minutes

test-fresh: ## what the README says on bare Debian systems, made for it (root, debootstrap) [SUITES="bookworm trixie"]
	scripts/test-fresh.sh $(SUITES)

picture: dev ## the README's pictures of a running batch, light and dark
	@scripts/test-tools.sh
	$(python) -m tests.browser.picture

pictures: picture ## those, and each page in each state, both languages and themes, in var/pictures, to look at
	$(python) -m pytest tests/browser/test_states.py -q -m slow

lint: dev ## style, types, missing migrations
	$(python) -m ruff check
	$(python) -m ruff format --check
	$(python) -m mypy
	$(python) manage.py makemigrations --check --dry-run

format: dev ## write the code the way lint wants it
	$(python) -m ruff check --fix-only
	$(python) -m ruff format

# The command line speaks English: it is for scripts and logs.
locale: dev ## bring the Russian catalogue in step with the source (gettext); then translate what is empty
	$(python) manage.py makemessages --locale ru --no-location --no-wrap --no-obsolete \
		--ignore .venv --ignore 'integrator/management/*' --ignore 'integrator/supervisor/*' \
		--ignore 'integrator/migrations/*' --ignore 'tests/*'
	$(python) manage.py compilemessages --locale ru --ignore .venv

# One lock for every Python from 3.11.0 on: what only some need carries its condition.
compile := .venv/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --quiet $(if $(UPGRADE),--upgrade)

lock: dev ## write requirements*.lock anew from pyproject.toml [UPGRADE=1]
	$(compile) --output-file requirements.lock
	$(compile) --extra dev --constraint requirements.lock --output-file requirements-dev.lock

bench: dev ## measure against the targets, beside a plain script [ARGS="--full --publish"]
	$(python) -m tests.bench $(ARGS)

matching: dev ## what matching makes of 5,000 accounts, against the truth [ARGS="--seed 2"]
	$(python) -m tests.bench.matching $(ARGS)

clean: ## remove .venv and caches; never var/, which holds data
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

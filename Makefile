# Two commands do everything: `make demo` and `make test`. Both set up what they need in .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SEEDS ?= 10000
JOBS ?= 2
TEST_JOBS ?= 4  # of two cores: some always wait for another process, and each worker must find all tests first
KILLS ?= 1000
STORIES ?= 50
CASES ?= 50000
REQUESTS ?= 10000
HISTORIES ?= 2000
SAMPLE ?= 300
SEED ?= 1
ROWS ?= 100000
ROUNDS ?= 3
MINUTES ?= 60

# Each test starts programs, and each would translate all of its modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo demo-team test postgres costs check lowest newest coverage storm budget kills operator fuzz fuzz-web mutants screens man pictures docs reference slow recipes dist lock image bench soak bench-team clean

demo: $(VENV)/installed
	@rm -f reports/demo.sqlite3*
	@$(BIN)/batch-credits run sample_data/loyalty_payout.csv --sandbox --yes --ledger reports/demo.sqlite3; \
	code=$$?; test $$code -eq 1 || exit $$code  # the sample names three customers that do not exist

# Three workers on one ledger in PostgreSQL, which comes with a package and goes with the demo; one of them is killed.
demo-team: $(VENV)/installed-dev
	@$(BIN)/python -m tests.servers.demo_team

test: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n $(TEST_JOBS) --dist worksteal -q -m "not slow and not postgres and not recipes"

# What holds on SQLite, asked of PostgreSQL, and all else that asks for its server. TEST_POSTGRES_BIN=/usr/lib/postgresql/15/bin: of that version.
postgres: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n $(TEST_JOBS) --dist worksteal -q -m "postgres and not slow and not recipes"

# The same as `make test`, and then which files of tests take how much CPU: what is on the wall depends on who else works here.
costs: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n $(TEST_JOBS) --dist worksteal -q -m "not slow and not postgres and not recipes" -p tests.costs

check: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# What pyproject.toml says is enough, is enough: the oldest dependencies that it allows, in an environment of their own.
lowest: $(VENV)/installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(VENV)/lowest
	$(BIN)/uv pip install --quiet --python $(VENV)/lowest/bin/python --resolution lowest-direct --editable '.[dev]'
	$(VENV)/lowest/bin/python -m pytest -n $(TEST_JOBS) -q -m "not slow" -p no:cacheprovider tests/unit/loader tests/unit/chargebee \
	  tests/integration/test_http_transport.py tests/integration/test_repeated_answers.py
	@$(MAKE) --no-print-directory demo BIN=$(VENV)/lowest/bin

# What a newer Python refuses is found before it is the usual one: the newest of this machine, in an environment of its own.
newest: $(VENV)/installed-dev
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@newest=$$($(BIN)/python .ci/newest.py); \
	if test -z "$$newest"; then echo "newest: there is no Python beyond $$($(BIN)/python --version)"; exit 0; fi; \
	echo "newest: $$($$newest --version), $$newest"; set -e; \
	$(BIN)/uv venv --quiet --clear --python $$newest $(VENV)/newest; \
	$(BIN)/uv pip install --quiet --python $(VENV)/newest/bin/python --editable '.[dev]'; \
	$(VENV)/newest/bin/python -m pytest -n $(TEST_JOBS) --dist worksteal -q -m "not slow and not postgres" -p no:cacheprovider tests/unit; \
	$(MAKE) --no-print-directory demo BIN=$(VENV)/newest/bin

# Every branch of the protocol, of what answers prove, and of the ledger; but for a few of PostgreSQL's engine and of copying, which
# take a server that fails between two of its own steps.
coverage: $(VENV)/installed-dev
	ALL_EXAMPLES=1 $(BIN)/coverage run --branch -m pytest -q \
	  tests/unit/ledger tests/unit/chargebee tests/unit/cli tests/unit/protocol tests/unit/model tests/unit/planning \
	  tests/unit/reconciler \
	  tests/integration
	$(BIN)/coverage report --show-missing --fail-under=100 --omit="*/engines/postgres/*,*/ledger/copying.py" --include="*/ledger/*,*/protocol/*,*/chargebee/answers.py,*/chargebee/lists.py,*/chargebee/verdicts.py,*/failures.py,*/model/identity.py,*/reconciler/*"

storm: $(VENV)/installed-dev
	$(BIN)/python -m tests.simulation.storm --seeds $(SEEDS) --jobs $(JOBS)
	$(BIN)/python -m tests.simulation.team --seeds $(SEEDS)

budget: $(VENV)/installed-dev
	$(BIN)/python -m tests.simulation.budget --seeds $(SEEDS) --jobs $(JOBS)

kills: $(VENV)/installed-dev
	$(BIN)/python -m tests.kills.campaign --kills $(KILLS) --jobs $(JOBS)
	$(BIN)/python -m tests.kills.watch --stories $(STORIES)

operator: $(VENV)/installed-dev
	$(BIN)/python -m tests.operator.histories --histories $(HISTORIES) --jobs $(JOBS)

bench: $(VENV)/installed-bench
	$(BIN)/python benchmarks/bench.py --rounds $(ROUNDS) $(if $(QUICK),--quick,--rows $(ROWS))

# One run at 3,500 credits a minute, watched for a slow leak. `make soak MINUTES=5`: too short to tell (exit code 3).
soak: $(VENV)/installed-bench
	$(BIN)/python benchmarks/soak.py --minutes $(MINUTES)

# A ledger in PostgreSQL beside the file, and 1, 2 and 4 workers. `make bench-team ROWS=1000000 ROUNDS=1`
bench-team: $(VENV)/installed-dev
	$(BIN)/python benchmarks/team.py --rows $(ROWS) --rounds $(ROUNDS)

fuzz: $(VENV)/installed-dev
	$(BIN)/python -m tests.fuzz.campaign --cases $(CASES) --jobs $(JOBS)

# Requests to the page for finance, spoiled: none may end in a 500, let anybody in, or leave a word in the server's log.
fuzz-web: $(VENV)/installed-dev
	$(BIN)/python -m tests.fuzz.web --cases $(REQUESTS)

# A sample of small mistakes in what decides about money and reports: at least 95 % of them must make a test fail.
# `make mutants SEED=7`: another sample; MODULE=ledger: of these paths only. tests/mutants/accepted.toml names those that
# need not die, and why.
mutants: $(VENV)/installed-dev
	ALL_EXAMPLES=1 $(BIN)/python -m tests.mutants.campaign --sample $(SAMPLE) --seed $(SEED) --jobs $(JOBS) --module "$(MODULE)"

# docs/pictures: the main pages of the page for finance, by a browser that is here. `make pictures ALL=folder`: every page in
# every state, at 390 and 1280 pixels, light and dark.
pictures: $(VENV)/installed-dev
	$(BIN)/python -m tests.browser.pictures $(ALL)

# What `man batch-credits` shows, of the help of every command.
man: $(VENV)/installed-dev
	$(BIN)/python -m docs.man.manual

# The site of docs/, in build/site. Strictly: what leads nowhere, and what a browser would load from a network, fails it.
# (With --quiet MkDocs counts no warning, so --strict would forgive all of them.)
docs: $(VENV)/installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --clean --config-file docs/site/mkdocs.yml
	@echo build/site/index.html

# docs/reference, as the program itself says it: commands, settings, codes, words.
reference: $(VENV)/installed-dev
	$(BIN)/python -m docs.site.reference

screens: $(VENV)/installed-dev
	RENEW_SCREENS=1 $(BIN)/python -m pytest -q tests/acceptance/test_screens.py

# And every property with all of its examples, of which `make test` tries a third.
slow: $(VENV)/installed-dev
	ALL_EXAMPLES=1 $(BIN)/python -m pytest -n $(TEST_JOBS) --dist worksteal -q -m "slow or (hypothesis and not postgres and not recipes)"

# The recipes of deploy/, each by its own tool, and run; and what is packed, installed from nothing. A minute or two, most of it
# Airflow's.
recipes: $(VENV)/installed-recipes
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -q -m recipes tests/recipes

dist: $(VENV)/installed-recipes
	rm -rf dist
	$(BIN)/python -m build --installer uv
	$(BIN)/python -m twine check --strict dist/*

# Which versions the image has. Look at the difference.
lock: $(VENV)/installed-recipes
	$(BIN)/uv pip compile --quiet --upgrade pyproject.toml --extra postgres --universal --python-version 3.11 --generate-hashes \
	  --no-annotate --custom-compile-command "make lock" --output-file deploy/container/requirements.lock

# The image of deploy/container, on a base that is made of Debian's packages; and whether it runs as it must. By root, with
# buildah and mmdebstrap.
image: dist
	.ci/image

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("batch_credits needs Python 3.11 or newer: make PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/installed

$(VENV)/installed-recipes: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[recipes]'
	@touch $@ $(VENV)/installed-dev $(VENV)/installed

$(VENV)/installed-docs: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $@ $(VENV)/installed

# What `make bench` races against. npm is no part of this project: without it, newman is left out.
$(VENV)/installed-bench: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@npm install --prefix $(VENV)/newman --no-fund --no-audit --loglevel=error newman@6 || echo "newman cannot be installed"
	@touch $@ $(VENV)/installed

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist

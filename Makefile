# CI runs the same targets. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help demo serve test check-and-test test-quick test-slow test-long test-browser test-faults test-all check lint scripts types layers migrations bench lock schemathesis audit fault-tests locks many kills diagram run-env dev-env bench-env media-table

python := .venv/bin/python
# Some containers set it. Each of the many processes of a run would compile Django anew.
unexport PYTHONDONTWRITEBYTECODE
# A developer's own services are not for tests to write to.
alone := env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u DATABASE_URL -u REDIS_URL -u REDIS_HOST -u MINIO_ENDPOINT -u VAR_DIR -u MEDIA_ROOT -u DEBUG -u LOG_FILE -u LANGUAGE_CODE
# Many systems set LANGUAGE for gettext: only the one on make's command line is meant.
language := $(if $(filter command,$(firstword $(origin LANGUAGE))),--language "$$LANGUAGE")

help:
	@echo "make demo     a sample story becomes a film, then the studio is served (SERVE=0 SCRIPT=my.txt DURATION=60 ASPECT=9:16 LANGUAGE=ko PORT=8000)"
	@echo "make serve    web and workers on one machine (HOST=127.0.0.1 PORT=8000)"
	@echo "make test     what to run first: each quick test once, on SQLite or PostgreSQL (TESTS=tests/jobs for all tests of a part)"
	@echo "make test-slow the other tests once: those that take long, in the browser, and with faults injected"
	@echo "make test-long, make test-browser, make test-faults  each of these parts by itself"
	@echo "make test-all all tests: on SQLite, those with a database again on PostgreSQL, in the browser, and with faults injected"
	@echo "make check    lint (of the scripts too, where npm is installed), type checks, layer contracts, migrations, audit"
	@echo "make bench    measures film, jobs, API and board, and writes docs/benchmarks.md (BENCHES=film for one, which only prints)"
	@echo "make lock     locks the newest packages that pyproject.toml allows (UPGRADE=1), or only what it newly names"
	@echo "make schemathesis  tests the API with 2,000 cases generated from its OpenAPI document"
	@echo "make audit    audits the locked packages; warns if no advisory database is reachable (AUDIT=required to fail then)"
	@echo "make fault-tests runs fault tests: stops each service while stories run, writes docs/operation/fault-tests.md (ONLY=redis for some, not written)"
	@echo "make locks    runs each two-writer test again, with one row lock left out at a time: every lock needs a test that fails without it"
	@echo "make many     makes 200 stories at once with four worker groups, and writes docs/operation/many-workers.md (STORIES=12 for fewer, not written)"
	@echo "make kills    kills workers at random during user interventions, and compares the providers' bills with the ledger (KILLS=500 DATABASE=postgresql SEED=7 SERVICES=redis KEEP=folder WRITE=1)"
	@echo "make diagram  draws the states of a story into ARCHITECTURE.md, and those of a call into docs/operation/calls.md"

run-env dev-env bench-env:
	@tools/set-up $(@:-env=)

demo: run-env
	@$(python) manage.py demo $(if $(filter 0,$(SERVE)),--no-serve) $(if $(SCRIPT),--script "$$SCRIPT") \
		$(if $(DURATION),--duration "$$DURATION") $(if $(ASPECT),--aspect "$$ASPECT") $(language)

serve: run-env
	@$(python) manage.py serve

# Tests wait for programs, servers and databases: three on two processors.
processes = $(shell $(python) -c "import os; print((3 * os.cpu_count() + 1) // 2)")
# The tests on PostgreSQL include those of the providers, which wait most: five on two processors.
more_processes = $(shell $(python) -c "import os; print((5 * os.cpu_count() + 1) // 2)")
usual := not fault_injection and not browser and not slow
quick := $(usual) and not moderate
long := (slow or moderate) and not fault_injection and not browser
# Exit code 5: the part that TESTS names has no such test.
pytest = $(alone) $(1) $(python) -m pytest $(2) $(TESTS) || [ $$? = 5 ]
on_postgresql := $(python) -m tests.services postgresql --

test: $(if $(TESTS),test-all,test-quick)

# Type checks keep one processor busy: fault tests run beside them, too. With the tests that a person's
# first `make test` leaves out because they take up to two seconds each.
check-and-test: dev-env
	@$(MAKE) --no-print-directory check
	@$(MAKE) --no-print-directory test-quick quick='$(usual)'

test-quick: dev-env
	@$(alone) $(python) -m tests.migrated_database
	@$(call pytest,,-n $(processes) --dist worksteal -m "($(quick)) and (page or not database)")
	@$(call pytest,$(on_postgresql),-n $(more_processes) --dist worksteal -m "($(quick)) and database and not page")

# With `make test`, each test once.
test-slow: test-long test-browser test-faults

test-long: dev-env
	@$(call pytest,,-n $(processes) --dist worksteal -m "$(long) and (page or not database)")
	@$(call pytest,$(on_postgresql),-n $(processes) --dist worksteal -m "$(long) and database and not page or each_database" --database-only)
	@$(call pytest,,-n $(processes) --dist loadgroup -m "fault_injection and slow")
	@$(if $(TESTS),,$(MAKE) --no-print-directory locks)

# The two databases differ in their locks: on SQLite a transaction that writes is alone.
locks: dev-env
	@$(alone) $(on_postgresql) $(python) -m pytest --quiet -p tests.without_locks -m row_locks $(TESTS)

test-browser: dev-env
	@$(call pytest,,-n logical --dist worksteal -m "browser and not fault_injection")

# They kill processes and depend on timing: they run separately.
test-faults: dev-env
	@$(call pytest,,-n $(processes) --dist loadgroup -m "fault_injection and not slow")

test-all: dev-env
	@$(call pytest,,-n logical --dist worksteal -m "not fault_injection")
	@$(call pytest,$(on_postgresql),-n logical --dist worksteal -m "not fault_injection or each_database" --database-only)
	@$(call pytest,,-n $(processes) --dist loadgroup -m fault_injection)

check: dev-env
	@$(MAKE) --no-print-directory --keep-going --jobs=2 --output-sync lint scripts types layers migrations audit

lint:
	@$(python) -m ruff check --quiet .
	@$(python) -m ruff format --check --quiet . || { echo "not formatted: run .venv/bin/ruff format ."; exit 1; }

# Biome is a package of npm, and only this needs it.
scripts:
	@if ! command -v npm > /dev/null; then echo "the scripts in static/ are not checked: npm is not installed"; \
	elif ! tools/npm-packages; then echo "the scripts in static/ are not checked: npm cannot install its packages"; \
	else node_modules/.bin/biome check --error-on-warnings . > var/scripts.log 2>&1 || { cat var/scripts.log; exit 1; }; fi

types:
	@PYTHONPATH=.:site $(python) -m mypy .

layers:
	@PYTHONPATH=.:site .venv/bin/lint-imports --no-cache > var/layers.log || { cat var/layers.log; exit 1; }

migrations:
	@$(alone) $(python) manage.py makemigrations --check --dry-run
	@$(alone) $(python) manage.py check --fail-level WARNING

bench: bench-env
	@$(alone) .venv-bench/bin/python tools/bench.py $(BENCHES)

lock: dev-env
	@$(python) tools/lock.py $(if $(filter 1,$(UPGRADE)),--upgrade)

schemathesis: dev-env
	@$(alone) $(python) -m tests.api.drive --cases 2000

audit: dev-env
	@$(python) tools/audit.py $(if $(filter required,$(AUDIT)),--required)

fault-tests: dev-env
	@$(alone) $(python) -m tests.chaos $(if $(ONLY),$(ONLY),--write)

many: dev-env
	@$(alone) $(python) -m tests.chaos --stories $(or $(STORIES),200) $(if $(STORIES),,--write)

kills: dev-env
	@$(alone) $(python) -m tests.chaos.meddling --kills $(or $(KILLS),500) --database $(or $(DATABASE),sqlite) --seed $(or $(SEED),7) $(if $(SERVICES),--services $(SERVICES)) $(if $(KEEP),--keep $(KEEP)) $(if $(WRITE),--write)

media-table: dev-env
	@PYTHONPATH=.:site DJANGO_SETTINGS_MODULE=config.settings $(python) -m tests.media.table

diagram: run-env
	@$(python) manage.py diagram

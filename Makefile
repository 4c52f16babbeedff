# Each target works alone on a machine with Python 3.11, git and make.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ECOSYSTEM := .venv-ecosystem
DEMO := work_dirs/make_demo
# More than two cores have work for: tests of processes wait for half of their time.
WORKERS ?= 4

.PHONY: install demo test test-all test-ecosystem services check fmt bench mutants clean

install: $(STAMP)

$(STAMP): EXTRAS := dev
$(ECOSYSTEM)/.installed: EXTRAS := dev,wandb

# hatchling goes first, so that no build environment of its own picks unpinned versions.
%/.installed: pyproject.toml constraints.txt
	@test -x $*/bin/python || $(PYTHON) -m venv $*
	$*/bin/python -m pip install --quiet -c constraints.txt hatchling editables
	$*/bin/python -m pip install --quiet -c constraints.txt --no-build-isolation -e '.[$(EXTRAS)]'
	@touch $@

demo: $(STAMP)
	$(BIN)/stride --config work_dir=$(DEMO)
	$(BIN)/stride --config work_dir=$(DEMO) --config optimizer_kwargs.lr=1e-4
	$(BIN)/stride ls $(DEMO)
	$(BIN)/stride show $(DEMO)/latest
	$(BIN)/stride diff $(DEMO)/0 $(DEMO)/1
	$(BIN)/stride plot $(DEMO) --log

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not slow"

test-all: check
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

# What needs packages of others, offline; they stand in an environment of their own.
# Of tsb-ad they use the evaluation alone, whose own dependencies are here; it asks for an old NumPy.
# Of aeon they read a series, of rliable they use the metrics, and Stable-Baselines3 needs nothing
# else to train.
test-ecosystem: $(ECOSYSTEM)/.installed
	$(ECOSYSTEM)/bin/python -m pip install --quiet --no-deps tsb-ad==1.5 aeon==1.6.0 rliable==1.2.0 \
		stable-baselines3==2.9.2
	OMP_NUM_THREADS=1 $(ECOSYSTEM)/bin/python -m pytest -m ecosystem

# What some slow tests need beside Python, on Debian or Ubuntu and as root: SLURM. Without it they
# are skipped; with it they start and stop daemons of their own.
services:
	apt-get update
	DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends slurm-wlm munge

fmt: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP)
	$(BIN)/python -m benchmarks

# Faults put into copies of the source one by one: does a test see each?
mutants: $(STAMP)
	$(BIN)/python -m mutants --workers $(WORKERS)

clean:
	rm -rf $(VENV) $(ECOSYSTEM) dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

PYTHON ?= python3
VENV ?= .venv
READY := $(VENV)/.ready

# Tests of what decides a verdict.
OF_CHECKS := $(wildcard $(addprefix tests/test_, checks_*.py criteria.py readers_*.py verdicts.py))

# Tests start Python hundreds of times; without compiled code on the disk each would compile 300 modules, for seconds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: qa test test-runs test-long test-wheel cluster determinism trust coverage lint ruff-check ruff-format mypy lint-imports hooks mutants clean

# Reduce and judge the datasets; the last line says where the report is.
qa: $(READY)
	$(VENV)/bin/pytest qa/

# Test the suite itself. One dataset is reduced from the start.
test: $(READY) lint
	$(VENV)/bin/pytest tests/ -m "not slow and not whole" -n 2 --dist loadfile --no-loadscope-reorder

# Test it on datasets of all cameras, each reduced from the start at small size with the real tools, and what takes
# as long; CI does both.
test-runs: $(READY)
	$(VENV)/bin/pytest tests/ -m "whole and not slow" -n 2 --dist loadfile --no-loadscope-reorder

# What takes long and guards what rarely changes: whole runs at full size, kills at many moments.
test-long: $(READY)
	$(VENV)/bin/pytest tests/ -m slow --ignore tests/test_wheel_run.py --ignore tests/test_determinism_run.py \
		--ignore tests/test_slurm.py

# Stages in jobs of a real Slurm of three nodes on this machine, and on workers that freeze or lose their scheduler. It
# takes root and Debian's slurmctld, slurmd, slurm-client, munge and slurm-wlm-basic-plugins; else it is skipped.
cluster: $(READY)
	$(VENV)/bin/pytest tests/test_slurm.py tests/test_cluster.py tests/test_executors.py -rs

# A wheel is built, installed into an environment of its own, and runs the suite away from the clone.
test-wheel: $(READY)
	$(VENV)/bin/pytest tests/test_wheel_run.py -m slow

# All datasets, each reduced and judged four times: with 0, 2 and 4 workers, in reverse, with other hash seeds.
determinism: $(READY)
	$(VENV)/bin/pytest tests/test_determinism_run.py -m slow

# The lines of checks/ that its own tests run; the last line is the total. Measuring nearly doubles the time
# of a test, so that the tests of whole runs go without.
coverage: $(READY)
	$(VENV)/bin/coverage erase
	$(VENV)/bin/coverage run -m pytest -q $(OF_CHECKS)
	$(VENV)/bin/coverage combine --quiet
	$(VENV)/bin/coverage report --include='checks/*' --skip-covered --sort=cover

# Faults and clean reductions by the hundred: which criteria catch what, and how often they are wrong, as tables in
# docs/. It takes a night; realisations are noted in trust/ as they come, and a run that was stopped goes on there.
# TRUST='clean --hours 1' measures a part, TRUST='clean --size full' reductions of whole frames.
TRUST ?= faults clean tables
trust: $(READY)
	$(VENV)/bin/python -m tests.trust $(TRUST)

lint: ruff-check ruff-format mypy lint-imports

ruff-check: $(READY)
	$(VENV)/bin/ruff check .

ruff-format: $(READY)
	$(VENV)/bin/ruff format --check .

mypy: $(READY)
	$(VENV)/bin/mypy

lint-imports: $(READY)
	$(VENV)/bin/lint-imports

# The checks before each commit, by .pre-commit-config.yaml.
hooks: $(READY)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[hooks]'
	$(VENV)/bin/pre-commit install

# Mutations of checks/: which of them no test notices. docs/mutants.md has the last result; CHILDREN run at once.
CHILDREN ?= 2
mutants: $(READY)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[mutants]'
	$(VENV)/bin/python tests/mutants.py run --max-children $(CHILDREN)
	$(VENV)/bin/python tests/mutants.py table

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	touch $@

clean:
	rm -rf $(VENV) qa-store qa-report mutants

PYTHON ?= python3
VENV ?= .venv
READY := $(VENV)/.ready

.PHONY: qa test lint mutants clean

# Reduce and judge the datasets; the last line says where the report is.
qa: $(READY)
	$(VENV)/bin/pytest qa/

# Test the suite itself, as CI does.
test: $(READY) lint
	$(VENV)/bin/pytest tests/ -n 2 --dist loadfile --no-loadscope-reorder

lint: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

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

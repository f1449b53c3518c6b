# The developer's commands; run.sh does the same from a bare machine.
PYTHON = .venv/bin/python
# Tests wait more than they compute: three files at a time, also on two cores.
AT_ONCE = -n 3 --dist loadfile

.PHONY: setup demo test test-data test-crash lint check pictures

setup:
	./run.sh setup

demo:
	./run.sh demo

test:
	OMP_NUM_THREADS=1 $(PYTHON) -m pytest -q $(AT_ONCE)

# What needs the shared data (PACS_AI_DATA); missing data is an error, not a skip.
test-data:
	OMP_NUM_THREADS=1 PACS_AI_REQUIRE_DATA=1 $(PYTHON) -m pytest -q -m data

# Kills the node at every named moment and at 20 random ones; needs Orthanc, takes minutes.
test-crash:
	OMP_NUM_THREADS=1 $(PYTHON) -m pytest -v -rP -m "" tests/crash

lint:
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	$(PYTHON) -m mypy node models orthanc tools tests
	.venv/bin/lint-imports
	if command -v shellcheck >/dev/null; then shellcheck -x *.sh orthanc/*.sh .ci/run; fi

check: test lint

# The screenshots of README and docs, from a synthetic study alone.
pictures:
	$(PYTHON) -m tests.pacs.pictures docs/pictures
	$(PYTHON) -m tests.terminal.pictures docs/pictures/terminal

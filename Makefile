# The two commands a fresh machine needs: make demo, make test. Both make .venv first.
# On Windows: GNU make, and a bash, such as Git's.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
ifeq ($(OS),Windows_NT)
SHELL := bash
BIN := $(VENV)/Scripts
endif

.PHONY: demo test coverage bench-gpu pacs slow campaign lint check format types layers hooks docs wheel install clean

demo: $(VENV)/installed
	@rm -rf screening
	@echo "Scanning sample_data/studies: synthetic phantoms of every band, a CT slice, a damaged file"
	@$(BIN)/screener scan sample_data/studies; code=$$?; [ $$code -eq 3 ] || exit $$code
	@echo
	@echo "Worklist: screening/worklist.csv and worklist.json"
	@echo "Report:   screening/report.pdf"
	@echo "Review:   $(BIN)/screener review"

# Several files of tests at a time; one thread of torch in each process, so that they do not contend.
test: export OMP_NUM_THREADS = 1
test: lint
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

# The same, and which lines no test runs.
coverage: export OMP_NUM_THREADS = 1
coverage: $(VENV)/installed
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --cov

# What a GPU does: its tests, each engine's speed, whole scans and a fit. Under ten minutes.
bench-gpu: $(VENV)/installed
	$(BIN)/python -m pytest -m gpu -ra
	$(BIN)/screener info --benchmark --weights covid-resnet50
	$(BIN)/python -m benchmarks.gpu

# An archive (Orthanc) and a listener beside it, to try: Debian's packages, installed if one may.
pacs: $(VENV)/installed
	@command -v Orthanc >/dev/null || apt-get install -y orthanc orthanc-dicomweb
	@rm -rf pacs-to-try
	$(BIN)/python -m sample_data.orthanc pacs-to-try

slow: $(VENV)/installed
	$(BIN)/python -m pytest -m slow

# Hostile files and kills, seeded; about 30 minutes on two cores. Keeps what was lost in campaign-lost.
campaign: $(VENV)/installed
	$(BIN)/python -m tests.campaign

# The linters: each alone, as the commit hooks call them, and all of them without changing a file.
lint: check types layers
	$(BIN)/ruff format --check

check: $(VENV)/installed
	$(BIN)/ruff check

format: $(VENV)/installed
	$(BIN)/ruff format

types: $(VENV)/installed
	$(BIN)/mypy

layers: $(VENV)/installed
	$(BIN)/lint-imports

hooks: $(VENV)/installed
	$(BIN)/pre-commit install
	$(BIN)/pre-commit run --all-files

# What is rendered from the code and the weights' cards: docs/commands.md, rates on other pages.
docs: $(VENV)/installed
	$(BIN)/python docs/make_commands.py
	$(BIN)/python docs/make_rates.py
	$(BIN)/python docs/make_conformance.py

# Built with what is installed here, so that it needs no network; what that is stands in sbom.json.
wheel: $(VENV)/installed
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible -o dist/sbom.json
	@cd dist && sha256sum *.whl sbom.json > SHA256SUMS && cat SHA256SUMS

install: $(VENV)/installed

$(VENV)/installed: pyproject.toml
	@echo "1 of 2: a virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV) 2>/dev/null || python3 -m venv $(VENV) || python -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade pip
	@echo "2 of 2: PyTorch and the rest into it, about 6 GB; some minutes"
	@$(BIN)/python -m pip install --editable '.[train,onnx,pacs,serve,graphics,names,cluster,dev]'
	@touch $@

clean:
	rm -rf $(VENV) screening pacs-to-try dist

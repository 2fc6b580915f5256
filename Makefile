# The two commands a fresh machine needs: make demo, make test. Both make .venv first.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint slow install clean

demo: $(VENV)/installed
	@rm -rf screening
	@$(BIN)/screener scan sample_data/studies; code=$$?; [ $$code -eq 3 ] || exit $$code
	@echo
	@echo "Worklist: screening/worklist.csv and worklist.json"
	@echo "Report:   screening/report.pdf"
	@echo "Review:   $(BIN)/screener review"

test: lint
	$(BIN)/pytest

lint: $(VENV)/installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

slow: $(VENV)/installed
	$(BIN)/pytest -m slow

install: $(VENV)/installed

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV) 2>/dev/null || python3 -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --editable '.[train,serve,graphics,dev]'
	@touch $@

clean:
	rm -rf $(VENV) screening

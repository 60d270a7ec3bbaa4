# Two commands do everything on a fresh machine with Python 3.11 or newer: `make demo` and `make test`; `make app` is for who
# wants to practise or to look at runs (a small installation, without torch). Each makes its environment.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
OUT ?= runs-out/demo

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet -c constraints.txt -e '.[app,demo,dev]'
	touch $@

$(VENV)/.app: pyproject.toml constraints.txt
	@echo "installing into $(VENV): a minute, some 600 MB"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet -c constraints.txt -e '.[app]'
	touch $@

.PHONY: app install demo test check docs wheel clean
install: $(VENV)/.installed  ## the environment alone: .venv/bin/mentalarena

app: $(VENV)/.app  ## the browser's rooms at http://127.0.0.1:8080: practise with a patient, look at the runs in runs-out
	$(BIN)/mentalarena app

demo: $(VENV)/.installed  ## the default loop with the embedded model: result table and report
	$(BIN)/mentalarena run --out $(OUT)

test: $(VENV)/.installed
	$(BIN)/pytest

check: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/.installed  ## the documentation in build/docs, strictly: a dead link or a warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

wheel: $(VENV)/.installed  ## the wheel, and the base install of it in an environment of its own
	$(BIN)/pip wheel --quiet --no-deps -w dist .
	rm -rf build/wheel-venv && $(PYTHON) -m venv build/wheel-venv
	build/wheel-venv/bin/pip install --quiet -c constraints.txt dist/mentalarena-*.whl
	cd build && wheel-venv/bin/mentalarena play --out $$(mktemp -d) --patients 2 --quiet --set models.all.provider=scripted

clean:
	rm -rf $(VENV) build dist

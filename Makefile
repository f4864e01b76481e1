# Two commands: `make run` serves the product, `make test` checks all of it.
PYTHON ?= python3.11
HOST ?= 127.0.0.1
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# A stamp names the lock file it was made from, so a changed lock installs again.
RUN_STAMP := $(VENV)/.run-$(shell cat requirements.lock pyproject.toml 2>/dev/null | sha256sum | cut -c1-16)
TEST_STAMP := $(VENV)/.test-$(shell cat requirements.lock requirements-test.lock pyproject.toml 2>/dev/null | sha256sum | cut -c1-16)

# The product and its tests start many processes: byte code is kept between them.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test lint suite lock system clean

run: $(RUN_STAMP)
	$(BIN)/qichuang serve --host $(HOST) --port $(PORT)

# Types are checked beside the tests, which leave a part of two cores free.
test: $(TEST_STAMP) system
	$(MAKE) --no-print-directory -j 2 lint suite

# Browsers and servers wait much: three workers keep two cores busy.
suite: $(TEST_STAMP) system
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

lint: $(TEST_STAMP) system
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "需要 Python 3.11,请先安装(Debian: apt-get install python3.11 python3.11-venv)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(RUN_STAMP): $(BIN)/python
	@echo "正在安装依赖(第一次约需一分钟)…"
	$(PIP) install --quiet --require-hashes --no-deps -r requirements.lock
	$(PIP) install --quiet --no-deps --editable .
	@rm -f $(VENV)/.run-* && touch $@

# torch is installed by its exact version alone, before what depends on it: every other way of
# asking for it brings gigabytes of GPU libraries.
$(TEST_STAMP): $(RUN_STAMP)
	$(PIP) install --quiet --no-deps torch==2.13.0
	$(PIP) install --quiet --require-hashes --no-deps -r requirements-test.lock
	@rm -f $(VENV)/.test-* && touch $@

# Chromium and a Chinese font for the browser tests.
system:
	@sh tests/install_browser.sh

# The CPU build of torch has to be on the machine (UV_FIND_LINKS=FOLDER make lock).
COMPILE := $(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header \
	--no-annotate --no-emit-index-url --no-emit-find-links
lock: $(BIN)/python
	$(PIP) install --quiet uv
	$(COMPILE) pyproject.toml -o requirements.lock
	echo "torch==2.13.0+cpu" | $(COMPILE) -c requirements.lock -c - --no-emit-package torch \
		--no-emit-package setuptools requirements-test.in -o requirements-test.lock

clean:
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .hypothesis

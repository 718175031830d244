# Every task of the book.  `make help` lists them.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
SPHINX := $(PY) -m sphinx -W -j auto -c . -d build/doctrees
# When the book was committed, if Git knows; an edition without that date has the release's.
BOOK_COMMITTED := $(or $(BOOK_COMMITTED),$(shell git ls-files --error-unmatch conf.py \
  >/dev/null 2>&1 && git log -1 --format=%ct))
ifeq ($(SOURCE_DATE_EPOCH),)
  RELEASED := $(shell sed -n 's/^date-released: *//p' CITATION.cff 2>/dev/null)
  override SOURCE_DATE_EPOCH := $(or $(BOOK_COMMITTED),$(shell date -u -d "$(RELEASED)" +%s))
endif
export BOOK_COMMITTED
export SOURCE_DATE_EPOCH
export FORCE_SOURCE_DATE := 1
export LC_ALL := C
export PYTHONUTF8 := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export JAX_PLATFORMS := cpu
export OPENBLAS_NUM_THREADS ?= 1
SIDE_BY_SIDE := -n auto --maxprocesses=4
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:  # tasks share what they make: make -j runs one after the other
.PHONY: help html page new-entry test train doctest livehtml runtime play pdf pdf-deps epub \
        editions audit oracles matrix mutation exercises linkcheck lint format messages bench sheet \
        clean

help: ## list these tasks
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' | \
	  while IFS='|' read -r name what; do printf '  make %-14s %s\n' "$$name" "$$what"; done

# --- environments: one .venv, and a mark for each set of packages it holds -------------------

MISFIT := $(filter-out fits,$(shell tools/venv.sh $(VENV) $(if $(filter file,$(origin PYTHON)),,$(PYTHON))))
ifneq ($(MISFIT),)
.PHONY: $(VENV)/bin/python
endif

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || \
	  { echo "make: no $(PYTHON) here: install Python 3.11 or newer, or name it: make PYTHON=/path/to/python3 html"; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "make: $(PYTHON) is older than 3.11: name a newer one, as in: make PYTHON=python3.13 html"; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "make: $(PYTHON) has no venv module: on Debian, apt-get install python3-venv"; exit 2; }
	@if [ -e $(VENV) ]; then echo "making $(VENV) anew: $(MISFIT)"; fi
	@$(PYTHON) -m venv --clear $(VENV)

$(VENV)/has-%: requirements/%.txt requirements/book.txt $(VENV)/bin/python
	@echo "installing $< into $(VENV)"
	@$(PY) -m pip install -q -r $< || \
	  { echo "make: pip could not install $<: is there a network, and is the package index reachable?"; exit 2; }
	@touch $@

BOOK := $(VENV)/has-book
TESTS := $(VENV)/has-test
EDITIONS := $(VENV)/has-editions
ORACLES := $(VENV)/has-oracles
MATRIX := $(VENV)/has-matrix
MUTATION := $(VENV)/has-mutation
RUNTIME := tools/runtime/node_modules/.package-lock.json
AUDITS := tests/editions/node_modules/.package-lock.json
BROWSER := command -v chromium >/dev/null || command -v google-chrome >/dev/null || \
  tools/apt.sh tools/apt-browser.txt

$(RUNTIME): tools/runtime/package-lock.json
	@command -v npm >/dev/null || tools/apt.sh tools/apt-node.txt
	@echo "installing Pyodide and CodeMirror into tools/runtime/node_modules"
	@cd tools/runtime && npm ci --silent --no-audit --no-fund || \
	  { echo "make: npm could not install them: is there a network, and is the registry reachable?"; exit 2; }
	@touch $@

$(AUDITS): tests/editions/package-lock.json
	@command -v npm >/dev/null || tools/apt.sh tools/apt-node.txt
	@echo "installing Lighthouse and axe into tests/editions/node_modules"
	@cd tests/editions && npm ci --silent --no-audit --no-fund || \
	  { echo "make: npm could not install them: is there a network, and is the registry reachable?"; exit 2; }
	@touch $@

# --- the book ---------------------------------------------------------------------------------

html: $(BOOK) ## build the verified book: build/html/index.html
	@$(PY) tools/build_html.py

page: $(BOOK) ## build and verify one page alone: make page PAGE=architectures/lora
	@$(PY) tools/one_page.py "$(PAGE)"

new-entry: $(BOOK) ## begin an entry: make new-entry STEM=rope KEY=su2024roformer PART=efficiency
	@$(PY) tools/new_entry.py "$(STEM)" "$(KEY)" "$(PART)"

doctest: $(BOOK) ## run every example with Sphinx's own doctest builder, then the docstrings
	@$(SPHINX) -b doctest docs build/doctest || { echo "make: see build/doctest/output.txt"; exit 1; }
	@$(PY) -m pytest --doctest-modules snippets -o addopts="-q --import-mode=importlib"

livehtml: $(BOOK) ## write with a preview that reloads when you save
	@$(PY) tools/live.py --open-browser --port "$(or $(PORT),8000)"

runtime: $(BOOK) $(RUNTIME) ## get Python for the browser, by its hashes: build/runtime
	@$(PY) tools/runtime/get.py

play: $(BOOK) ## build the book with code that runs in the page, and serve it
	@$(MAKE) --no-print-directory runtime html
	@$(PY) tools/play.py "$(or $(PORT),8000)"

pdf: $(BOOK) ## build/pdf/from-attention-to-rlhf.pdf, with XeLaTeX; ENTRY=gpt, an entry alone
	@command -v latexmk >/dev/null && command -v xelatex >/dev/null || \
	  { echo "make: no XeLaTeX here: on Debian run “make pdf-deps” as root, elsewhere install TeX Live"; exit 2; }
	@$(SPHINX) -q -b latex $(if $(ENTRY),-D print_entry=$(ENTRY)) docs build/latex$(ENTRY:%=/%)
	@$(PY) tools/typeset.py build/latex$(ENTRY:%=/%) $(or $(ENTRY),from-attention-to-rlhf) build/pdf

pdf-deps: ## install XeLaTeX and the fonts of the PDF (Debian, as root)
	@tools/apt.sh tools/apt-pdf.txt

epub: $(BOOK) ## build/epub/from-attention-to-rlhf.epub
	@$(SPHINX) -q -b epub docs build/epub
	@echo "The EPUB: build/epub/from-attention-to-rlhf.epub"

linkcheck: $(BOOK) ## follow every link of the book
	@$(PY) -m sphinx -j auto -c . -d build/doctrees -b linkcheck docs build/linkcheck

# --- the proof --------------------------------------------------------------------------------

test: $(TESTS) ## prove the book with pip alone: lints, snippets, extensions, HTML
	@$(MAKE) --no-print-directory lint html doctest
	@$(PY) -m pytest $(SIDE_BY_SIDE) --dist worksteal tests/snippets tests/book tests/build

editions: $(EDITIONS) ## prove the HTML in a browser, the PDF and the EPUB
	@tools/apt.sh tools/apt-pdf.txt tools/apt-editions.txt
	@$(BROWSER)
	@$(MAKE) --no-print-directory $(AUDITS)
	@$(MAKE) --no-print-directory runtime pdf epub html
	@$(PY) -m pytest $(SIDE_BY_SIDE) --dist loadfile --no-loadscope-reorder -m "not audit" tests/editions

audit: $(EDITIONS) ## every page to Lighthouse, axe and all that looks at it; running code
	@$(BROWSER)
	@tools/apt.sh tools/apt-firefox.txt
	@$(MAKE) --no-print-directory $(AUDITS) runtime html
	@$(PY) -m pytest $(SIDE_BY_SIDE) --dist loadfile $(addprefix tests/editions/test_,axe.py \
	  lighthouse.py layout.py code_shown.py running.py exercising.py pyodide.py runtime.py firefox.py)

oracles: $(ORACLES) ## hold the snippets against PyTorch and transformers
	@$(PY) -m pytest tests/oracles

matrix: $(MATRIX) ## run the examples on every Python and NumPy of the book; PYTHONS="3.12" on one
	@$(PY) -m nox $(if $(PYTHONS),--python $(PYTHONS)) || \
	  { echo "make: not every environment passed: see above; a Python that is not on the path counts as failed"; exit 1; }

mutation: $(MUTATION) ## change the snippets on purpose, and see the book notice: MODULES="gpt lora"
	@$(PY) -m pytest tests/mutation
	@$(PY) tools/mutation.py $(MODULES)

exercises: $(BOOK) ## prove the exercises: solutions pass, stubs and known mistakes fail
	@$(PY) tools/exercises.py

lint: $(TESTS) ## check format and style
	@$(PY) -m ruff format --check -q . || { echo "make: run “make format”"; exit 1; }
	@$(PY) -m ruff check -q .

format: $(TESTS) ## put format and imports in order
	@$(PY) -m ruff format -q .
	@$(PY) -m ruff check -q --fix .

messages: $(BOOK) ## put what the extensions say into CONTRIBUTING.md
	@$(PY) tools/messages.py

train: $(BOOK) ## train the tiny models again: snippets/data/*.npz
	@$(PY) tools/train.py

bench: $(EDITIONS) ## time the build against its alternatives; BENCH="--record" keeps the table
	@$(BROWSER)
	@$(MAKE) --no-print-directory runtime html
	@$(PY) tools/bench.py $(if $(BASE),--base $(BASE)) $(BENCH)

sheet: $(EDITIONS) ## every page and every PDF page as thumbnails: build/sheet/index.html
	@$(MAKE) --no-print-directory html
	@$(PY) tools/sheet.py

clean: ## remove what was built (.venv stays)
	@rm -rf build

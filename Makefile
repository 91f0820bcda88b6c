# All commands of a laptop; `make` alone lists them. Works with GNU make 3.81, which macOS has.

# Set on make's command line only: variables of these names in the environment are others' own.
PYTHON  = python3
CONF    = conf/sample.yaml
ARCHIVE =
SET     =
SPARK_CONF =
FORCE   =
VERBOSE =
FORMAT  =
OF      =
TOP     = 10
RATINGS =
NEW     =
TO      =
DRY_RUN =
UPGRADE =
SEEDS   = 5
KILLS   = 100
WORKERS = 2
BESIDE  =
ONLY    =
SCALE   =
BENCH   =
TESTS   =
CLUSTER = conf/cluster.yaml
CLUSTER_SET =
PROJECT =
REGION  =
BUCKET  =
JOB     =
ID      =
BATCH   =
OPERATION =
# 4.1, of Dataproc's image 3.0, or 3.5, of image 2.3
SPARK   = 4.1

ifeq ($(filter 4.1 3.5,$(SPARK)),)
$(error SPARK=$(SPARK) is none of 4.1 and 3.5)
endif

# each Spark version has its own environment and locks
VENV := .venv$(if $(filter 3.5,$(SPARK)),-spark3.5)
RUN_LOCK := requirements/run$(if $(filter 3.5,$(SPARK)),-spark3.5).txt
DEV_LOCK := requirements/dev$(if $(filter 3.5,$(SPARK)),-spark3.5).txt
BIN  := $(VENV)/bin
PIP  := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input
# without isolation pip builds PySpark, which comes as source, with the locked setuptools
SYNC := $(PIP) install --use-pep517 --no-build-isolation --require-hashes -r

# these variables could select another Spark than the locked one, or another place for packages
unexport SPARK_HOME PYTHONPATH PIP_USER PIP_TARGET PIP_PREFIX
# by default Spark starts its workers with the first python3 on PATH
WITH_SPARK = JAVA_HOME="$$(head -n 1 $(VENV)/java_home)" PYSPARK_PYTHON="$(CURDIR)/$(BIN)/python" \
	$(BIN)/python

# passed in the environment, as they are: values may contain blanks, quotes, brackets and dollars
override SET := $(value SET)
override ARCHIVE := $(value ARCHIVE)
override SPARK_CONF := $(value SPARK_CONF)
override RATINGS := $(value RATINGS)
override NEW := $(value NEW)
override TO := $(value TO)
export SET ARCHIVE SPARK_CONF RATINGS NEW TO
OVERRIDES = $(if $(ARCHIVE),--archive "$$ARCHIVE") $(if $(SET),--set "$$SET")
ON_CONF = --config '$(CONF)' $(OVERRIDES)
FORCED = $(if $(FORCE),--force)
ALOUD = $(if $(VERBOSE),--verbose)
OPTIONS = $(ON_CONF) $(FORCED) $(ALOUD)
ON_SPARK = $(if $(SPARK_CONF),--spark-conf "$$SPARK_CONF")
MOVIEREC = $(WITH_SPARK) -m movierec_cli

# arguments of scripts/dataproc.py; most commands need the pipeline's conf, too
CLOUD = --cluster '$(CLUSTER)' $(if $(PROJECT),--cluster-set 'project=$(PROJECT)') \
	$(if $(REGION),--cluster-set 'region=$(REGION)') \
	$(if $(BUCKET),--cluster-set 'bucket=$(BUCKET)') \
	$(foreach pair,$(CLUSTER_SET),--cluster-set '$(pair)') $(if $(DRY_RUN),--dry-run) \
	$(if $(FORMAT),--format '$(FORMAT)')
DATAPROC = $(BIN)/python scripts/dataproc.py

# conf/cluster.yaml describes a cluster, not a pipeline
CONFS = $(filter-out conf/cluster.yaml,$(wildcard conf/*.yaml))

STAGES := ingest partition popularity tune segments recommend evaluate deliver twins report

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# parallel pips in one environment, or stages in one workspace, would conflict
.NOTPARALLEL:
ON_DATAPROC := cluster-up cluster-status cluster-down upload submit pipeline workflow batch logs \
	fetch attach

.PHONY: help setup run doctor data $(STAGES) ask fold-in lists export bench prune stability test test-all test-cluster \
	test-browser notebook chaos invariance check mkl package lock audit clean java interpreter-gone $(ON_DATAPROC)

define VARIABLES

Variables, as in `make run CONF=conf/small.yaml SET="evaluation.k=10 als.seed=2"`:
  CONF         the conf (conf/sample.yaml); a conf's keys: docs/configuration.md
  ARCHIVE      another archive in place of the one in conf: a path, or a URI
  SET          keys to override: "section.key=value …"
  SPARK_CONF   Spark's own properties: "spark.driver.memory=8g spark.ui.enabled=true"
  FORCE=1      make again what is there already; with cluster-down and prune: delete
  VERBOSE=1    show Spark's log, no progress bar
  SEEDS (5)    random splits of `stability`        WORKERS (2)  processes of `test`
  TESTS        files or options for pytest         SPARK=3.5    the Spark of image 2.3 (4.1)
  USER, RATINGS, TOP   see `ask`                   OF, FORMAT, TOP, TO  see `lists`
  NEW, TO              see `fold-in`
  ONLY, SCALE, BENCH   see `bench`                 KILLS (100)  of `chaos`
  BESIDE=3.5   see `invariance`
  PYTHON       the Python of .venv (python3)       UPGRADE=1    see `lock`
  PROJECT, REGION, BUCKET, CLUSTER (conf/cluster.yaml), CLUSTER_SET   of Dataproc's targets
  DRY_RUN=1, FORMAT=airflow   show Dataproc's requests, as Airflow's operators take them
  JOB, ID, BATCH, OPERATION                        which job, batch or operation there
endef
export VARIABLES

help: ## list the targets
	@awk -F ':.*## ' '/^# ==/ {sub(/^# == /, ""); print "\n" $$0 ":"} \
		/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
	@printf '%s\n' "$$VARIABLES"

# == Run

run: $(VENV)/project.stamp java ## the whole pipeline on CONF; what is done is skipped
	@$(MOVIEREC) run $(OPTIONS) $(ON_SPARK)

ingest: ## one stage: check and read the archive
partition: ## one stage: make train, validation and test sets
popularity: ## one stage: choose the popularity baseline
tune: ## one stage: tune ALS on validation
segments: ## one stage: find segments of all users
recommend: ## one stage: make the lists of every model
evaluate: ## one stage: measure and compare the models
deliver: ## one stage: fit the winner to all ratings, make everybody's list
twins: ## one stage: find the most similar pairs of users
report: ## one stage: gather and draw the report
$(STAGES): $(VENV)/project.stamp java
	@$(MOVIEREC) $@ $(OPTIONS) $(ON_SPARK)

stability: $(VENV)/project.stamp java ## how far the results vary over SEEDS random splits
	@$(MOVIEREC) stability $(OPTIONS) $(ON_SPARK) --seeds $(SEEDS)

ask: $(VENV)/project.stamp ## what to watch next: USER=42, or RATINGS=mine.csv (title,rating); TOP=10
	@$(MOVIEREC) ask $(ON_CONF) --top '$(TOP)' $(if $(filter command%,$(origin USER)),--user '$(USER)') \
		$(if $(RATINGS),--ratings "$$RATINGS")

fold-in: $(VENV)/project.stamp java ## lists of users who came after the fit: NEW=ratings.csv TO=directory
	$(if $(and $(NEW),$(TO)),,$(error make fold-in: name NEW=ratings.csv and TO=directory))
	@$(MOVIEREC) fold-in $(ON_CONF) $(FORCED) $(ALOUD) $(ON_SPARK) --ratings "$$NEW" --to "$$TO"

doctor: $(VENV)/project.stamp java ## has CONF's run what it needs here: Java, memory, disk, archive?
	@$(MOVIEREC) doctor $(ON_CONF) $(ALOUD) $(ON_SPARK)

data: $(VENV)/project.stamp ## download or generate the archive that CONF names
	@$(BIN)/python -m movierec_cli data $(ON_CONF) $(FORCED)

setup: $(VENV)/dev.stamp $(VENV)/project.stamp java ## make .venv: locked packages, this project, a Java

mkl: $(VENV)/run.stamp ## Intel's MKL into .venv (220 MB, Linux x86-64): a faster BLAS for ALS
	@$(SYNC) requirements/mkl.txt

# == Look

notebook: $(VENV)/notebook.stamp $(VENV)/project.stamp java ## explore the results of CONF in Jupyter: docs/explore.ipynb
	@CONF='$(CONF)' $(WITH_SPARK) -m jupyterlab docs/explore.ipynb

lists: $(VENV)/project.stamp java ## everybody's next movies (OF=members: segments) as FORMAT (csv, jsonl, parquet), TOP=10 TO=path
	@$(MOVIEREC) lists $(OPTIONS) $(ON_SPARK) $(if $(OF),--of '$(OF)') $(if $(FORMAT),--format '$(FORMAT)') --top '$(TOP)' $(if $(TO),--to "$$TO")

export: $(VENV)/project.stamp java ## write summary, twins and report into out/ again
	@$(MOVIEREC) export $(ON_CONF) $(ALOUD)

prune: $(VENV)/project.stamp java ## list results that no conf of CONF="a.yaml b.yaml" reaches (FORCE=1: delete)
	$(if $(filter command%,$(origin CONF)),,$(error make prune: name the confs \
		whose results stay with CONF="a.yaml b.yaml"))
	@$(MOVIEREC) prune --config $(foreach conf,$(CONF),'$(conf)') $(OVERRIDES) $(if $(FORCE),--delete)

# == On Google Cloud Dataproc

cluster-up: ## a cluster on Dataproc as in conf/cluster.yaml (PROJECT= BUCKET=; DRY_RUN=1 shows it)
cluster-status: ## its state, its web interfaces and its jobs
cluster-up cluster-status: $(VENV)/dataproc.stamp
	@$(DATAPROC) $@ $(CLOUD)

upload: ## package, jobs, conf and archive to the bucket
fetch: ## summary.json, segments.csv, twins.csv and the report from the bucket to out/<conf name>/
upload fetch: $(VENV)/dataproc.stamp
	@$(DATAPROC) $@ $(CLOUD) $(ON_CONF)

submit: ## one job on the cluster (JOB=ingest; JOB=run_all is every stage in one Spark application)
batch: ## one job as a serverless batch, on the bucket (JOB=ingest, or JOB=run_all)
submit batch: $(VENV)/dataproc.stamp
	$(if $(JOB),,$(error make $@: name a job or a stage with JOB=ingest))
	@$(DATAPROC) $@ $(CLOUD) $(OPTIONS) $(ON_SPARK) --job '$(JOB)'

pipeline: ## every job on the cluster, one after the other
workflow: ## every job on a cluster that is made for them and deleted after them
pipeline workflow: $(VENV)/dataproc.stamp
	@$(DATAPROC) $@ $(CLOUD) $(OPTIONS) $(ON_SPARK)

logs: $(VENV)/dataproc.stamp ## follow a job (ID=) or a batch (BATCH=)
	$(if $(ID)$(BATCH),,$(error make logs: name a job with ID= or a batch with BATCH=))
	@$(DATAPROC) $@ $(CLOUD) $(if $(BATCH),--batch-id '$(BATCH)',--job-id '$(ID)')

attach: $(VENV)/dataproc.stamp ## follow an operation that was left running (OPERATION=)
	$(if $(OPERATION),,$(error make attach: name an operation with OPERATION=))
	@$(DATAPROC) $@ $(CLOUD) '$(OPERATION)'

cluster-down: $(VENV)/dataproc.stamp ## delete it, unless jobs run on it (FORCE=1)
	@$(DATAPROC) $@ $(CLOUD) $(FORCED)

# == Develop

# files are handed out in the order of conftest.py: the longest first
PYTEST = $(WITH_SPARK) -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder \
	--ignore tests/cluster --ignore tests/browser

test: setup ## the tests, in WORKERS (2) processes; without the slow ones (SPARK=3.5: on image 2.3's Spark)
	@$(PYTEST) -m 'not slow' $(TESTS)

test-all: setup ## the slow ones too: all that need only PyPI's packages
	@$(PYTEST) $(TESTS)

test-cluster: setup ## the jobs on a real HDFS and YARN on this machine (needs Maven)
	@command -v mvn >/dev/null || { echo 'make test-cluster: no mvn here: install Maven' >&2; exit 1; }
	@$(WITH_SPARK) -m pytest tests/cluster

test-browser: setup $(VENV)/browser.stamp ## the report in Chromium, and those of the runs in out/ (needs chromium)
	@$(WITH_SPARK) -m pytest tests/browser

chaos: setup ## kill every job KILLS times (100) on ARCHIVE, on disk and on HDFS, and compare (needs Maven)
	$(if $(ARCHIVE),,$(error make chaos: name an archive with ARCHIVE=path.zip))
	@$(WITH_SPARK) -m tests.chaos --archive "$$ARCHIVE" --kills $(KILLS)

invariance: setup ## the pipeline on ARCHIVE with rows, cores and partitions changed: equal results? (BESIDE=3.5: on that Spark too)
	$(if $(ARCHIVE),,$(error make invariance: name an archive with ARCHIVE=path.zip))
	@$(WITH_SPARK) -m tests.invariance --archive "$$ARCHIVE" \
		$(if $(BESIDE),--python '$(CURDIR)/.venv-spark$(BESIDE)/bin/python')

check: $(VENV)/dev.stamp $(VENV)/project.stamp ## lint, format, types, import rules, and every conf
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m mypy src jobs scripts
	@$(BIN)/lint-imports
	@failed=0; for conf in $(CONFS); do \
		$(BIN)/python jobs/ingest.py --config "$$conf" --check-config || failed=1; \
	done; exit $$failed

bench: CONF = conf/full.yaml
bench: $(VENV)/bench.stamp $(VENV)/project.stamp java ## compare speed with other libraries (ONLY=topk,als SCALE=0.1)
	@$(WITH_SPARK) -m scripts.bench $(ON_CONF) $(ALOUD) $(ON_SPARK) \
		$(if $(ONLY),--only '$(ONLY)') $(if $(SCALE),--scale '$(SCALE)') $(BENCH)

package: $(VENV)/project.stamp ## zips for clusters and a wheel in dist/, reproducible
	@$(BIN)/python scripts/build_package.py

lock: $(VENV)/build.stamp ## recompile requirements/*.txt (UPGRADE=1: to the newest versions)
	@$(SYNC) requirements/lock.txt
	@$(call compile,lock,--group lock)
	@$(call compile,build,--group build)
	@$(call compile,run,pyproject.toml --extra report $(SPARK_4_1))
	@$(call compile,dev,$(DEVELOP) -c requirements/run.txt)
	@$(call compile,run-spark3.5,pyproject.toml --extra report $(SPARK_3_5))
	@$(call compile,dev-spark3.5,$(DEVELOP) -c requirements/run-spark3.5.txt)
	@$(call extra,dataproc) | $(call compile,dataproc,- -c requirements/run.txt)
	@$(call compile,browser,--group browser -c requirements/dev.txt)
	@$(call extra,notebook) | $(call compile,notebook,- -c requirements/dev.txt)
	@$(call extra,bench) | $(call compile,bench,- -c requirements/run.txt)
	@$(call compile,mkl,--group mkl)
	@$(call compile,java,--group java)
	@$(call compile,audit,--group audit -c requirements/dev.txt)

audit: $(VENV)/run.stamp ## check all locked packages for known vulnerabilities, on PyPI
	@$(SYNC) requirements/audit.txt
	@failed=0; for lock in requirements/*.txt; do \
		$(BIN)/python -m pip_audit --strict --disable-pip --require-hashes -r "$$lock" || failed=1; \
	done; exit $$failed

clean: ## remove what is built or cached; .venv, data and workspace are kept
	@rm -rf dist out build src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis \
		spark-warehouse metastore_db derby.log
	@find conf docs jobs scripts src tests -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

# --- set-up: a stamp for each step, so that a second run does nothing -----------------------------

# the packages of the Dataproc images 3.0 and 2.3
SPARK_4_1 = -c requirements/spark-4.1.in
SPARK_3_5 = -c requirements/spark-3.5.in
DEVELOP = pyproject.toml --extra report --extra dataproc --group build --group dev
# the packages of one extra; uv's --extra would add the project's own, and Spark
extra = $(BIN)/python -c 'from setuptools.config.pyprojecttoml import load_file; \
	print(*load_file("pyproject.toml")["project"]["optional-dependencies"]["$(1)"], sep="\n")'
compile = $(BIN)/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes \
	--no-header --no-annotate $(if $(UPGRADE),--upgrade) -o requirements/$(1).txt $(2)

# for which the locked packages have wheels
PYTHONS := 3.10|3.11|3.12$(if $(filter 4.1,$(SPARK)),|3.13|3.14)
COMMA := ,

# the fault of PYTHON, empty if there is none
define python_fault
$(shell v=$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || v=none; \
	case $$v in \
	(none) echo "PYTHON=$(PYTHON) does not run: install one of $(subst |,$(COMMA) ,$(PYTHONS)), or name one with PYTHON=path" ;; \
	($(PYTHONS)) $(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
		echo "PYTHON=$(PYTHON) has no venv or no ensurepip: install them (apt-get install python3-venv), or name another with PYTHON=path" ;; \
	(*) echo "PYTHON=$(PYTHON) is Python $$v; the packages for Spark $(SPARK) are locked for $(subst |,$(COMMA) ,$(PYTHONS)): install one of them, or name it with PYTHON=path" ;; \
	esac)
endef

# made again if its interpreter is gone; unlike a failing command, $(error) ends make with one line
$(VENV)/venv.stamp: $(shell [ -x $(BIN)/python ] || echo interpreter-gone)
	$(if $(strip $(python_fault)),$(error $(strip $(python_fault))))
	@$(PYTHON) -m venv --clear $(VENV) && touch $@

$(VENV)/build.stamp: requirements/build.txt $(VENV)/venv.stamp
	@$(SYNC) $< && touch $@

$(VENV)/run.stamp: $(RUN_LOCK) $(VENV)/build.stamp
	@echo 'setting up $(VENV), once: about 500 MB to download if the pip cache is empty'
	@$(SYNC) $< && touch $@

$(VENV)/dev.stamp: $(DEV_LOCK) $(VENV)/run.stamp
	@$(SYNC) $< && touch $@

$(VENV)/dataproc.stamp: requirements/dataproc.txt $(VENV)/project.stamp
	@$(SYNC) $< && touch $@

$(VENV)/browser.stamp: requirements/browser.txt $(VENV)/dev.stamp
	@$(SYNC) $< && touch $@

$(VENV)/notebook.stamp: requirements/notebook.txt $(VENV)/run.stamp
	@$(SYNC) $< && touch $@

# the libraries that benchmarks compare with
$(VENV)/bench.stamp: requirements/bench.txt $(VENV)/run.stamp
	@$(SYNC) $< && touch $@

$(VENV)/project.stamp: pyproject.toml $(VENV)/run.stamp
	@$(PIP) install --no-deps --no-build-isolation --editable . && touch $@

# always: the recorded Java may be gone, or JAVA_HOME may have changed
java: $(VENV)/build.stamp
	@$(BIN)/python scripts/find_java.py --venv $(VENV) --spark $(SPARK) >/dev/null

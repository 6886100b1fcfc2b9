SHELL := bash -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV   := .venv/bin
PYTEST := $(VENV)/pytest
CLUSTER := hack/localcluster/cluster
IMAGES  := hack/images/images
PYTHON_SOURCES := crds analysis store operator jobs serving console hack tests benchmarks

##@ The two commands

.PHONY: demo
demo: setup ## The whole circle on this machine: cluster, training, canary, rollback; prints a report
	$(VENV)/pharos demo

.PHONY: test
test: setup ## Every tier that this machine can host; names each one that it cannot
	PYTHONPATH=hack $(VENV)/python -m tiers

##@ While working

.PHONY: help
help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Virtual environment and the servers that tests start; quick when nothing changed
	@hack/workbench/setup

.PHONY: fmt
fmt: ## Format and mend what can be mended
	$(VENV)/ruff format $(PYTHON_SOURCES)
	$(VENV)/ruff check --fix $(PYTHON_SOURCES)

.PHONY: lint
lint: ## Style
	$(VENV)/ruff format --check $(PYTHON_SOURCES)
	$(VENV)/ruff check $(PYTHON_SOURCES)

.PHONY: type
type: ## Types, strictly
	$(VENV)/mypy crds/pharos_api analysis/pharos_analysis store/pharos_store operator/pharos_operator jobs/pharos_jobs serving/pharos_serving console/pharos_console hack/documents hack/generated hack/watching benchmarks/delivery benchmarks/serving

.PHONY: arch
arch: ## Layers: who may import whom
	$(VENV)/lint-imports --no-cache

.PHONY: check
check: lint type arch verify unit ## All that is quick: before every commit

.PHONY: generate
generate: ## Write what is generated: CRDs, gateway bootstrap, alerts, dashboards, install.yaml, reference pages
	PYTHONPATH=hack $(VENV)/python -m generated

.PHONY: verify
verify: ## Fail when something generated is out of date, or a link in a document leads nowhere
	PYTHONPATH=hack $(VENV)/python -m generated --check
	PYTHONPATH=hack $(VENV)/python -m documents

.PHONY: docs
docs: ## The documents as a site, strictly: build/site; PORT=8000 also serves it here
	PYTHONPATH=hack NO_MKDOCS_2_WARNING=1 $(VENV)/mkdocs build
	$(if $(PORT),$(VENV)/python -m http.server --bind 127.0.0.1 --directory build/site $(PORT))

.PHONY: requirements
requirements: ## Each row of the requirements with its tests; fails when a row marked done has none
	PYTHONPATH=hack $(VENV)/python -m requirements

##@ Tests, by tier

.PHONY: unit
unit: ## Pure code: tables, properties, golden files
	$(PYTEST) -q tests/unit tests/properties tests/golden

.PHONY: golden
golden: ## Accept what is rendered now as golden
	$(PYTEST) -q tests/unit tests/golden --update-golden

.PHONY: integration
integration: setup ## Real processes of this machine: API server, Envoy, PostgreSQL
	$(CLUSTER) build
	$(PYTEST) -q tests/integration

.PHONY: e2e
e2e: setup cluster images ## A real cluster, end to end
	$(PYTEST) -q --e2e tests/e2e

##@ Figures

BENCH := PYTHONPATH=benchmarks:hack $(VENV)/python -m

.PHONY: bench-delivery
bench-delivery: setup ## Traffic and experiments, beside other tools: build/bench/delivery.json (25 min; QUICK=1: 6 min)
	$(CLUSTER) build
	$(BENCH) delivery.simulation $(if $(QUICK),--quick)
	$(BENCH) delivery.weights
	$(BENCH) delivery.rollback
	$(BENCH) delivery.report

.PHONY: bench-training
bench-training: setup ## Time to the same macro-F1, beside transformers.Trainer: build/bench/training.json (40 min; QUICK=1: 20 min)
	$(BENCH) training.course
	$(BENCH) training.report
	$(BENCH) training.memory

.PHONY: guide
guide: setup ## The training guide's commands, run on real papers and timed, into the guide (10 min)
	$(BENCH) training.guide --record
	PYTHONPATH=hack $(VENV)/python -m generated

.PHONY: bench-serving
bench-serving: setup ## Serving beside other servers, and the machine's limit: build/bench/serving.json (15 min; QUICK=1: 8 min)
	$(BENCH) serving.measure
	$(BENCH) serving.report

.PHONY: bench-quality
bench-quality: setup ## Recipes on real papers, five splits: build/bench/quality.json (15 min; HEAVY=1: fine-tuned ones too, hours)
	$(BENCH) quality.measure $(if $(HEAVY),--heavy)
	$(BENCH) quality.report

##@ The local cluster

.PHONY: cluster
cluster: ## Start it (kubeconfig by choice, kind or k3d where Docker runs, else the built-in one)
	$(CLUSTER) up

.PHONY: images
images: ## Build what has changed and load what is missing
	$(IMAGES) build
	$(IMAGES) load

.PHONY: cluster-down
cluster-down: ## End it; nothing is left behind
	$(CLUSTER) down

.PHONY: clean-demo
clean-demo: ## Remove the demonstration's namespace and its report
	-$(CLUSTER) helm uninstall pharos --namespace pharos-demo
	-$(CLUSTER) kubectl delete namespace pharos-demo --wait
	rm -rf build/demo

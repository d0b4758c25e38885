# Everything a person or a build machine does here has a target. `make` alone lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

CARGO ?= cargo
TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
FETCH := deploy/tools/fetch.sh

# The broker that demos and tests start. Name another build with HUYING_NATS_SERVER=/path/to/nats-server.
HUYING_NATS_SERVER ?= $(CURDIR)/.tools/nats-server
export HUYING_NATS_SERVER

# The long tests wait more than they compute, for a broker that is away or a message that comes again: twice as many as there
# are cores run at once.
RUST_TEST_THREADS ?= $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN))))
export RUST_TEST_THREADS

.PHONY: help build huying demo up test check check-fast fmt fmt-check lint proto-lint k8s-check asyncapi-check supply browser screenshots bench bench-check bench-size day report-speed tools nats clients clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# Features of dependencies are chosen for the whole workspace, also where only a part is built, so that demo, tests and
# bench share all that is compiled.
build: ## compile every service and tool
	$(CARGO) build --workspace --bins --locked

huying: ## compile the one program that holds all services
	$(CARGO) build --workspace --bin huying --locked

demo: nats huying ## play a district's day from the first call to the last rating
	$(TARGET_DIR)/debug/huying demo

up: nats huying ## run everything on this machine until Ctrl-C
	$(TARGET_DIR)/debug/huying up

test: nats clients build ## every test, against a real broker
	$(CARGO) test --workspace --locked
	$(TARGET_DIR)/debug/bench_check

browser: nats huying ## play stories by hand in a real browser, and look at every page with axe
	@$(FETCH) browser
	PYTHONDONTWRITEBYTECODE=1 HUYING=$(TARGET_DIR)/debug/huying .tools/venv/bin/python -m unittest discover -v -s tests/browser $(BROWSER)

screenshots: nats huying ## take the pictures in docs/screenshots
	@$(FETCH) browser
	PYTHONDONTWRITEBYTECODE=1 HUYING=$(TARGET_DIR)/debug/huying .tools/venv/bin/python tests/browser/screenshots.py

check: fmt-check lint proto-lint k8s-check supply ## format, lints, contracts, manifests, dependencies; changes nothing

check-fast: fmt-check proto-lint ## the part of `check` that compiles nothing

fmt: ## format the code
	$(CARGO) fmt --all

fmt-check: ## fail if the code is not formatted
	$(CARGO) fmt --all --check

lint: ## clippy, warnings are errors
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

proto-lint: ## buf lint over the contracts
	@$(FETCH) buf
	.tools/buf lint proto

# What AsyncAPI's own parser says of docs/doors/asyncapi.yaml, which a test holds against the code. Needs npm, and the network once.
asyncapi-check: ## ask AsyncAPI's own parser about docs/doors/asyncapi.yaml
	npm install --silent --no-save --prefix .tools/npm @asyncapi/parser@3.6.6
	NODE_PATH=.tools/npm/node_modules node deploy/tools/asyncapi-check.cjs docs/doors/asyncapi.yaml

k8s-check: ## render the Kubernetes manifests and hold them against 1.30 to 1.37 and our own rules
	@$(FETCH) k8s
	deploy/tools/k8s-check.sh

supply: ## licences, sources and known weaknesses of what we build on; writes target/sbom.cdx.json
	@$(FETCH) deny
	deploy/tools/supply.sh

# As the images are built: what is measured is what runs. Beside another build: BENCH="--against FOLDER", where FOLDER has
# the programs of that one.
bench: nats ## measure throughput and latency, optimised; writes target/bench.json
	$(CARGO) build --release --workspace --bin bench --locked
	$(TARGET_DIR)/release/bench $(BENCH)

bench-check: nats build ## count what a case costs, and compare it with docs/performance.md
	$(TARGET_DIR)/debug/bench_check

bench-size: nats ## the same with up to a million cases stored; takes most of an hour, goes on where it was stopped
	$(CARGO) build --release --workspace --bins --locked
	$(TARGET_DIR)/release/bench_size $(BENCH_SIZE)

report-speed: ## the statement of a month of 100,000 cases, optimised: how long it takes, and how much memory
	$(CARGO) build --release --workspace --bin report_speed --locked
	$(TARGET_DIR)/release/report_speed $(REPORT_SPEED)

# A new version beside the one before it: DAY="--beside FOLDER", where FOLDER has the programs of that one. The broker's disk
# without power in the middle of writing, as root: DAY="--power-cut".
day: nats build ## 13,000 cases while every process is killed again and again; takes a quarter of an hour
	$(TARGET_DIR)/debug/day $(DAY)

tools: ## fetch every pinned tool into .tools/ (for working offline later)
	@$(FETCH) all

nats: ## fetch the pinned nats-server, unless one is at hand
	@$(FETCH) nats

clients: ## fetch the Python clients some tests use
	@$(FETCH) clients

clean: ## remove target/ and .tools/; data/ stays
	$(CARGO) clean
	rm -rf .tools

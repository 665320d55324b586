# The single entry point for setting up, building, testing and running Osprey; `make` lists the targets.

# Defaults that the command line or the environment can override: make predict ID=25 PORT=8080
# Without ID, calls use the first picture of the data set.
MODEL   ?= $(OSPREY_MODEL)
DATASET ?= $(OSPREY_DATASET)
PORT    ?= $(or $(OSPREY_PORT),1337)
ARGS    ?=
ID      ?=
SCALE   ?= 0.5
FUZZ_SECONDS ?= 60
SANITIZER ?= thread
# Not from the environment, because some shells set HOST to the machine's name.
HOST    := $(or $(OSPREY_HOST),127.0.0.1)

# The container image, and the registry that the cluster pulls it from.
IMAGE           ?= osprey:latest
REGISTRY        ?= localhost:5001
FORWARD_PORT    ?= 1338

BINARY  := .build/release/osprey
# Copies of public models and pictures, for machines that cannot reach github.com.
export OSPREY_ASSETS_MIRROR ?= $(wildcard ../shared/assets)
SCENES  := swift build --configuration release --package-path Tools/Scenes
CALLS   := get_image process_image predict save-detection-image view-detection-json check_health open_docs
CLUSTER := push create-cluster deploy port-forward delete-cluster
DOCKER  := docker-build docker-run docker-test kill

.PHONY: help setup assets build run test test-unit test-browser test-mutations test-package test-sanitized coverage \
	fuzz man screenshot package demo-pictures demo-model demo-scores quantize bench bench-quick bench-setup lint format \
	clean run-actions-locally $(CALLS) $(DOCKER) $(CLUSTER)
.DEFAULT_GOAL := help

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z_-]+:.*## / { printf "  %-22s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what the build needs
	@Scripts/setup

assets: setup build ## Find the model (MODEL) and the data set (DATASET), and fetch what is missing
	@$(BINARY) assets --model '$(MODEL)' --dataset '$(DATASET)'

build: setup ## Build the service, .build/release/osprey
	swift build --configuration release --product osprey

# With BINARY=FILE, such as a release's, nothing is built.
run: $(if $(filter file,$(origin BINARY)),setup build) ## Serve at HOST and PORT; pass more options in ARGS
	@exec $(BINARY) serve --host '$(HOST)' --port '$(PORT)' --models models --data data \
		--model '$(MODEL)' --dataset '$(DATASET)' $(ARGS)

test: setup build ## Run every test except those of the web page
	@Scripts/test

test-unit: setup ## Run only the Swift tests, without downloads
	@Scripts/test unit

test-browser: setup build ## Test the web page in Chromium
	@Scripts/setup browser
	@Scripts/venv browser
	@.deps/browser/bin/python -m pytest -rs -p no:cacheprovider Tests/BrowserTests $(ARGS)

test-mutations: setup build ## Send 100,000 damaged pictures to a service (10 minutes)
	@Scripts/venv tests
	@OSPREY_MUTATIONS=100000 .deps/venv/bin/python -m pytest -s -p no:cacheprovider \
		Tests/ServiceTests/test_mutated_pictures.py

test-sanitized: setup ## Test a build that finds its own races (SANITIZER=thread), or memory errors and leaks (address)
	@Scripts/setup test
	@Scripts/sanitize '$(SANITIZER)'

coverage: setup ## Measure how many lines of Sources/ the tests run (an hour)
	@Scripts/setup test
	@Scripts/coverage

fuzz: ## Fuzz the parsers of untrusted bytes for FUZZ_SECONDS each
	@Scripts/fuzz all '$(FUZZ_SECONDS)'

man: setup build ## Write the manual page, output/osprey.1
	@mkdir -p output && Scripts/manpage.py $(BINARY) > output/osprey.1 && echo "Read it: man output/osprey.1"

screenshot: setup build ## Take the README's picture of the page again
	@Scripts/setup browser
	@Scripts/venv browser
	@.deps/browser/bin/python Scripts/screenshot.py $(BINARY) docs/page.png

package: setup ## Build a relocatable archive and a .deb, in output/
	@Scripts/setup package
	@Scripts/package

test-package: ## Try the packages on bare Debian 12 and 13 and Ubuntu 24.04 systems (5 minutes)
	@Scripts/setup package
	@Scripts/try_package

demo-pictures: setup ## Draw the demo's pictures again
	$(SCENES)
	@Scripts/demo pictures

demo-model: setup build ## Train the demo's model again, which takes about an hour
	$(SCENES)
	@Scripts/demo model

demo-scores: setup build ## Evaluate the demo's model on its pictures and on new ones
	$(SCENES)
	@Scripts/demo scores

quantize: setup build ## Make an int8 version of MODEL, calibrated on DATASET
	@Scripts/quantize '$(MODEL)' '$(DATASET)' $(ARGS)

bench-setup:
	@Scripts/setup bench
	@Scripts/venv bench

bench: bench-setup assets ## Compare MODEL's speed with the bare network and Python services (15 minutes)
bench-quick: bench-setup assets ## The same in two minutes, less precisely

bench bench-quick:
	@.deps/bench/bin/python Benchmarks/bench.py $(if $(MODEL),--model '$(MODEL)') \
		$(if $(filter bench-quick,$@),--quick) $(ARGS)

lint: ## Check style, scripts, workflows, manifests, file sizes and secrets
	@Scripts/lint

format: ## Format the Swift sources
	swift format --in-place --parallel --recursive Package.swift Examples Sources Tests Tools

run-actions-locally: ## Run the CI workflow in containers, with act
	@Scripts/actions

clean: ## Remove build output and saved results; keep .deps/, models/ and data/
	swift package clean
	rm -rf output

docker-build: ## Build the container image IMAGE, with models and pictures unless ASSETS=none
docker-run: ## Serve from a container at PORT
docker-test: ## Run every test in a container
kill: ## Stop that container

$(DOCKER): export IMAGE := $(IMAGE)
$(DOCKER): export PORT := $(PORT)
$(DOCKER):
	@Scripts/docker $(@:docker-%=%) $(ARGS)

push: ## Push IMAGE to REGISTRY
create-cluster: ## Create a Kubernetes cluster on this machine with kind, and a registry at localhost:5001
deploy: ## Deploy the pushed image to the cluster
port-forward: ## Forward the cluster's service to FORWARD_PORT, 1338
delete-cluster: ## Delete the cluster and its registry

$(CLUSTER): export IMAGE := $(IMAGE)
$(CLUSTER): export REGISTRY := $(REGISTRY)
$(CLUSTER): export FORWARD_PORT := $(FORWARD_PORT)
$(CLUSTER):
	@Scripts/cluster $(@:%-cluster=%)

get_image: ## Save picture ID to output/
process_image: ## Make the processed version of picture ID at SCALE, and save it to output/
predict: ## Detect in the processed picture ID, and save the response to output/
save-detection-image: ## Detect, and save the picture with the detections drawn to output/
view-detection-json: ## Detect, and print the response without its picture
check_health: ## Check whether the service is alive and ready
open_docs: ## Open the API pages

$(CALLS): export OSPREY_URL := http://$(if $(findstring :,$(HOST)),[$(HOST)],$(HOST)):$(PORT)
$(CALLS): export ID := $(ID)
$(CALLS): export SCALE := $(SCALE)
$(CALLS):
	@Scripts/client $@

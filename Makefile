# The one entry to setting up, building, checking and running Osprey; `make` lists what there is.

# What is chosen where neither the command line nor the environment says: make predict ID=25 PORT=8080
# Without an ID, calls are about the first picture of the data set.
MODEL   ?= $(OSPREY_MODEL)
DATASET ?= $(OSPREY_DATASET)
PORT    ?= $(or $(OSPREY_PORT),1337)
ARGS    ?=
ID      ?=
SCALE   ?= 0.5
# Not from the environment, where some shells keep the machine's name.
HOST    := $(or $(OSPREY_HOST),127.0.0.1)

# The container's image, and where the cluster takes it from.
IMAGE           ?= osprey:latest
REGISTRY        ?= localhost:5001
FORWARD_PORT    ?= 1338

BINARY  := .build/release/osprey
CALLS   := get_image process_image predict save-detection-image view-detection-json check_health open_docs
CLUSTER := push create-cluster deploy port-forward delete-cluster
DOCKER  := docker-build docker-run docker-test kill

.PHONY: help setup assets build run test test-browser man demo-pictures demo-model demo-scores quantize bench bench-quick lint format clean run-actions-locally \
	$(CALLS) $(DOCKER) $(CLUSTER)
.DEFAULT_GOAL := help

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z_-]+:.*## / { printf "  %-22s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install and unpack what a build needs
	@Scripts/setup

assets: ## Choose the model (MODEL) and the data set (DATASET), fetch what is missing
	@Scripts/assets.py --model '$(MODEL)' --dataset '$(DATASET)'

build: setup ## Build the service, .build/release/osprey
	swift build --configuration release --product osprey

run: setup build assets ## Serve at HOST and PORT; further flags in ARGS
	@. models/.selected && exec $(BINARY) serve --host '$(HOST)' --port '$(PORT)' \
		--models models --data data --model "$$model" --dataset "$$dataset" $(ARGS)

test: setup build ## Run every test
	@Scripts/test

test-browser: setup build ## Run the tests of the web page, in Chromium
	@Scripts/setup browser
	@Scripts/venv browser
	@.deps/browser/bin/python -m pytest -rs -p no:cacheprovider Tests/BrowserTests $(ARGS)

man: setup build ## Write the manual page, output/osprey.1
	@mkdir -p output && Scripts/manpage $(BINARY) > output/osprey.1 && echo "Read it: man output/osprey.1"

demo-pictures: setup ## Draw the pictures of the demo again
	swift build --configuration release --product scenes
	@Scripts/demo pictures

demo-model: setup build ## Train the model of the demo again, for about an hour
	swift build --configuration release --product scenes
	@Scripts/demo model

demo-scores: setup build ## Evaluate the model of the demo, on its pictures and on fresh ones
	swift build --configuration release --product scenes
	@Scripts/demo scores

quantize: setup build ## Make an int8 version of MODEL, calibrated on DATASET
	@Scripts/quantize '$(MODEL)' '$(DATASET)' $(ARGS)

bench: setup build assets ## Measure beside the bare network and beside services in Python, for a quarter of an hour
bench-quick: setup build assets ## The same in two minutes, less exactly

bench bench-quick:
	@Scripts/venv bench
	@.deps/bench/bin/python Benchmarks/bench.py $(if $(filter bench-quick,$@),--quick) $(ARGS)

lint: ## Check style, scripts, workflows, manifests, sizes and secrets
	@Scripts/lint

format: ## Bring the Swift sources into style
	swift format --in-place --parallel --recursive Package.swift Sources Tests

run-actions-locally: ## Run the workflow of CI in containers, by act
	@Scripts/actions

clean: ## Remove what was built and saved; keep .deps/, models/ and data/
	swift package clean
	rm -rf output

docker-build: ## Build the container's image, IMAGE, with models and pictures unless ASSETS=none
docker-run: ## Serve from a container at PORT
docker-test: ## Run every test in a container
kill: ## Stop that container

$(DOCKER): export IMAGE := $(IMAGE)
$(DOCKER): export PORT := $(PORT)
$(DOCKER):
	@Scripts/docker $(@:docker-%=%) $(ARGS)

push: ## Push IMAGE to REGISTRY
create-cluster: ## Make a Kubernetes cluster on this machine, by kind, and a registry at localhost:5001
deploy: ## Bring the pushed image into the cluster
port-forward: ## Bring the cluster's service to FORWARD_PORT, 1338
delete-cluster: ## Delete the cluster and its registry

$(CLUSTER): export IMAGE := $(IMAGE)
$(CLUSTER): export REGISTRY := $(REGISTRY)
$(CLUSTER): export FORWARD_PORT := $(FORWARD_PORT)
$(CLUSTER):
	@Scripts/cluster $(@:%-cluster=%)

get_image: ## Save picture ID in output/
process_image: ## Make the processed version of picture ID at SCALE, save it in output/
predict: ## Detect on the processed picture ID, save the answer in output/
save-detection-image: ## Detect, and save the picture with the detections drawn in output/
view-detection-json: ## Detect, and print the answer without its picture
check_health: ## Ask whether the service is up and ready
open_docs: ## Open the pages about the API

$(CALLS): export OSPREY_URL := http://$(if $(findstring :,$(HOST)),[$(HOST)],$(HOST)):$(PORT)
$(CALLS): export ID := $(ID)
$(CALLS): export SCALE := $(SCALE)
$(CALLS):
	@Scripts/client $@

# The one entry to setting up, building, checking and running Osprey; `make` lists what there is.

# What is chosen where a line says nothing else, as in: make predict ID=25 PORT=8080
MODEL   := $(OSPREY_MODEL)
DATASET := $(OSPREY_DATASET)
HOST    := $(or $(OSPREY_HOST),127.0.0.1)
PORT    := $(or $(OSPREY_PORT),1337)
ARGS    :=
ID      := 144
SCALE   := 0.5

BINARY := .build/release/osprey
CALLS  := get_image process_image predict save-detection-image view-detection-json check_health open_docs

.PHONY: help setup assets build run test lint format clean $(CALLS)
.DEFAULT_GOAL := help

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z_-]+:.*## / { printf "  %-22s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install and unpack what a build needs
	@Scripts/setup

assets: ## Choose the model (MODEL) and the data set (DATASET), fetch what is missing
	@Scripts/assets.py --model '$(MODEL)' --dataset '$(DATASET)'

build: setup ## Build the service, .build/release/osprey
	swift build --configuration release --product osprey

run: setup assets build ## Serve at HOST and PORT; further flags in ARGS
	@. models/.selected && exec $(BINARY) serve --host '$(HOST)' --port '$(PORT)' \
		--models models --data data --model "$$model" --dataset "$$dataset" $(ARGS)

# Without testable imports the tests share every object file with the build.
test: setup build ## Run every test
	@Scripts/assets.py --model yolov5n --dataset coco128
	python3 -m unittest discover --start-directory Tests/ScriptsTests
	swift test --configuration release --disable-testable-imports --disable-xctest
	@Scripts/venv
	.deps/venv/bin/python -m pytest -rs Tests/ServiceTests

lint: ## Check style, scripts and sizes
	@Scripts/lint

format: ## Bring the Swift sources into style
	swift format --in-place --parallel --recursive Package.swift Sources Tests

clean: ## Remove what was built and saved; keep .deps/, models/ and data/
	swift package clean
	rm -rf output

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

# The table of contents of this project: `make help` lists the targets.
PY := .venv/bin/python
DAAS := .venv/bin/k3s-daas
PACKAGES := sui attestation wire chain localnet gateway enclave parent cli

.DEFAULT_GOAL := help
.PHONY: help build demo test test-unit test-e2e lint format contract contract-test mutate up down bench bench-gas eif eif-repro qemu protos lock clean

help: ## list the targets
	@grep -hE '^[a-z][a-z-]*:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | awk -F'\t' '{printf "  make %-14s %s\n", $$1, $$2}'

build: ## build everything: environment, contract, Kubernetes, measurements
	@python3 tools/build.py

demo: build ## one real session on this machine, from set-up to proof
	@$(PY) tools/demo.py

test: build ## every test: Move, Python, the whole system with kubectl
	@$(PY) tools/test.py

test-unit: ## the fast tests, under a minute
	@python3 tools/build.py python toolchain framework contract
	@$(PY) -m pytest -q -n 2 -m "not e2e and not slow and not toolchain" tests

test-e2e: build ## the whole system with the real kubectl
	@$(PY) -m pytest -q -m e2e tests

contract: ## compile the contract
	@python3 tools/build.py toolchain framework contract

contract-test: ## run the contract's Move tests in the real unit-test VM
	@python3 tools/build.py toolchain
	@node move/toolchain/test.mjs --package move/k3s_daas

mutate: ## make each assertion of the contract always true, one at a time: a Move test must fail for every one
	@python3 tools/build.py python toolchain
	@$(PY) tools/mutate.py

lint: ## ruff, mypy, import rules, docstrings, golden data of the contract
	@python3 tools/build.py python toolchain framework contract
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy $(PACKAGES) tools images
	@.venv/bin/lint-imports
	@.venv/bin/interrogate -q $(PACKAGES) tools images
	@$(PY) tools/generate_golden_move.py --check
	@$(PY) tools/generate_contract_words.py --check

format: ## format the Python files
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix-only -q .

up: build ## start the whole system and leave it running
	@$(DAAS) up --detach

down: ## stop it
	@$(DAAS) down

bench: build ## latency, throughput and memory through the gateway, beside the apiserver alone
	@$(PY) tools/bench_gateway.py

bench-gas: ## what each entry point of the contract costs, and a kubectl call
	@python3 tools/build.py python toolchain framework contract
	@$(PY) tools/bench_gas.py

eif: build ## build the enclave image, its measurements and its bill of materials; no Docker
	@$(PY) images/eif/build.py

eif-repro: eif ## build the enclave image twice in different places and compare every byte
	@$(PY) images/eif/repro.py

qemu: ## provide a QEMU with the Nitro Enclave machine: yours, or one built from Debian's source
	@python3 images/qemu/build.py

protos: ## regenerate sui/rpc/v2 from its .proto files
	@$(PY) tools/generate_protos.py

lock: ## renew everything that is locked: requirements, Debian packages and wheels of the image
	@$(PY) tools/lock_requirements.py
	@$(PY) -m images.debian.lock
	@$(PY) -m images.rootfs.wheels

clean: ## remove what was built here (caches outside the tree stay)
	@rm -rf build .mypy_cache .ruff_cache .pytest_cache .hypothesis

# make help lists the targets. Building needs the packages of scripts/bootstrap.sh.
SHELL := /bin/bash
PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 60
export PATH := $(PATH):/opt/swift/usr/bin

.PHONY: all bootstrap build demo demo-containerd demo-cluster check test test-unit test-binary test-e2e test-fuzz coverage fuzz format lint bench install clean help
all: build

build: ## bin/hermes, one static binary
	scripts/build.sh

demo: bootstrap build ## a real image from a registry on loopback, mounted lazily (root)
	scripts/demo.sh

demo-containerd: bootstrap build ## the same image under containerd, started lazily and pulled in full (root)
	scripts/demo_containerd.sh

demo-cluster: bootstrap build ## the same image in a Kubernetes cluster with a policy, and without (root)
	scripts/demo_cluster.sh

check: lint test-unit ## the quick loop: lint, compile, unit tests

test: test-unit test-binary test-e2e test-fuzz ## unit tests, checks of the binary, end-to-end tests, fuzzing (root)

test-unit: bootstrap
	scripts/test_unit.sh

test-binary: bootstrap build
	scripts/check_binary.sh

test-e2e: bootstrap build
	scripts/e2e.sh

test-fuzz: bootstrap
	scripts/fuzz.sh

bootstrap:
	scripts/bootstrap.sh --tests

coverage: bootstrap ## lines that the unit tests cover, by folder
	scripts/coverage.sh

fuzz: bootstrap ## libFuzzer on everything that reads hostile bytes, FUZZ_SECONDS (60) for each target
	scripts/fuzz.sh --seconds $(FUZZ_SECONDS)

format: ## formats the Swift code
	swift format --in-place --recursive --parallel Sources Tests Fuzz Package.swift

lint: bootstrap ## formatting and style of Swift, direction of dependencies, shellcheck of the scripts
	swift format lint --strict --recursive --parallel Sources Tests Fuzz Package.swift
	python3 scripts/check_directions.py
	shellcheck --severity=warning $$(git ls-files '*.sh' .ci/run)
	python3 -c 'import ast, sys; [ast.parse(open(path).read(), path) for path in sys.argv[1:]]' $$(git ls-files '*.py')

bench: bootstrap build ## the project's figures, beside their bars (root; an image of 4 GB is made once)
	scripts/bench/bench.sh

install: ## into $(DESTDIR)$(PREFIX)/bin, with the links hermes-index, hermes-mount, hermes-daemon, hermes-controller and hermes-bench, and a systemd unit
	install -D -m 755 bin/hermes $(DESTDIR)$(PREFIX)/bin/hermes
	ln -sf hermes $(DESTDIR)$(PREFIX)/bin/hermes-index
	ln -sf hermes $(DESTDIR)$(PREFIX)/bin/hermes-mount
	ln -sf hermes $(DESTDIR)$(PREFIX)/bin/hermes-daemon
	ln -sf hermes $(DESTDIR)$(PREFIX)/bin/hermes-controller
	ln -sf hermes $(DESTDIR)$(PREFIX)/bin/hermes-bench
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's|@PREFIX@|$(PREFIX)|' packaging/hermes-daemon.service >$(DESTDIR)$(PREFIX)/lib/systemd/system/hermes-daemon.service

clean: ## what a build leaves in the tree; the cache (~/.cache/hermes), with compiled code, stays
	rm -rf bin

help:
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 18

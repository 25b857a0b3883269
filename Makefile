# make help lists the targets. Building needs the packages of scripts/bootstrap.sh.
SHELL := /bin/bash
PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 60
export PATH := $(PATH):/opt/swift/usr/bin

.PHONY: all build demo test prepare-tests test-unit test-binary test-e2e test-fuzz fuzz lint bench install clean help
all: build

build: ## bin/hermes, one static binary
	scripts/build.sh

demo: ## a real image from a registry on loopback, mounted lazily (root)
	scripts/bootstrap.sh --tests
	scripts/build.sh
	scripts/demo.sh

test: prepare-tests test-unit test-binary test-e2e test-fuzz ## unit tests, checks of the binary, end-to-end tests, fuzzing (root)

prepare-tests:
	scripts/bootstrap.sh --tests
	scripts/build.sh

test-unit: prepare-tests
	swift test

test-binary: prepare-tests
	scripts/check_binary.sh

test-e2e: prepare-tests
	scripts/e2e.sh

test-fuzz: prepare-tests
	scripts/fuzz.sh

fuzz: ## libFuzzer on everything that reads hostile bytes, FUZZ_SECONDS (60) for each target
	scripts/bootstrap.sh --tests
	scripts/fuzz.sh --seconds $(FUZZ_SECONDS)

lint: ## formatting and style of Swift, syntax of the scripts
	swift format lint --strict --recursive --parallel Sources Tests Fuzz Package.swift
	for script in $$(git ls-files '*.sh' .ci/run); do bash -n "$$script" || exit 1; done
	python3 -c 'import ast, sys; [ast.parse(open(path).read(), path) for path in sys.argv[1:]]' $$(git ls-files '*.py')

bench: ## the project's figures, beside their bars (root; an image of 4 GB is made once)
	scripts/bootstrap.sh --tests
	scripts/build.sh
	scripts/bench/bench.sh

install: ## into $(DESTDIR)$(PREFIX)/bin, with the links hermes-index and hermes-mount
	install -D -m 755 bin/hermes $(DESTDIR)$(PREFIX)/bin/hermes
	ln -sf hermes $(DESTDIR)$(PREFIX)/bin/hermes-index
	ln -sf hermes $(DESTDIR)$(PREFIX)/bin/hermes-mount

clean: ## what a build leaves in the tree; the cache (~/.cache/hermes) stays
	rm -rf bin .build .build-static .build-fuzz

help:
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10

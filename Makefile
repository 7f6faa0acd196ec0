# Thin on purpose: every line runs in a shell as it stands. What a target does is a table in tools/house.

.PHONY: demo test test-ci test-tools test-docs test-rust test-gen test-c test-python test-node test-dotnet \
	test-unity test-conformance test-fork test-interop test-scripts test-sanitizers test-loom test-benches test-demo test-demo-checks lint gen bench-core bench-python bench-node \
	package-rust package-c package-python package-node package-dotnet package-unity

demo:
	python3 examples/demo/run.py

test:
	python3 tools/make.py test

test-ci:
	python3 tools/make.py test --stage ci

test-tools:
	python3 tools/make.py test tools

test-docs:
	python3 tools/make.py test docs

test-rust:
	python3 tools/make.py test rust

test-gen:
	python3 tools/make.py test gen

test-c:
	python3 tools/make.py test c

test-python:
	python3 tools/make.py test python

test-node:
	python3 tools/make.py test node

test-scripts:
	python3 tools/make.py test scripts

test-dotnet:
	python3 tools/make.py test dotnet

test-unity:
	python3 tools/make.py test unity

test-conformance:
	python3 tools/make.py test conformance

test-fork:
	python3 tools/make.py test fork

test-interop:
	python3 tools/make.py test interop

test-sanitizers:
	python3 tools/make.py test sanitizers

test-loom:
	python3 tools/make.py test loom

test-benches:
	python3 tools/make.py test benches

test-demo:
	python3 tools/make.py test demo

test-demo-checks:
	python3 tools/make.py test demo-checks

lint:
	python3 tools/make.py lint

gen:
	cargo run -p xtask -- gen

bench-core:
	python3 tools/make.py bench core

bench-python:
	python3 tools/make.py bench python

bench-node:
	python3 tools/make.py bench node

package-rust:
	python3 tools/make.py package rust

package-c:
	python3 tools/make.py package c

package-python:
	python3 tools/make.py package python

package-node:
	python3 tools/make.py package node

package-dotnet:
	python3 tools/make.py package dotnet

package-unity:
	python3 tools/make.py package unity

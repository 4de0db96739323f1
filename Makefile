# chatmood: `make run` to use it, `make test` to check it, `make help` for the rest.
# Needs Go, Node with npm, git and make; everything else is installed when it is first needed.

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

export CGO_ENABLED ?= 0
export GOTOOLCHAIN ?= local

BIN      := bin/chatmood
VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS  := -s -w -X main.version=$(VERSION)
TOOLS    := $(CURDIR)/.tools/bin

GOLANGCI_VERSION    := v2.15.0
GOVULNCHECK_VERSION := v1.9.0
GORELEASER_VERSION  := v2.14.0
CYCLONEDX_VERSION   := v1.10.0

GO_FILES := $(wildcard docs.go *.md docs/*.md docs/*/*.md docs/images/*.png docs/images/*.webp) $(shell find cmd internal frontend/embed.go -name '*.go' -o -name '*.sql' -o -name '*.tsv' -o -name '*.bin' -o -name '*.html' -o -name '*.css' -o -name '*.js' -o -name '*.zst' -o -name 'index.txt' 2>/dev/null)
UI_FILES := $(shell find frontend/src frontend/public frontend/index.html frontend/vite.config.ts frontend/tsconfig*.json frontend/package-lock.json -type f 2>/dev/null)

# What runs beside other people's software (comparisons, a certificate authority for tests) is in modules of its own.
BENCH_MODULES := $(patsubst %/go.mod,%,$(wildcard bench/*/go.mod))

say = @printf '\033[1m» %s\033[0m\n' "$(1)"

.PHONY: help
help: ## List the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

## ---- use ----------------------------------------------------------------

.PHONY: run
run: $(BIN) ## Start the server with the embedded database and print its address
	$(BIN) serve

.PHONY: demo
demo: $(BIN) ## The same on a simulated Twitch: no network needed
	$(BIN) demo

.PHONY: build
build: $(BIN) ## Build bin/chatmood, front-end included

$(BIN): $(GO_FILES) frontend/dist/index.html go.mod go.sum
	$(call say,building $(BIN) $(VERSION))
	go build -trimpath -ldflags '$(LDFLAGS)' -o $@ ./cmd/chatmood

# npm writes into node_modules even when there is nothing to do, so a stamp tells whether it must run.
frontend/node_modules/.installed: frontend/package.json frontend/package-lock.json
	$(call say,installing the front-end packages)
	cd frontend && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

frontend/dist/index.html: frontend/node_modules/.installed $(UI_FILES)
	$(call say,building the front-end)
	cd frontend && npm run --silent build
	@touch frontend/dist/.gitkeep $@

## ---- check --------------------------------------------------------------

.PHONY: test
test: vet test-frontend test-go test-mongo test-browser docs-test ## Everything that must pass: Go with the race detector, front-end, MongoDB, browser, documentation
	$(call say,all tests passed)

.PHONY: vet
vet: frontend/dist/index.html
	$(call say,go vet and formatting)
	@test -z "$$(gofmt -l bench cmd internal scripts docs.go frontend/*.go)" || { gofmt -l bench cmd internal scripts docs.go frontend/*.go; echo 'not formatted: run make fmt'; exit 1; }
	go vet ./...

.PHONY: test-go
test-go: frontend/dist/index.html scripts/c-compiler scripts/pdf-reader
	$(call say,Go tests with the race detector)
	@scripts/c-compiler
	@scripts/pdf-reader
	CGO_ENABLED=1 go test -race -timeout 15m ./...
	@scripts/test-without-race

# Test servers come when they are first needed; what cannot be had is said loudly and does not fail.
.PHONY: test-mongo
test-mongo: ## What needs a MongoDB, on CHATMOOD_TEST_MONGO_URI or on test servers that speak its protocol
	$(call say,tests on MongoDB)
	@scripts/mongo-test-server/run --together bash -c 'go test -count 1 -timeout 5m -run MongoDB ./internal/app && go test -count 1 -timeout 20m ./internal/store/mongo ./internal/migrate && go test -count 1 -timeout 9m -run /mongodb ./internal/compat'

.PHONY: fault
fault: ## Break three servers in every way under load, for minutes (docs/scaling.md); needs a MongoDB as test-mongo does
	$(call say,the fault suite)
	@CHATMOOD_FAULT=long scripts/mongo-test-server/run go test -count 1 -timeout 24m -v -run '^TestNodes' ./internal/app

.PHONY: soak
soak: ## Let a server work for SOAK (default 30m) while viewers come and go: memory flat, counts exact
	$(call say,soaking for $(or $(SOAK),30m))
	CHATMOOD_SOAK=$(or $(SOAK),30m) go test -count 1 -timeout 24h -v -run 'TestSoak$$' ./internal/app

.PHONY: test-frontend
test-frontend: frontend/node_modules/.installed lint-api
	$(call say,front-end: types$(,) lint$(,) unit tests)
	cd frontend && npx tsc -b && npm run --silent lint && npm test --silent

.PHONY: test-browser
test-browser: $(BIN) frontend/node_modules/.installed scripts/pdf-reader
	$(call say,the page in a real browser)
	@scripts/pdf-reader
	cd frontend && CHATMOOD_BIN=$(CURDIR)/$(BIN) CHROMIUM="$$(../scripts/browser)" npm run --silent e2e

# The examples in Python need one package; it stays in .tools.
.tools/docs-python/bin/python3:
	$(call say,installing what examples in Python need)
	python3 -m venv .tools/docs-python
	.tools/docs-python/bin/pip install --quiet --disable-pip-version-check websockets==15.0.1

.PHONY: docs-test
docs-test: $(BIN) .tools/docs-python/bin/python3 ## Run every example of the documentation on a real server
	$(call say,the examples of the documentation)
	PATH="$(CURDIR)/.tools/docs-python/bin:$$PATH" go run ./internal/guide/cmd/docs-test --bin $(BIN)

# DAY_ARCHIVE names an archive of a release to install in place of what this checkout builds.
.PHONY: day
day: $(BIN) ## An operator's day: install, break, mend, back up, restore, upgrade; writes docs/operating-day.md
	$(call say,an operator's day)
	@scripts/day $(if $(DAY_ARCHIVE),--archive $(DAY_ARCHIVE)) --write docs/operating-day.md

.PHONY: test-kubernetes
test-kubernetes: ## Check the manifests for Kubernetes with its own types
	$(call say,the manifests for Kubernetes)
	cd bench/kubernetes && go test -count 1 ./...

.PHONY: fuzz
fuzz: ## Run each fuzzer for FUZZTIME (default 30s)
	@scripts/fuzz $(or $(FUZZTIME),30s)

.PHONY: lint-api
lint-api: ## Lint the OpenAPI document (Spectral)
	$(call say,the OpenAPI document)
	scripts/openapi/lint

.PHONY: fuzz-api
fuzz-api: $(BIN) ## Fuzz a running server by its OpenAPI document (Schemathesis, needs Python 3.10)
	scripts/openapi/fuzz

.PHONY: bench
bench: $(BIN) ## Measure speed and size, as ratios where there is a peer (see docs/performance.md)
	@scripts/bench $(BENCHFLAGS)

.PHONY: simulate
simulate: ## Tell what 1, 10 and 100 servers would need, from measured costs, and put it into docs/scaling.md (BENCHFLAGS="-update FILE...": costs measured anew)
	@scripts/simulate $(BENCHFLAGS)

.PHONY: bench-live
bench-live: ## Compare fan-out, latency and memory with Centrifuge, coder/websocket and plain sockets (docs/perf/live.md)
	cd bench/live && go run . -measure deliveries,latency,memory,units -clients 100,1000,5000 $(BENCHFLAGS)

.PHONY: bench-ingest
bench-ingest: ## Measure what 100, 1,000 and 5,000 channels cost the server that reads them (docs/perf/ingest.md)
	go run ./bench/ingest $(BENCHFLAGS)

.PHONY: bench-ui
bench-ui: $(BIN) frontend/node_modules/.installed ## Measure the page in Chromium: load, frames, memory (docs/perf/ui.md); BENCHFLAGS=--json
	@CHATMOOD_BIN=$(CURDIR)/$(BIN) scripts/bench-ui $(BENCHFLAGS)

.PHONY: screenshots
screenshots: $(BIN) frontend/node_modules/.installed ## Take pictures of every page into frontend/screenshots
	cd frontend && CHATMOOD_BIN=$(CURDIR)/$(BIN) CHROMIUM="$$(../scripts/browser)" npm run --silent screenshots

.PHONY: pictures
pictures: $(BIN) frontend/node_modules/.installed ## Take the README's pictures anew, of invented chat (the moving one needs img2webp)
	cd frontend && CHATMOOD_BIN=$(CURDIR)/$(BIN) CHROMIUM="$$(../scripts/browser)" npm run --silent pictures

.PHONY: lint
lint: $(TOOLS)/golangci-lint-$(GOLANGCI_VERSION) frontend/node_modules/.installed audit ## golangci-lint (staticcheck, gofumpt, gosec, …), eslint, prettier, npm audit, govulncheck
	$(TOOLS)/golangci-lint-$(GOLANGCI_VERSION) run ./...
	@for module in $(BENCH_MODULES); do ( cd $$module && $(TOOLS)/golangci-lint-$(GOLANGCI_VERSION) run ./... ); done
	cd frontend && npm run --silent lint

.PHONY: audit
audit: $(TOOLS)/govulncheck-$(GOVULNCHECK_VERSION) ## Known weaknesses of what we are made of (needs the network; says so where there is none)
	$(call say,known weaknesses of dependencies)
	@GOVULNCHECK=$(TOOLS)/govulncheck-$(GOVULNCHECK_VERSION) scripts/audit

.PHONY: vulncheck
vulncheck: $(TOOLS)/govulncheck-$(GOVULNCHECK_VERSION) ## Known vulnerabilities in what we call (needs the network)
	$(TOOLS)/govulncheck-$(GOVULNCHECK_VERSION) ./...

.PHONY: eval
eval: ## Measure the engine on labelled chat: make eval DATA=folder [SPLIT=dev] [MODEL=file], LABELS=file or SPLIT=invented-held
	@test -n "$(DATA)$(LABELS)$(filter invented%,$(SPLIT))" || { echo 'Say where the labelled chat is: make eval DATA=folder, LABELS=file or SPLIT=invented-held'; exit 2; }
	cd bench/peers && go run ./eval $(if $(LABELS),--labels $(abspath $(LABELS)),--data "$(abspath $(DATA))" --split $(or $(SPLIT),dev)) $(if $(MODEL),--model $(abspath $(MODEL)))

.PHONY: train
train: ## Make the engine's model anew from labelled chat: make train DATA=folder
	@test -n "$(DATA)" || { echo 'Say where the labelled chat is: make train DATA=folder'; exit 2; }
	go run ./internal/sentiment/cmd/train --data $(DATA)

## ---- release ------------------------------------------------------------

RELEASE_TOOLS := $(TOOLS)/goreleaser-$(GORELEASER_VERSION) $(TOOLS)/path/cyclonedx-gomod

.PHONY: release
release: frontend/dist/index.html $(RELEASE_TOOLS) ## Build the archives of a release into dist/: six systems, checksums, parts lists
	$(call say,archives of $(VERSION))
	PATH="$(TOOLS)/path:$$PATH" $(TOOLS)/goreleaser-$(GORELEASER_VERSION) release --snapshot --clean --skip=publish

.PHONY: release-check
release-check: $(RELEASE_TOOLS) ## Build the last commit's release in two places, compare all bytes, run one archive
	PATH="$(TOOLS)/path:$$PATH" GORELEASER=$(TOOLS)/goreleaser-$(GORELEASER_VERSION) scripts/release-check

$(TOOLS)/goreleaser-$(GORELEASER_VERSION):
	$(call say,installing goreleaser $(GORELEASER_VERSION) (a few minutes$(,) once))
	@mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) go install github.com/goreleaser/goreleaser/v2@$(GORELEASER_VERSION)
	@mv $(TOOLS)/goreleaser $@

# goreleaser looks for it on the PATH, by its plain name.
$(TOOLS)/path/cyclonedx-gomod: $(TOOLS)/cyclonedx-gomod-$(CYCLONEDX_VERSION)
	@mkdir -p $(@D)
	@ln -sf $< $@

$(TOOLS)/cyclonedx-gomod-$(CYCLONEDX_VERSION):
	@mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) go install github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@$(CYCLONEDX_VERSION)
	@mv $(TOOLS)/cyclonedx-gomod $@

## ---- change -------------------------------------------------------------

.PHONY: fmt
fmt: $(TOOLS)/golangci-lint-$(GOLANGCI_VERSION) frontend/node_modules/.installed ## Format Go and TypeScript
	$(TOOLS)/golangci-lint-$(GOLANGCI_VERSION) fmt ./... $(BENCH_MODULES)
	cd frontend && npm run --silent format

.PHONY: generate
generate: frontend/node_modules/.installed ## Make the OpenAPI document, the API types, the tables of settings and licences again
	@test -e frontend/dist/index.html || touch frontend/dist/.gitkeep
	go run ./cmd/chatmood openapi > frontend/openapi.json.new && mv frontend/openapi.json.new frontend/openapi.json
	cd frontend && npm run --silent generate
	@go run ./cmd/chatmood config --doc > README.table && \
	  awk '/<!-- config:begin -->/ {print; while ((getline line < "README.table") > 0) print line; skip = 1} /<!-- config:end -->/ {skip = 0} !skip' README.md > README.new && \
	  mv README.new README.md; rm -f README.table
	go run ./cmd/chatmood config --guide > docs/configuration.new && mv docs/configuration.new docs/configuration.md
	@$(MAKE) --no-print-directory frontend/dist/index.html
	go run ./scripts/licences > docs/licences.new && mv docs/licences.new docs/licences.md

$(TOOLS)/golangci-lint-$(GOLANGCI_VERSION):
	$(call say,installing golangci-lint $(GOLANGCI_VERSION) (a few minutes$(,) once))
	@mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) GOTOOLCHAIN=auto go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	@mv $(TOOLS)/golangci-lint $@

$(TOOLS)/govulncheck-$(GOVULNCHECK_VERSION):
	@mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)
	@mv $(TOOLS)/govulncheck $@

.PHONY: clean
clean: ## Remove what was built (not the data)
	rm -rf bin dist .tools frontend/node_modules
	find frontend/dist -mindepth 1 ! -name .gitkeep -delete

, := ,

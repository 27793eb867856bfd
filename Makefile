# Fluent: build, run and test. `make` alone lists what there is.

SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS   += --no-builtin-rules
.DEFAULT_GOAL := help

GO      ?= go
# Git refuses to tell of a folder that is another user's, and then go would not build. The version comes from VERSION.
export GOFLAGS += -buildvcs=false
# Without C everything compiles the same whether or not a C compiler is installed; else the first one to come would have all compiled again.
export CGO_ENABLED ?= 0
TOLD    := ops/tools/told.sh
BINARY  := bin/fluent
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# Options for `make up` and `make demo`, for example: make up ARGS='--dir /tmp/one --listen 127.0.0.1:0'
ARGS    ?=
# Packages that `make test` runs, for example: make test PACKAGES=./domain/... ; `make mutate` takes them, too, else what differs from main.
PACKAGES ?= ./...
# Options for `go test`. The race detector needs a C compiler; without -race none is asked for.
TESTFLAGS ?= -race -timeout 15m

.PHONY: help up build test gen check-gen lint lint-sql mutate soak bench demo clean

help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: need-go-database build ## build and run everything on this machine, with a demo account (stop with Ctrl-C)
	@exec $(BINARY) up $(ARGS)

build: need-go ## build bin/fluent
	@mkdir -p bin
	@$(TOLD) 'Compiling Fluent (about a minute and a half the first time, on two cores)' \
	  $(GO) build -trimpath -ldflags '-X main.version=$(VERSION)' -o $(BINARY) .

test: need-go-database-npm$(if $(findstring -race,$(TESTFLAGS)),-compiler) ## run all tests and say how many there were
	@CGO_ENABLED=$(if $(findstring -race,$(TESTFLAGS)),1,$(CGO_ENABLED)) $(GO) run ./ops/testsum $(TESTFLAGS) $(PACKAGES)

gen: need-go-npm ## make generated code again: protobuf, Connect, migrations
	@$(TOLD) 'Generating from .proto files' ops/tools/buf.sh generate
	@$(TOLD) 'Generating from Go' $(GO) generate ./...

check-gen: gen ## fail if the generated code in the tree is not what gen makes
	@git diff --exit-code -- proto/gen dataplane ops domain \
	  || { echo 'Generated files differ from their sources: run "make gen" and commit the result.' >&2; exit 1; }
	@new=$$(git ls-files --others --exclude-standard -- proto/gen); [ -z "$$new" ] \
	  || { echo "Generated files are not committed: $$new" >&2; exit 1; }

lint: need-go-npm lint-sql ## gofmt, vet, staticcheck, dead code, buf lint, and all SQL against CockroachDB's grammar
	@bad=$$(git ls-files -z '*.go' | xargs -0 gofmt -l); [ -z "$$bad" ] || { echo "gofmt these: $$bad" >&2; exit 1; }
	@$(TOLD) 'go vet' $(GO) vet ./...
	@$(TOLD) 'go vet, soak tests' $(GO) vet -tags soak ./ops/soak/...
	@$(TOLD) 'staticcheck' $(GO) tool -modfile=ops/tools/lint.mod staticcheck ./...
	@$(TOLD) 'Looking for functions that nothing reaches' ops/tools/dead.sh
	@ops/tools/buf.sh lint

lint-sql: need-go
	@$(TOLD) "Reading all SQL with CockroachDB's grammar" ops/tools/lint-sql.sh

mutate: need-go-database ## change code a little, place by place, and print what no test notices
	@mkdir -p .cache && $(TOLD) 'Compiling the tool' $(GO) build -o .cache/mutate ./ops/mutate
	@.cache/mutate -go $(GO) $(ARGS) $(if $(filter file default,$(origin PACKAGES)),,$(PACKAGES))

soak: need-go-database build ## run what takes minutes or has to be timed; one of it: make soak ARGS='-run Descriptors'
	@$(TOLD) 'Compiling the soak tests' $(GO) test -tags soak -run '^$$' ./ops/soak/... >/dev/null
	@$(GO) test -tags soak -v -count=1 -timeout 4h $(ARGS) ./ops/soak/...

bench: need-go-database build ## measure the API beside raw SQL on the same database; see docs/performance.md
	@$(GO) run ./ops/bench $(ARGS)

demo: need-go-database build ## tell the story of one order, from tenant to trace, over real processes
	@$(BINARY) demo $(ARGS)

clean: ## remove what was built; state folders stay
	@rm -rf bin .cache

# Installs what is missing of the things in the target's name, or says what to install.
need-%:
	@ops/tools/need.sh $(subst -, ,$*)

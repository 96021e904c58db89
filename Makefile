# gofilter: `make` lists what there is to make.

GO ?= go

# No part of the module uses cgo, and a machine without a C compiler builds all of it.
# Only the race detector needs one; the race target turns cgo on for itself.
export CGO_ENABLED = 0
# A clone may belong to another user, where go cannot ask git for a revision.
export GOFLAGS += -buildvcs=false

# The recorded conformance cases: a directory beside the checkout, or where it is said.
GOFILTER_CONFORMANCE ?= $(abspath $(wildcard ../shared/conformance))
export GOFILTER_CONFORMANCE

# How long each fuzz target runs, how long each benchmark.
FUZZTIME ?= 1m
BENCHTIME ?= 1s
# How many random filters fuzz-kernel runs.
FUZZEXPRS ?= 50000

# How many pairs of filter and packet are compared.
PAIRS ?= 1000000

# Packages whose goroutines share something, for the race detector.
RACY = . ./capture/... ./attach/... ./internal/match/... ./internal/opt/... ./cbpfgen/...

# Packages that run everywhere, with their tests.
PORTABLE = . ./linktype ./expr ./ir/... ./cbpfgen ./ebpfgen ./internal/lower ./internal/match \
	./internal/opt ./internal/pred ./internal/proto ./internal/resolve ./internal/savefile ./internal/warn \
	./internal/packets ./internal/gen ./internal/corpus ./inject
PLATFORMS = linux/amd64 linux/arm64 darwin/arm64 windows/amd64 js/wasm

.DEFAULT_GOAL := help

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z][a-z-]*\):.*## /  make \1|/p' Makefile | while IFS='|' read -r name about; do \
		printf '%-20s %s\n' "$$name" "$$about"; done

.PHONY: build
build: ## build the command as bin/gofilter
	@mkdir -p bin
	$(GO) build -o bin/gofilter ./cmd/gofilter

.PHONY: demo
demo: build ## see it work: a filter in both machines, on a capture, and on a live link where that may be
	@$(GO) run ./internal/demo bin/gofilter

.PHONY: test
test: ## vet and all tests; what needs privilege is skipped where there is none
	$(GO) vet ./...
	$(GO) test ./...

.PHONY: check
check: lint test cross race ## everything that needs no data from outside and no root

.PHONY: lint
lint: ## formatting, vet, and that no cgo has come in
	@out=$$(gofmt -l .); if [ -n "$$out" ]; then echo "gofmt would change:"; echo "$$out"; exit 1; fi
	$(GO) vet ./...

.PHONY: race
race: ## tests under the race detector, where there is a C compiler
	@if command -v gcc >/dev/null 2>&1 || command -v clang >/dev/null 2>&1; then \
		echo "CGO_ENABLED=1 $(GO) test -race -short $(RACY)"; \
		CGO_ENABLED=1 $(GO) test -race -short $(RACY); \
	else echo "race: left out, the race detector needs a C compiler"; fi

.PHONY: cross
cross: ## build the compiler's packages and their tests for other systems
	@for p in $(PLATFORMS); do \
		echo "$$p"; \
		GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) build ./... || exit 1; \
		GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) vet $(PORTABLE) || exit 1; \
	done

.PHONY: conformance
conformance: ## run libpcap's recorded test cases (GOFILTER_CONFORMANCE says where they are)
	@if [ -z "$(GOFILTER_CONFORMANCE)" ]; then \
		echo "conformance: no recorded cases: set GOFILTER_CONFORMANCE to their directory" >&2; exit 1; fi
	$(GO) run ./internal/conformance/cmd -data $(GOFILTER_CONFORMANCE)

.PHONY: conformance-ebpf
conformance-ebpf: ## the same cases as eBPF programs of each target and strategy, in the running kernel (root)
	@if [ -z "$(GOFILTER_CONFORMANCE)" ]; then \
		echo "conformance-ebpf: no recorded cases: set GOFILTER_CONFORMANCE to their directory" >&2; exit 1; fi
	$(GO) run ./internal/conformance/ebpfcmd -data $(GOFILTER_CONFORMANCE) -access all

.PHONY: fuzz-kernel
fuzz-kernel: ## FUZZEXPRS random filters as eBPF programs of each strategy, in the running kernel (root)
	$(GO) run ./internal/conformance/fuzzcmd -n $(FUZZEXPRS)

# Which kernels, separated by commas; empty: all of the table, and the running one.
KERNELS ?=

.PHONY: kernel
kernel: ## the tests of programs in the kernel on Debian's 5.10, 6.1 and 6.12 under qemu, and on the running one (root)
	$(GO) run ./internal/kernelmatrix -kernel "$(KERNELS)"

.PHONY: fuzz
fuzz: ## run each fuzz target for FUZZTIME
	@for dir in $$($(GO) list -f '{{.Dir}}' ./...); do \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' $$dir/*_test.go 2>/dev/null); do \
			echo "$$target in $$dir"; \
			(cd $$dir && $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) .) || exit 1; \
		done; \
	done

.PHONY: bench
bench: ## sizes, compile times, growth and speed against libpcap (GOFILTER_ORACLE, GOFILTER_ORACLE_DEBIAN: its drivers); eBPF (root)
	$(GO) run ./internal/bench
	$(GO) run ./internal/benchspeed -only emulation,sockets,packets,tc,xdp,socket

.PHONY: bench-speed
bench-speed: ## its second half, and what single steps of a program cost (root; GOFILTER_ORACLE: its driver)
	$(GO) run ./internal/benchspeed

.PHONY: bench-live
bench-live: ## what live packets cost, in private network namespaces (root)
	$(GO) run ./internal/benchlive

.PHONY: gobench
gobench: ## run all benchmarks of the packages
	$(GO) test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./...

.PHONY: pairs
pairs: ## compare PAIRS random pairs of filter and packet before and after every pass
	$(GO) test -count 1 -timeout 1h -run '^TestPairs$$' -v . -pairs $(PAIRS)

.PHONY: mutants
mutants: ## make the compiler wrong in each way of a table and see that the tests notice
	$(GO) run ./internal/mutants

.PHONY: accounting
accounting: ## 200 starts, stops, filter changes and interface flaps under load: what becomes of each packet (root)
	$(GO) test -count 1 -timeout 10m -run '^TestAccounting$$' ./capture -rounds 200

.PHONY: soak
soak: ## an hour of capture with rotation, checked to the packet (root; SOAK="-time 2m -rate 100000")
	@mkdir -p bin
	$(GO) build -o bin/gofilter ./cmd/gofilter
	$(GO) run ./internal/soak -gofilter bin/gofilter $(SOAK)

.PHONY: cover
cover: ## how much of the code the tests run
	@mkdir -p bin
	$(GO) test -coverpkg=./... -coverprofile=bin/cover.out ./...
	$(GO) tool cover -func=bin/cover.out | tail -n 1

.PHONY: pcaps
pcaps: ## write testdata/pcaps again
	$(GO) run ./internal/packets/genpcaps testdata/pcaps

.PHONY: oracle
oracle: ## compare with Debian's libpcap on random filters (packages gcc, libc6-dev, libpcap-dev)
	GO=$(GO) internal/oracle/run.sh

.PHONY: record
record: ## record tcpdump's verdicts on testdata again (GOFILTER_TCPDUMP says which tcpdump)
	$(GO) run ./internal/corpus/record testdata

.PHONY: clean
clean: ## remove what was built
	rm -rf bin

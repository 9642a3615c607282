# What each does is in README.md. ARGS goes to run, bench, peers and soak; FUZZTIME is per fuzz target.
export CGO_ENABLED ?= $(if $(shell command -v $$(go env CC)),1,0)
RACE := $(if $(filter 1,$(CGO_ENABLED)),-race)
STAMP := $(if $(shell git rev-parse --verify -q HEAD 2>/dev/null),-buildvcs=auto,-buildvcs=false)
BUILD := CGO_ENABLED=0 go build -trimpath $(STAMP) -ldflags "-s -w"
TOOL = $$(CGO_ENABLED=0 go -C internal/tools tool -n $(1))
FUZZTIME ?= 5s
.PHONY: run test lint test386 peers peers-setup soak bench build cross fuzz figures

run: ; go run $(STAMP) ./cmd/leafgate $(ARGS)
build: ; $(BUILD) -o bin/ ./cmd/leafgate
test: lint test386
	$(if $(RACE),,@echo "no C compiler: tests run without the race detector")
	go test $(RACE) -timeout 10m ./...
lint:
	@out=$$(gofmt -l $$(git ls-files '*.go' 2>/dev/null || echo .)) && if [ -n "$$out" ]; then echo "gofmt -l:" $$out; exit 1; fi
	go vet -tags peers,soak ./...
	$(call TOOL,staticcheck) -tags peers,soak ./...
test386: # stands in for 32-bit ARM
ifeq ($(shell go env GOHOSTOS/GOHOSTARCH),linux/amd64)
	GOARCH=386 CGO_ENABLED=0 go test ./core/... ./config/... ./natsproto/wire/...
else
	@echo "test386: skipped, needs linux/amd64"
endif
peers: ; go test -tags peers -count=1 -timeout 15m ./peers $(ARGS)
peers-setup: ; ./peers/setup
soak: ; go test -tags soak -count=1 -timeout 30m -v ./soak $(ARGS)
bench: ; go run ./bench $(ARGS)
figures: ; go test -count=1 -v -run Figures ./peers
cross:
	@set -e; for t in linux/amd64 linux/arm64 linux/arm/7 linux/arm/6 darwin/arm64 windows/amd64; do \
	  IFS=/ read -r os arch arm <<-E; GOOS=$$os
	done

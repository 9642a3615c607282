# README.md says what each does. ARGS goes to run, peers, soak and bench; FUZZTIME is for each fuzz target.
RACE := $(shell command -v $$(go env CC) >/dev/null 2>&1 && echo -race)
STAMP := $(shell git rev-parse -q --verify HEAD >/dev/null 2>&1 && echo -buildvcs=auto || echo -buildvcs=false)
BUILD := CGO_ENABLED=0 go build -trimpath $(STAMP) -ldflags "-s -w"
SYSTEMS := linux-amd64 linux-arm64 linux-armv7 linux-armv6 darwin-arm64 windows-amd64
FUZZTIME ?= 5s
.PHONY: run build test lint test386 peers peers-setup soak bench bench-quick figures cross fuzz $(SYSTEMS)

run: build
	@exec bin/leafgate $(ARGS)
build: ; $(BUILD) -o bin/ ./cmd/leafgate
test: lint test386
	$(if $(RACE),,@echo "no C compiler ($$(go env CC)): tests run without the race detector")
	go test $(RACE) -timeout 10m $$(go list ./... | grep -v /peers$$)
	go test -timeout 10m ./peers # alone: what others take from it, clients that hurry lack
lint:
	@out=$$(gofmt -l $$(go list -f '{{.Dir}}' ./...)); [ -z "$$out" ] || { echo "not as gofmt writes it:" $$out; exit 1; }
	go vet -tags peers,soak ./...
	$$(CGO_ENABLED=0 go -C internal/tools tool -n staticcheck) -tags peers,soak ./...
test386: # stands in for 32-bit ARM
	@if [ "$$(uname -sm)" = "Linux x86_64" ]; then set -x; GOARCH=386 CGO_ENABLED=0 go test ./core/... ./config/... ./natsproto/wire/... ./mqtt/packet/... ./mapping/...; \
	else echo "32-bit tests skipped: they need Linux on amd64"; fi
peers: peers-setup
	go test -tags peers -count=1 -timeout 15m ./peers $(ARGS)
peers-setup: ; ./peers/setup
soak: ; go test -tags soak -count=1 -timeout 60m ./soak $(ARGS)
bench: ; go run ./bench $(ARGS)
bench-quick: ; go run ./bench -quick $(ARGS)
figures: ; go test -count=1 -v -run Figures ./peers
cross: $(SYSTEMS)
$(SYSTEMS): system = $(subst -, ,$(subst armv,arm-,$@))
$(SYSTEMS):
	GOOS=$(word 1,$(system)) GOARCH=$(word 2,$(system)) GOARM=$(word 3,$(system)) \
	$(BUILD) -o dist/leafgate-$@$(if $(findstring windows,$@),.exe) ./cmd/leafgate
fuzz:
	@grep -ro --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' . | sort | while IFS=: read -r file func; do \
	  go test -run '^$$' -fuzz "^$${func#func }$$" -fuzztime $(FUZZTIME) "$$(dirname "$$file")" || exit 1; done

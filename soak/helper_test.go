//go:build soak

package soak

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"leafgate/internal/peer"
)

// patience is how long a test waits for what must come.
const patience = 60 * time.Second

// rounds is how often faults come, and then calm.
func rounds(t *testing.T) int { return number(t, "SOAK_ROUNDS", 10) }

// dice returns the generator of one of many; the same for the same SOAK_SEED.
func dice(t *testing.T, which int) *rand.Rand {
	t.Helper()
	return rand.New(rand.NewPCG(uint64(number(t, "SOAK_SEED", 1)), uint64(which)))
}

func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s is %q, want a number from 1 on", name, text)
	}
	return n
}

// start runs Leafgate, or what SOAK_SERVER says.
func start(t *testing.T, config string) *peer.Server {
	t.Helper()
	return peer.Start(t, cmp.Or(os.Getenv("SOAK_SERVER"), "leafgate"), "http_port: -1\n"+config)
}

func connect(t *testing.T, s *peer.Server, options ...nats.Option) *nats.Conn {
	t.Helper()
	options = append(options, nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}), // the ledger notices what matters
		nats.Timeout(patience), nats.MaxReconnects(-1), nats.ReconnectWait(5*time.Millisecond))
	nc, err := nats.Connect(s.URL, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// await returns when met returns nothing, and fails with what it last returned.
func await(t *testing.T, what string, met func() error) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); ; <-tick.C {
		err := met()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
	}
}

// A footprint is what a server holds.
type footprint struct {
	Connections, Subscriptions int
	files, goroutines          int
	rss                        int64
	stacks                     string
}

func (f footprint) String() string {
	return fmt.Sprintf("%d connections, %d subscriptions, %d files, %d goroutines, %d KiB",
		f.Connections, f.Subscriptions, f.files, f.goroutines, f.rss>>10)
}

// measure collects the server's garbage and looks at what is left.
func measure(s *peer.Server) (f footprint, err error) {
	if err = get(s.Profile()+"/debug/pprof/heap?gc=1", nil); err != nil {
		return f, err
	}
	if err = get(s.Monitoring()+"/varz", &f); err != nil {
		return f, err
	}
	if f.files, err = s.Files(); err != nil {
		return f, err
	}
	if f.goroutines, f.stacks, err = s.Goroutines(); err != nil {
		return f, err
	}
	f.rss, err = s.RSS()
	return f, err
}

// get asks on a connection that does not stay, and reads JSON into v.
func get(url string, v any) error {
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, resp.Status)
	}
	if v == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(v)
}

// calm waits until the server holds no more than base again, and returns what it does hold.
func calm(t *testing.T, s *peer.Server, base footprint) (now footprint) {
	t.Helper()
	const (
		slack = 3        // goroutines and files of requests like ours, on their way out
		pools = 32 << 20 // memory that is free and not given back yet
	)
	await(t, "the server holds on to something", func() (err error) {
		if now, err = measure(s); err != nil {
			return err
		}
		if now.Connections != base.Connections || now.Subscriptions != base.Subscriptions ||
			now.files > base.files+slack || now.goroutines > base.goroutines+slack || now.rss > base.rss+pools {
			return fmt.Errorf("before: %v, now: %v\n%s", base, now, now.stacks)
		}
		return nil
	})
	t.Logf("before: %v; now: %v", base, now)
	return now
}

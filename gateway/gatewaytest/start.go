// Package gatewaytest runs gateways for tests: on free ports of this machine, from configuration text, and with an eye on
// what they leave behind.
package gatewaytest

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"runtime/pprof"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"leafgate/config"
	"leafgate/gateway"
)

// patience is how long a gateway may take to stop, and its goroutines to end.
const patience = 10 * time.Second

// Start runs a gateway from configuration text until the test ends. Where text does not say, it listens on a free port
// of the loopback interface; what it logs goes to the test's log if the test fails. The test fails if a goroutine of the
// gateway is left when it has stopped.
func Start(tb testing.TB, text string) *gateway.Gateway {
	tb.Helper()
	return StartWith(tb, gateway.Options{Text: text})
}

// StartWith is Start for those who need more than text.
func StartWith(tb testing.TB, o gateway.Options) *gateway.Gateway {
	tb.Helper()
	o.Override = withLoopback(o.Override)
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(logWriter(tb), &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	var g *gateway.Gateway
	watched(tb, func() {
		var err error
		if g, err = gateway.New(o); err != nil {
			tb.Fatalf("gateway.New: %v", err)
		}
		tb.Cleanup(func() { stop(tb, g) })
		if err = g.Start(context.Background()); err != nil {
			tb.Fatalf("gateway.Start: %v", err)
		}
	})
	return g
}

func stop(tb testing.TB, g *gateway.Gateway) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := g.Shutdown(ctx); err != nil {
		tb.Errorf("gateway.Shutdown: %v", err)
	}
}

// withLoopback keeps a gateway that does not say where to listen off the network and off fixed ports.
func withLoopback(next func(*config.Block)) func(*config.Block) {
	return func(conf *config.Block) {
		if !conf.Has("listen", "host", "net", "nats") {
			conf.Override("host", "127.0.0.1")
		}
		if !conf.Has("listen", "port", "nats") {
			conf.Override("port", int64(-1))
		}
		if next != nil {
			next(conf)
		}
	}
}

// goroutines started under this label inherit it, so that a test that runs beside others finds its own.
const label = "gatewaytest"

func watched(tb testing.TB, start func()) {
	tb.Helper()
	value := tb.Name() + "/" + rand.Text()
	tb.Cleanup(func() { // runs after the gateway's own
		if left := leaked(value); left != "" {
			tb.Errorf("goroutines left behind:\n%s", left)
		}
	})
	pprof.Do(context.Background(), pprof.Labels(label, value), func(context.Context) { start() })
}

// leaked returns the stacks of goroutines with the label, or nothing once they have ended.
func leaked(value string) string {
	mark := fmt.Sprintf("# labels: {%q:%q}", label, value)
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	retry := time.NewTicker(10 * time.Millisecond)
	defer retry.Stop()
	for {
		left := stacks(mark)
		if left == "" {
			return ""
		}
		select {
		case <-retry.C:
		case <-deadline.C:
			return left
		}
	}
}

func stacks(mark string) string {
	var all bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&all, 1) // into memory: cannot fail
	var left []string
	for stack := range strings.SplitSeq(all.String(), "\n\n") {
		if strings.Contains(stack, mark) {
			left = append(left, stack)
		}
	}
	return strings.Join(left, "\n\n")
}

// logWriter is the test's log, for as long as the test lasts: what comes later has nowhere to go.
func logWriter(tb testing.TB) io.Writer {
	w := &testLog{tb: tb}
	tb.Cleanup(func() { w.done.Store(true) })
	return w
}

type testLog struct {
	tb   testing.TB
	done atomic.Bool
}

func (w *testLog) Write(b []byte) (int, error) {
	if !w.done.Load() {
		w.tb.Log(strings.TrimRight(string(b), "\n"))
	}
	return len(b), nil
}

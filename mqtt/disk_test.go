package mqtt_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
	"leafgate/journal"
	"leafgate/journal/journaltest"
)

// disks are the directories of a store, in memory. They outlive gateways.
type disks struct {
	dir string
	mu  sync.Mutex
	all map[string]*journaltest.FS
}

func newDisks(tb testing.TB) *disks {
	return &disks{dir: tb.TempDir(), all: make(map[string]*journaltest.FS)}
}

func (d *disks) open(dir string) journal.FS {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.all[dir] == nil {
		d.all[dir] = journaltest.New()
	}
	return d.all[dir]
}

// mqtt is the directory of the frontend's journal.
func (d *disks) mqtt() *journaltest.FS { return d.open(filepath.Join(d.dir, "mqtt")).(*journaltest.FS) }

// each changes every directory.
func (d *disks) each(change func(*journaltest.FS) *journaltest.FS) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, fs := range d.all {
		d.all[name] = change(fs)
	}
}

// start runs a gateway that stores on d.
func (d *disks) start(tb testing.TB, mqtt, more string) *gateway.Gateway {
	tb.Helper()
	return d.startWith(tb, "store { dir: \""+d.dir+"\", min_free: 0 }\n"+more, mqtt)
}

// startWith is start for those who have a store block of their own.
func (d *disks) startWith(tb testing.TB, more string, mqtt ...string) *gateway.Gateway {
	tb.Helper()
	return gatewaytest.StartWith(tb, gateway.Options{Text: conf(strings.Join(mqtt, "\n")) + more, Disk: d.open})
}

// shutdown ends a gateway before its test does.
func shutdown(tb testing.TB, g *gateway.Gateway) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := g.Shutdown(ctx); err != nil {
		tb.Errorf("shutdown: %v", err)
	}
}

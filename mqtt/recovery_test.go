package mqtt

import (
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"leafgate/auth"
	"leafgate/config"
	"leafgate/core"
	"leafgate/internal/netio"
	"leafgate/internal/storage"
	"leafgate/journal"
	"leafgate/module"
)

// newStored makes a frontend with a store in dir, on disk, before its start. clock may be nil.
func newStored(tb testing.TB, dir string, disk func(string) journal.FS, clock *journal.Clock) *frontend {
	tb.Helper()
	conf, err := config.Parse("test", `mqtt { listen: "127.0.0.1:-1", max_queued: 10000000, max_queued_bytes: 8gb, max_queued_total: 8gb, sys_interval: "1h" }`)
	if err != nil {
		tb.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	if clock == nil {
		clock = journal.NewClock(nil)
	}
	s := storage.New(storage.Options{Dir: dir}, storage.Setup{Log: log, Disk: disk, Clock: clock})
	if err := s.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	e := core.NewEngine()
	driver := netio.NewDriver(e, netio.DriverOptions{})
	tb.Cleanup(driver.Stop)
	m, err := newFrontend(&module.Env{Engine: e, Auth: auth.New(e, conf), Net: driver, Log: log, Storage: s, Clock: clock}, conf)
	if err != nil {
		tb.Fatal(err)
	}
	return m.(*frontend)
}

// end stops f and what it stores in.
func end(tb testing.TB, f *frontend) {
	tb.Helper()
	if err := f.Stop(tb.Context()); err != nil {
		tb.Error(err)
	}
	if err := f.env.Storage.Close(); err != nil {
		tb.Error(err)
	}
}

// away makes a session of a client that is away, subscribed to filter.
func away(tb testing.TB, f *frontend, id, filter string) *session {
	tb.Helper()
	l := f.listeners[0]
	who, ok := l.opts.Load().rules.Lookup(auth.ProtocolMQTT, "", id)
	if !ok {
		tb.Fatal("nobody may come in")
	}
	key := Key{Account: who.Account.Name(), User: who.User, ClientID: id}
	shelf, err := f.store.Open(&Record{Key: key, Expiry: Forever, Away: f.now()})
	if err != nil {
		tb.Fatal(err)
	}
	s := SubscriptionRecord{Filter: filter, Options: 1}
	if err := shelf.Subscribe(s, nil); err != nil {
		tb.Fatal(err)
	}
	f.restore(&Record{Key: key, Expiry: Forever, Away: f.now(), Subscriptions: []SubscriptionRecord{s}}, shelf)
	return f.sessions[key]
}

func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// offer publishes message n, of 200 bytes, at QoS 1.
func offer(tb testing.TB, f *frontend, topic string, retain bool, n int) {
	tb.Helper()
	batch := f.env.Engine.Get()
	m := batch.Message()
	stored := core.NewBarrier(func(err error) {
		if err != nil {
			tb.Error(err)
		}
	})
	*m = core.Message{Raw: []byte(topic), Namer: f.opts.Load().namer, Payload: make([]byte, 200), Mark: markOf(1, retain), Stored: stored}
	a := f.account("$G")
	ep := f.own.endpoint(a)
	if err := batch.Resolve(ep, m); err != nil {
		tb.Fatal(err)
	}
	if retain {
		if err := f.keepRetained(batch, a, m, 1); err != nil {
			tb.Fatal(err)
		}
	}
	if _, err := batch.Publish(ep, m); err != nil {
		tb.Fatal(err)
	}
	f.env.Engine.Put(batch)
	stored.Done(f.store.Seal(stored, nil, 0))
	if n%1000 == 0 {
		if err := f.store.(*journalStore).journal.Sync(); err != nil {
			tb.Fatal(err)
		}
	}
}

// A million messages wait for one client, or ten thousand for each of a hundred, or twenty thousand for all of fifty: what
// is in memory, and what goes to disk for each.
func BenchmarkBacklog(b *testing.B) {
	for _, x := range []struct {
		name               string
		sessions, messages int
		shared             bool
	}{{"one", 1, 1_000_000, false}, {"hundred", 100, 10_000, false}, {"fan-out", 50, 20_000, true}} {
		b.Run(x.name, func(b *testing.B) {
			for b.Loop() {
				before := inUse()
				f := newStored(b, b.TempDir(), nil, nil)
				if err := f.Start(b.Context()); err != nil {
					b.Fatal(err)
				}
				var all []*session
				for i := range x.sessions {
					filter := fmt.Sprintf("dev/%d/in", i)
					if x.shared {
						filter = "dev/0/in"
					}
					all = append(all, away(b, f, fmt.Sprint("device", i), filter))
				}
				published := x.sessions * x.messages
				if x.shared {
					published = x.messages
				}
				began := time.Now()
				for n := range published {
					i := n % x.sessions
					if x.shared {
						i = 0
					}
					offer(b, f, fmt.Sprintf("dev/%d/in", i), false, n)
				}
				b.ReportMetric(float64(time.Since(began).Nanoseconds())/float64(published), "ns/message")
				s := f.store.(*journalStore).journal.Stats()
				if n := f.counters.waiting.Load(); n != int64(x.sessions*x.messages) {
					b.Fatalf("%d wait", n)
				}
				b.ReportMetric(float64(inUse()-before)/(1<<20), "MiB-heap")
				b.ReportMetric(float64(s.Written)/float64(published), "B/message")
				began = time.Now()
				const read = 10_000
				for pos := range uint64(read) {
					if _, ok := all[0].queue.Get(pos + 1); !ok {
						b.Fatalf("message %d is not there", pos+1)
					}
				}
				b.ReportMetric(float64(time.Since(began).Nanoseconds())/read, "ns/read")
				end(b, f)
			}
		})
	}
}

// Ten thousand sessions, each with what waits for it, and a hundred thousand retained messages: how long a start takes, and
// what is in memory behind it.
func BenchmarkRecovery(b *testing.B) {
	dir := b.TempDir()
	f := newStored(b, dir, nil, nil)
	if err := f.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	const sessions, messages, retained = 10_000, 10, 100_000
	for i := range sessions {
		away(b, f, fmt.Sprint("device", i), fmt.Sprintf("dev/%d/#", i))
	}
	for n := range sessions * messages {
		offer(b, f, fmt.Sprintf("dev/%d/in", n%sessions), false, n)
	}
	for n := range retained {
		offer(b, f, fmt.Sprintf("state/%d/x", n), true, n)
	}
	end(b, f)
	for b.Loop() {
		before := inUse()
		f = newStored(b, dir, nil, nil)
		began := time.Now()
		if err := f.Start(b.Context()); err != nil {
			b.Fatal(err)
		}
		took := time.Since(began)
		kept, _ := f.retained.totals()
		if len(f.sessions) != sessions || kept != retained || f.counters.waiting.Load() != sessions*messages {
			b.Fatalf("%d sessions, %d retained, %d waiting", len(f.sessions), kept, f.counters.waiting.Load())
		}
		b.ReportMetric(took.Seconds(), "s/start")
		b.ReportMetric(float64(inUse()-before)/(1<<20), "MiB-heap")
		end(b, f)
	}
}

package monitor

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"leafgate/internal/storage"
	"leafgate/journal"
	"leafgate/journal/journaltest"
	"leafgate/module"
)

// A stored is a monitor of a gateway that has one journal in memory.
type stored struct {
	*monitor
	disk    *journaltest.FS // of the journal
	root    *journaltest.FS
	journal *journal.Journal
}

func newStored(t *testing.T, o storage.Options, disk *journaltest.FS) *stored {
	t.Helper()
	s := &stored{disk: disk, root: journaltest.New()}
	o.Dir = "/store"
	st := storage.New(o, storage.Setup{Log: slog.New(slog.DiscardHandler), Clock: journal.NewClock(nil), Disk: func(dir string) journal.FS {
		if dir == "/store" {
			return s.root
		}
		return s.disk
	}})
	if err := st.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	j, err := st.Open("mqtt", journal.Options{SegmentSize: 4096, Retry: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	s.journal = j
	none := func(func(string, module.Module) bool) {}
	s.monitor = &monitor{env: &module.Env{Storage: st, Modules: none}}
	return s
}

func (s *stored) put(n int) (err error) {
	for range n {
		done := make(chan error, 1)
		if _, err = s.journal.Append(&journal.Record{Payload: make([]byte, 200)}, journal.Func(func(err error) { done <- err })); err == nil {
			err = <-done
		}
	}
	return err
}

func (s *stored) health(query string) (int, string) {
	w := httptest.NewRecorder()
	s.serve("healthz")(w, httptest.NewRequest(http.MethodGet, "/healthz"+query, nil))
	return w.Code, w.Body.String()
}

// damaged is a store with a byte in the middle that was flipped.
func damaged(t *testing.T) *journaltest.FS {
	t.Helper()
	s := newStored(t, storage.Options{}, journaltest.New())
	if err := s.put(40); err != nil {
		t.Fatal(err)
	}
	fs := s.disk.Clone()
	names, err := fs.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasPrefix(name, "0000000000000001-") {
			fs.Damage(name, func(b []byte) []byte { b[1000] ^= 1; return b })
		}
	}
	return fs
}

func TestStoreInHealthz(t *testing.T) {
	for _, test := range []struct {
		name    string
		options storage.Options
		disk    *journaltest.FS
		act     func(t *testing.T, s *stored)
		status  int
		want    string
	}{
		{"well", storage.Options{}, journaltest.New(), func(*testing.T, *stored) {}, 200, `"status": "ok"`},
		{"fsync fails", storage.Options{}, journaltest.New(), func(t *testing.T, s *stored) {
			s.disk.SetFaults(journaltest.Faults{SyncErr: 1})
			if s.put(1) == nil {
				t.Error("stored")
			}
		}, 503, `"status": "degraded"`},
		{"fsync fails, and why", storage.Options{}, journaltest.New(), func(t *testing.T, s *stored) {
			s.disk.SetFaults(journaltest.Faults{SyncErr: 1})
			if s.put(1) == nil {
				t.Error("stored")
			}
		}, 503, `"error": "journal mqtt: journal cannot be written: sync 0000000000000001-`},
		{"little space, before anybody writes", storage.Options{MinFree: storage.Amount{Percent: 10}}, journaltest.New(),
			func(_ *testing.T, s *stored) {
				f, _ := s.root.Update("other")
				_, _ = f.WriteAt(make([]byte, 95<<10), 0)
				s.root.SetFaults(journaltest.Faults{Capacity: 100 << 10})
			}, 503, `"error": "store: too little space is free: `},
		{"damage", storage.Options{}, damaged(t), func(*testing.T, *stored) {}, 200, `"status": "degraded"`},
		{"damage, and where", storage.Options{}, damaged(t), func(*testing.T, *stored) {}, 200,
			`"journal mqtt: 1 damaged or missing ranges: leafgate journal verify /store"`},
		{"nearly full", storage.Options{MaxBytes: storage.Amount{Bytes: 10 << 10}}, journaltest.New(), func(_ *testing.T, s *stored) {
			for s.put(1) == nil {
			}
		}, 200, `bytes of at most 10240 are taken"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStored(t, test.options, test.disk)
			test.act(t, s)
			status, body := s.health("")
			if status != test.status || !strings.Contains(body, test.want) {
				t.Errorf("%d %s", status, body)
			}
			if status, body := s.health("?details=1"); status != test.status || status == 503 && !strings.Contains(body, `"type": "STORE"`) {
				t.Errorf("in detail: %d %s", status, body)
			}
		})
	}
}

func TestStoreInVarz(t *testing.T) {
	s := newStored(t, storage.Options{MaxBytes: storage.Amount{Bytes: 1 << 20}, WearBudget: 1 << 30}, damaged(t))
	if err := s.put(10); err != nil {
		t.Fatal(err)
	}
	v := map[string]any{}
	s.aboutStore(v)
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"dir":"/store","sync":"group","wear_budget":1073741824,`, `"name":"mqtt","messages":10,"marks":0,`, `"next_seq":51,`,
		`"max_bytes":1048576,`, `"damaged_ranges":1,"lost":["damaged: 0000000000000001-`, `"clean":false`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("missing %s in %s", want, text)
		}
	}
	none := &monitor{env: &module.Env{}}
	if v = map[string]any{}; len(v) > 0 {
		t.Error(v)
	}
	if none.aboutStore(v); len(v) > 0 {
		t.Errorf("without a directory: %v", v)
	}
}

// storeCollector collects nothing but the store.
type storeCollector struct{ *stored }

func (storeCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range descStore {
		to <- d
	}
}

func (c storeCollector) Collect(to chan<- prometheus.Metric) { measureStore(to, c.env.Storage.State()) }

func TestStoreInMetrics(t *testing.T) {
	s := newStored(t, storage.Options{}, damaged(t))
	if err := s.put(10); err != nil {
		t.Fatal(err)
	}
	s.disk.SetFaults(journaltest.Faults{ReadOnly: true})
	if s.put(1) == nil {
		t.Error("stored")
	}
	r := prometheus.NewRegistry()
	r.MustRegister(storeCollector{s})
	w := httptest.NewRecorder()
	promhttp.HandlerFor(r, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	body := w.Body.String()
	for _, want := range []string{
		`leafgate_journal_up{journal="mqtt"} 0`, `leafgate_journal_records_total{journal="mqtt",kind="message"} 10`,
		`leafgate_journal_commits_total{journal="mqtt"} 10`, `leafgate_journal_damaged_ranges{journal="mqtt"} 1`,
		`leafgate_journal_sync_seconds_bucket{journal="mqtt",le="+Inf"} 10`, `leafgate_journal_sync_seconds_count{journal="mqtt"} 10`,
		`leafgate_journal_failures_total{journal="mqtt"} 1`,
	} {
		if !strings.Contains(body, want+"\n") {
			t.Errorf("missing %s in %s", want, body)
		}
	}
	if problems, err := promlint.New(strings.NewReader(body)).Lint(); err != nil || len(problems) > 0 {
		t.Errorf("names and types: %v, %v", problems, err)
	}
	measureStore(nil, nil) // without a directory: nothing
}

package module_test

import (
	"crypto/tls"
	"crypto/x509"
	"testing"

	"leafgate/internal/reason"
	"leafgate/module"
)

func ids(conns []module.Conn) (list []uint64) {
	for _, c := range conns {
		list = append(list, c.ID)
	}
	return list
}

func TestHistoryKeepsTheLast(t *testing.T) {
	h := module.NewHistory(3)
	check := func(what string, want ...uint64) {
		t.Helper()
		got := ids(h.Closed())
		if len(got) != len(want) {
			t.Fatalf("%s: %v, want %v", what, got, want)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("%s: %v, want %v", what, got, want)
			}
		}
	}
	check("nothing")
	for id := uint64(1); id <= 5; id++ {
		h.Close(module.Conn{ID: id, Type: "nats", Reason: reason.ClientClosed}, "")
	}
	check("five in three", 5, 4, 3)
	h.Resize(2)
	check("smaller", 5, 4)
	h.Resize(4)
	for id := uint64(6); id <= 8; id++ {
		h.Close(module.Conn{ID: id, Type: "nats", Reason: reason.ReadError}, "")
	}
	check("larger", 8, 7, 6, 5)
	counts := make(map[module.CountKey]int64)
	for k, n := range h.Counts() {
		counts[k] = n
	}
	if n := counts[module.CountKey{Type: "nats", What: module.Closed, Reason: reason.ClientClosed}]; n != 5 || len(counts) != 2 {
		t.Errorf("counts %v", counts)
	}
}

func TestHistoryLetsGoOfWhatIsLarge(t *testing.T) {
	h := module.NewHistory(0)
	h.Close(module.Conn{ID: 1, Pending: 7, TLS: &tls.ConnectionState{
		Version: tls.VersionTLS13, PeerCertificates: []*x509.Certificate{{}}}}, "")
	c := h.Closed()[0]
	if c.Stop.IsZero() || c.Pending != 0 || c.TLS.Version != tls.VersionTLS13 || c.TLS.PeerCertificates != nil {
		t.Errorf("closed %+v", c)
	}
}

func TestEventsOfTheSameKindAreOne(t *testing.T) {
	h := module.NewHistory(0)
	c := module.Conn{ID: 1, Type: "mqtt", Name: "name", MQTTClient: "client"}
	for _, detail := range []string{"a", "b", "c"} {
		h.Tell(module.About(&c, module.Refused, reason.PermissionsViolation, detail))
		h.Tell(module.About(&c, module.Dropped, reason.QueueFull, ""))
	}
	h.Tell(module.About(&c, module.Refused, reason.PermissionsViolation, "d"))
	got := h.Events()
	if len(got) != 2 || got[0].Detail != "d" || got[0].Count != 4 || got[1].Count != 3 || got[0].Name != "client" ||
		got[1].Time.IsZero() {
		t.Errorf("events %+v", got)
	}
}

// TestEventsAreBounded has so many that the first are forgotten, and then come again.
func TestEventsAreBounded(t *testing.T) {
	h := module.NewHistory(0)
	tell := func(id uint64) {
		h.Tell(module.About(&module.Conn{ID: id}, module.Refused, reason.PermissionsViolation, ""))
	}
	const many = 10_000
	for id := range uint64(many) {
		tell(id)
	}
	tell(0)
	got := h.Events()
	if len(got) >= many || got[0].ID != 0 || got[0].Count != 1 || got[1].ID != many-1 {
		t.Errorf("%d events, %+v, %+v", len(got), got[0], got[1])
	}
}

// A watcher keeps what it hears of.
type watcher struct{ opened, closed []uint64 }

func (w *watcher) Opened(c *module.Conn) { w.opened = append(w.opened, c.ID) }
func (w *watcher) Closed(c *module.Conn) { w.closed = append(w.closed, c.ID) }

func TestWatch(t *testing.T) {
	h, w := module.NewHistory(0), new(watcher)
	about := func() module.Conn { return module.Conn{ID: 7} }
	visit := func() {
		h.Open(about)
		h.Close(module.Conn{ID: 8, Reason: reason.ClientClosed}, "")
	}
	visit()
	h.Watch(w)
	visit()
	h.Watch(nil)
	visit()
	h.Open(func() module.Conn { t.Error("it is described to nobody"); return module.Conn{} })
	if len(w.opened) != 1 || w.opened[0] != 7 || len(w.closed) != 1 || w.closed[0] != 8 {
		t.Errorf("heard %v, %v", w.opened, w.closed)
	}
}

func TestNoHistory(t *testing.T) {
	var h *module.History
	h.Watch(new(watcher))
	h.Open(func() module.Conn { t.Error("it is described to nobody"); return module.Conn{} })
	h.Close(module.Conn{}, "")
	h.Tell(module.Event{})
	for range h.Counts() {
		t.Error("it counts")
	}
	if h.Closed() != nil || h.Events() != nil {
		t.Error("it keeps something")
	}
}

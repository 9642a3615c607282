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

func TestEventsInARowAreOne(t *testing.T) {
	h := module.NewHistory(0)
	c := module.Conn{ID: 1, Type: "mqtt", Name: "name", MQTTClient: "client"}
	for range 3 {
		h.Tell(module.About(&c, module.Dropped, reason.QueueFull, ""))
	}
	h.Tell(module.About(&c, module.Refused, reason.PermissionsViolation, "a"))
	h.Tell(module.About(&c, module.Refused, reason.PermissionsViolation, "b"))
	got := h.Events()
	if len(got) != 3 || got[0].Detail != "b" || got[2].Count != 3 || got[2].Name != "client" || got[2].Time.IsZero() {
		t.Errorf("events %+v", got)
	}
}

func TestNoHistory(t *testing.T) {
	var h *module.History
	h.Close(module.Conn{}, "")
	h.Tell(module.Event{})
	for range h.Counts() {
		t.Error("it counts")
	}
	if h.Closed() != nil || h.Events() != nil {
		t.Error("it keeps something")
	}
}

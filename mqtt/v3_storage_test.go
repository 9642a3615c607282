package mqtt_test

import (
	"errors"
	"sync/atomic"
	"testing"

	"leafgate/core"
	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
)

// A disk is a subscriber that promises to store, and cannot while it is full.
type disk struct {
	full atomic.Bool
	got  chan string
}

var _ core.Sink = (*disk)(nil)

func (d *disk) Deliver(m *core.Message, _ []*core.Subscription) core.Verdict {
	m.Stored.Add()
	if d.full.Load() {
		m.Stored.Done(errors.New("no space left"))
		return core.Refused
	}
	d.got <- string(m.Payload)
	m.Stored.Done(nil)
	return core.Taken
}

func (*disk) Run([]byte, []byte, int, bool) core.Verdict { return core.Refused }
func (*disk) Flush()                                     {}
func (*disk) Evict(error)                                {}

// What could not be stored is not acknowledged, and new when it comes again.
func TestV3StorageFailure(t *testing.T) {
	for _, x := range []struct{ name, message, again, answer string }{
		{"[MQTT-4.8.0-2] QoS 1", pub3("t", "x", 1, 5), pub3("t", "x", 1, 5, dup), puback(5)},
		{"[MQTT-4.8.0-2] QoS 2", pub3("t", "x", 2, 5), pub3("t", "x", 2, 5, dup), pubrec(5)},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			g := gatewaytest.Start(t, conf(""))
			d := &disk{got: make(chan string, 8)}
			d.full.Store(true)
			account := onlyAccount(t, g)
			ep := g.Engine().Attach(&core.Identity{Account: account}, core.Peer{Protocol: "disk"}, d)
			t.Cleanup(ep.Close)
			if _, err := ep.Subscribe("t", core.SubOptions{}); err != nil {
				t.Fatal(err)
			}
			p := dial(t, g)
			p.send(hello3("p", resume))
			p.expect(ok3)
			_ = p.say(x.message)
			p.closed()
			d.full.Store(false)
			p = dial(t, g)
			p.send(hello3("p", resume) + x.again)
			p.expect(back3 + x.answer)
			if got := <-d.got; got != "x" {
				t.Errorf("stored %q", got)
			}
		})
	}
}

func onlyAccount(t *testing.T, g *gateway.Gateway) *core.Account {
	t.Helper()
	for a := range g.Engine().Accounts() {
		return a
	}
	t.Fatal("no account")
	return nil
}

package mqtt

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"leafgate/auth"
	"leafgate/config"
	"leafgate/core"
	"leafgate/internal/netio"
	"leafgate/module"
	"leafgate/mqtt/packet"
)

// A failingStore cannot do what it is told to fail at.
type failingStore struct {
	memoryStore
	open, subscribe, unsubscribe, retain, put error
}

func (s *failingStore) Open(*Record) (Shelf, error) { return &failingShelf{store: s}, s.open }
func (s *failingStore) Retain(_ string, _ *Retained, _ *core.Barrier, apply func() *Retained) error {
	return s.retain
}

type failingShelf struct {
	memoryShelf
	store *failingStore
}

func (q *failingShelf) Subscribe(SubscriptionRecord, *core.Barrier) error { return q.store.subscribe }
func (q *failingShelf) Unsubscribe(string, *core.Barrier) error           { return q.store.unsubscribe }

func (q *failingShelf) Put(d Delivery, f Flight, stored *core.Barrier) (uint64, error) {
	if q.store.put != nil {
		return 0, q.store.put
	}
	return q.memoryShelf.Put(d, f, stored)
}

// What cannot be stored ends the connection that wanted it, without an answer.
func TestV3StoreFails(t *testing.T) {
	full := errors.New("no space left")
	connect := packet.AppendConnect(nil, &packet.Connect{Version: packet.V311, ClientID: []byte("p")})
	var s packet.Subscribe
	s.ID = 1
	s.Add("t", 1)
	subscribe := packet.AppendSubscribe(nil, packet.V311, &s)
	var u packet.Unsubscribe
	u.ID = 2
	u.Add("t")
	unsubscribe := packet.AppendUnsubscribe(nil, packet.V311, &u)
	publish := func(p packet.Publish) []byte {
		p.Topic, p.Payload = []byte("t"), []byte("x")
		return packet.AppendPublish(nil, packet.V311, &p)
	}
	const ok, granted = "\x20\x02\x00\x00", "\x90\x03\x00\x01\x01"
	for _, x := range []struct {
		name  string
		store failingStore
		send  [][]byte
		want  string
	}{
		{"[MQTT-4.8.0-2] a session", failingStore{open: full}, [][]byte{connect}, "\x20\x02\x00\x03"},
		{"[MQTT-4.8.0-2] a subscription", failingStore{subscribe: full}, [][]byte{connect, subscribe}, ok},
		{"[MQTT-4.8.0-2] the end of a subscription", failingStore{unsubscribe: full}, [][]byte{connect, subscribe, unsubscribe}, ok + granted},
		{"[MQTT-4.8.0-2] a retained message at QoS 0", failingStore{retain: full}, [][]byte{connect, publish(packet.Publish{Retain: true})}, ok},
		{"[MQTT-4.8.0-2] a retained message at QoS 1", failingStore{retain: full}, [][]byte{connect, publish(packet.Publish{Retain: true, QoS: 1, ID: 7})}, ok},
		{"[MQTT-4.8.0-2] [MQTT-4.5.0-1] a message for a session", failingStore{put: full}, [][]byte{connect, subscribe, publish(packet.Publish{QoS: 1, ID: 7})}, ok + granted},
		{"[MQTT-4.8.0-2] [MQTT-4.5.0-1] a message for a session at QoS 2", failingStore{put: full}, [][]byte{connect, subscribe, publish(packet.Publish{QoS: 2, ID: 7})}, ok + granted},
	} {
		t.Run(x.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", startWith(t, &x.store))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
			for _, b := range x.send {
				if _, err = conn.Write(b); err != nil {
					t.Fatal(err)
				}
			}
			got, err := io.ReadAll(conn)
			if err != nil || string(got) != x.want {
				t.Errorf("got %x, %v, want %x and the end", got, err, x.want)
			}
		})
	}
}

// startWith runs a frontend over a store and answers its address.
func startWith(t *testing.T, store Store) string {
	t.Helper()
	conf, err := config.Parse("test", `mqtt { listen: "127.0.0.1:-1" }`)
	if err != nil {
		t.Fatal(err)
	}
	e := core.NewEngine()
	driver := netio.NewDriver(e, netio.DriverOptions{})
	t.Cleanup(driver.Stop)
	env := &module.Env{Engine: e, Auth: auth.New(e, conf), Net: driver, Log: slog.New(slog.DiscardHandler)}
	m, err := newFrontend(env, conf)
	if err != nil {
		t.Fatal(err)
	}
	f := m.(*frontend)
	f.store = store
	if err = f.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Stop(context.Background()) })
	return f.Addrs()[0].String()
}

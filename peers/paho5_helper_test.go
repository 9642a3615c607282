package peers

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"testing"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"

	"leafgate/internal/peer"
)

// forever is a session expiry interval that never ends.
const forever = 1<<32 - 1

// paho5 is a client of paho.golang: MQTT 5.
type paho5 struct {
	*paho.Client
	t       *testing.T
	net     net.Conn
	inbox   inbox
	full    chan *paho.Publish // the same with everything that MQTT 5 says about it
	connack *paho.Connack
	gone    chan struct{}
	reason  chan byte // of the server's DISCONNECT
}

func dialPaho5(t *testing.T, s *peer.Server, o mqttOptions) mqttClient {
	t.Helper()
	return openPaho5(t, s, o, paho.ClientConfig{}, func(*paho.Connect) {})
}

// openPaho5 is dialPaho5 for who wants more of MQTT 5.
func openPaho5(t *testing.T, s *peer.Server, o mqttOptions, config paho.ClientConfig, change func(*paho.Connect)) *paho5 {
	t.Helper()
	c := &paho5{t: t, inbox: newInbox(), full: make(chan *paho.Publish, cap(newInbox())), gone: make(chan struct{}), reason: make(chan byte, 1)}
	config.OnPublishReceived = append(config.OnPublishReceived, func(p paho.PublishReceived) (bool, error) {
		m := mqttMessage{p.Packet.Topic, string(p.Packet.Payload), p.Packet.QoS, p.Packet.Retain}
		if o.handle != nil {
			o.handle(m)
			return true, nil
		}
		c.full <- p.Packet
		c.inbox <- m
		return true, nil
	})
	once := sync.OnceFunc(func() { close(c.gone) })
	config.OnClientError = func(error) { once() }
	config.OnServerDisconnect = func(d *paho.Disconnect) { c.reason <- d.ReasonCode; once() }
	config.PacketTimeout = patience
	c.connect(s, o, config, change)
	return c
}

func (c *paho5) connect(s *peer.Server, o mqttOptions, config paho.ClientConfig, change func(*paho.Connect)) {
	c.t.Helper()
	conn, err := net.Dial("tcp", s.MQTT)
	must(c.t, err)
	if c.net = conn; o.tls != nil {
		conn = packets.NewThreadSafeConn(tls.Client(conn, o.tls))
	}
	config.Conn = conn
	c.Client = paho.NewClient(config)
	cp := &paho.Connect{ClientID: o.id, CleanStart: !o.keep, KeepAlive: 30, Properties: &paho.ConnectProperties{RequestProblemInfo: true}}
	if o.keep {
		cp.Properties.SessionExpiryInterval = paho.Uint32(forever)
	}
	if w := o.will; w != nil {
		cp.WillMessage = &paho.WillMessage{Topic: w.topic, Payload: []byte(w.payload), QoS: w.qos, Retain: w.retain}
	}
	change(cp)
	c.connack, err = c.Connect(c.t.Context(), cp)
	must(c.t, err)
	c.t.Cleanup(func() { _ = c.Disconnect(&paho.Disconnect{}) })
}

func (c *paho5) publish(m mqttMessage) {
	c.t.Helper()
	c.send(&paho.Publish{Topic: m.topic, Payload: []byte(m.payload), QoS: m.qos, Retain: m.retain})
}

// send publishes p and returns the reason code of its acknowledgement.
func (c *paho5) send(p *paho.Publish) byte {
	c.t.Helper()
	answer, err := c.Publish(c.t.Context(), p)
	must(c.t, err)
	return answer.ReasonCode
}

func (c *paho5) publishAll(ms []mqttMessage) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	for _, m := range ms {
		p := &paho.Publish{Topic: m.topic, Payload: []byte(m.payload), QoS: m.qos, Retain: m.retain}
		if _, err := c.PublishWithOptions(ctx, p, paho.PublishOptions{Method: paho.PublishMethod_AsyncSend}); err != nil {
			c.t.Fatal(err)
		}
	}
}

func (c *paho5) flood(ms []mqttMessage) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, m := range ms {
		p := &paho.Publish{Topic: m.topic, Payload: []byte(m.payload), QoS: m.qos}
		if _, err := c.PublishWithOptions(ctx, p, paho.PublishOptions{Method: paho.PublishMethod_AsyncSend}); err != nil {
			return // whoever counts what arrives will miss it
		}
	}
}

func (c *paho5) subscribe(qos byte, filters ...string) {
	c.t.Helper()
	var list []paho.SubscribeOptions
	for _, f := range filters {
		list = append(list, paho.SubscribeOptions{Topic: f, QoS: qos})
	}
	c.subscribeTo(0, list...)
}

// subscribeTo is one SUBSCRIBE, with a subscription identifier if that is not 0.
func (c *paho5) subscribeTo(id int, list ...paho.SubscribeOptions) {
	c.t.Helper()
	sub := &paho.Subscribe{Subscriptions: list}
	if id != 0 {
		sub.Properties = &paho.SubscribeProperties{SubscriptionIdentifier: &id}
	}
	answer, err := c.Subscribe(c.t.Context(), sub)
	must(c.t, err)
	for i, granted := range answer.Reasons {
		if granted != list[i].QoS {
			c.t.Fatalf("subscribe %q at %d: %#x", list[i].Topic, list[i].QoS, granted)
		}
	}
}

func (c *paho5) unsubscribe(filter string) {
	c.t.Helper()
	answer, err := c.Unsubscribe(c.t.Context(), &paho.Unsubscribe{Topics: []string{filter}})
	must(c.t, err)
	if fmt.Sprint(answer.Reasons) != "[0]" {
		c.t.Fatalf("unsubscribe %q: %#x", filter, answer.Reasons)
	}
}

func (c *paho5) next() mqttMessage       { c.t.Helper(); return c.inbox.next(c.t) }
func (c *paho5) nextFull() *paho.Publish { c.t.Helper(); return await(c.t, "message", c.full) }
func (c *paho5) resumed() bool           { return c.connack.SessionPresent }
func (c *paho5) lost() <-chan struct{}   { return c.gone }
func (c *paho5) close()                  { c.t.Helper(); must(c.t, c.Disconnect(&paho.Disconnect{})) }

func (c *paho5) drop() {
	c.t.Helper()
	must(c.t, c.net.(*net.TCPConn).CloseWrite()) // the library says nothing of an end that is our own
	await(c.t, "end of the connection", c.gone)
}

package peers

import (
	"net"
	"net/url"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"leafgate/internal/peer"
)

// paho3 is a client of paho.mqtt.golang: MQTT 3.1.1.
type paho3 struct {
	t       *testing.T
	client  mqtt.Client
	net     net.Conn
	inbox   inbox
	session bool
	gone    chan struct{}
}

// paho3Options are the options of a client that connects to s with o.
func paho3Options(s *peer.Server, o mqttOptions) *mqtt.ClientOptions {
	options := mqtt.NewClientOptions().SetClientID(o.id).SetCleanSession(!o.keep).SetAutoReconnect(false).
		SetProtocolVersion(4).SetConnectTimeout(patience).SetMessageChannelDepth(10_000).SetTLSConfig(o.tls)
	if w := o.will; w != nil {
		options.SetBinaryWill(w.topic, []byte(w.payload), w.qos, w.retain)
	}
	if o.tls != nil {
		return options.AddBroker("tls://" + s.MQTT)
	}
	return options.AddBroker("tcp://" + s.MQTT)
}

func dialPaho3(t *testing.T, s *peer.Server, o mqttOptions) mqttClient {
	t.Helper()
	c := &paho3{t: t, inbox: newInbox(), gone: make(chan struct{})}
	handle := o.handle
	if handle == nil {
		handle = func(m mqttMessage) { c.inbox <- m }
	}
	options := paho3Options(s, o)
	options.SetConnectionLostHandler(func(mqtt.Client, error) { close(c.gone) })
	options.SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) {
		handle(mqttMessage{m.Topic(), string(m.Payload()), m.Qos(), m.Retained()})
	})
	if o.tls == nil {
		options.SetCustomOpenConnectionFn(func(u *url.URL, _ mqtt.ClientOptions) (net.Conn, error) {
			var err error
			c.net, err = net.Dial("tcp", u.Host)
			return c.net, err
		})
	}
	c.client = mqtt.NewClient(options)
	token := c.client.Connect()
	paho3Wait(t, token)
	c.session = token.(*mqtt.ConnectToken).SessionPresent()
	t.Cleanup(func() { c.client.Disconnect(0) })
	return c
}

func paho3Wait(t *testing.T, token mqtt.Token) {
	t.Helper()
	if !token.WaitTimeout(patience) {
		t.Fatal("no answer")
	}
	must(t, token.Error())
}

func (c *paho3) publish(m mqttMessage) {
	c.t.Helper()
	paho3Wait(c.t, c.client.Publish(m.topic, m.qos, m.retain, m.payload))
}

func (c *paho3) publishAll(ms []mqttMessage) {
	c.t.Helper()
	tokens := make([]mqtt.Token, len(ms))
	for i, m := range ms {
		tokens[i] = c.client.Publish(m.topic, m.qos, m.retain, m.payload)
	}
	for _, token := range tokens {
		paho3Wait(c.t, token)
	}
}

func (c *paho3) flood(ms []mqttMessage) {
	for _, m := range ms {
		c.client.Publish(m.topic, m.qos, m.retain, m.payload)
	}
}

func (c *paho3) subscribe(qos byte, filters ...string) {
	c.t.Helper()
	wanted := make(map[string]byte)
	for _, f := range filters {
		wanted[f] = qos
	}
	token := c.client.SubscribeMultiple(wanted, nil)
	paho3Wait(c.t, token)
	for f, granted := range token.(*mqtt.SubscribeToken).Result() {
		if granted != qos {
			c.t.Fatalf("subscribe %q at %d: %#x", f, qos, granted)
		}
	}
}

func (c *paho3) unsubscribe(filter string) {
	c.t.Helper()
	paho3Wait(c.t, c.client.Unsubscribe(filter))
}
func (c *paho3) next() mqttMessage     { c.t.Helper(); return c.inbox.next(c.t) }
func (c *paho3) resumed() bool         { return c.session }
func (c *paho3) lost() <-chan struct{} { return c.gone }
func (c *paho3) close()                { c.client.Disconnect(uint(250 * time.Millisecond / time.Millisecond)) }

func (c *paho3) drop() {
	c.t.Helper()
	must(c.t, c.net.(*net.TCPConn).CloseWrite()) // the library says nothing of an end that is our own
	await(c.t, "end of the connection", c.gone)
}

// paho3Connect says how a client fails that may not connect.
func paho3Connect(s *peer.Server, o mqttOptions) error {
	client := mqtt.NewClient(paho3Options(s, o))
	defer client.Disconnect(0)
	token := client.Connect()
	if !token.WaitTimeout(patience) {
		return nil
	}
	return token.Error()
}

package websocket_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/nats-io/nats.go"

	"leafgate/gateway/gatewaytest"
)

// TestNATS: nats.go converses by WebSocket as it does elsewhere, with one who comes by TCP.
func TestNATS(t *testing.T) {
	for _, tc := range []struct {
		name, conf, scheme string
		options            []nats.Option
	}{
		{"ws", plain, "ws", nil},
		{"ws, compressed", block("compression: true"), "ws", []nats.Option{nats.Compression(true)}},
		{"ws, compression not agreed on", plain, "ws", []nats.Option{nats.Compression(true)}},
		{"wss", secure(t, ""), "wss", []nats.Option{nats.Secure(&tls.Config{InsecureSkipVerify: true})}},
		{"wss, compressed", secure(t, "compression: true"), "wss", []nats.Option{nats.Secure(&tls.Config{InsecureSkipVerify: true}), nats.Compression(true)}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := gatewaytest.Start(t, tc.conf)
			a, err := nats.Connect(tc.scheme+"://"+addr(g), tc.options...)
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			b, err := nats.Connect("nats://" + g.Addr("natsproto")[0].String())
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			converse(t, a, b)
			converse(t, b, a)
		})
	}
}

func converse(t *testing.T, a, b *nats.Conn) {
	t.Helper()
	sub, err := a.SubscribeSync("x.>")
	if err != nil || a.Flush() != nil {
		t.Fatal(err)
	}
	defer sub.Unsubscribe()
	for _, size := range []int{0, 10, 63, 64, 4000, 70_000, 900_000} {
		payload := strings.Repeat("ab", size/2)
		m := &nats.Msg{Subject: "x.y", Data: []byte(payload), Header: nats.Header{"Key": {"value"}}}
		if err := b.PublishMsg(m); err != nil {
			t.Fatal(err)
		}
		got, err := sub.NextMsg(patience)
		if err != nil || string(got.Data) != payload || got.Header.Get("Key") != "value" {
			t.Fatalf("%d bytes: %v", size, err)
		}
	}
	service, err := a.QueueSubscribe("service", "workers", func(m *nats.Msg) { m.Respond(append([]byte("re: "), m.Data...)) })
	if err != nil || a.Flush() != nil {
		t.Fatal(err)
	}
	defer service.Unsubscribe()
	answer, err := b.Request("service", []byte("question"), patience)
	if err != nil || string(answer.Data) != "re: question" {
		t.Fatalf("%v, %v", answer, err)
	}
	if rtt, err := a.RTT(); err != nil || rtt <= 0 {
		t.Errorf("%v, %v", rtt, err)
	}
}

// TestMQTT: paho converses by WebSocket, whatever the path, with one who comes by TCP.
func TestMQTT(t *testing.T) {
	for _, tc := range []struct{ name, conf, url string }{
		{"ws", plain, "ws://%s/"},
		{"wss", secure(t, ""), "wss://%s/mqtt"},
		{"a path of its own", plain, "ws://%s/some/path"},
		{"compression", block("compression: true"), "ws://%s/mqtt"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := gatewaytest.Start(t, tc.conf+mqttToo)
			for version := range uint(2) {
				a := pahoClient(t, fmt.Sprintf(tc.url, addr(g)), fmt.Sprint("a", version), 3+version)
				b := pahoClient(t, "tcp://"+g.Addr("mqtt")[0].String(), fmt.Sprint("b", version), 4)
				talk(t, a, b)
				talk(t, b, a)
			}
		})
	}
}

func pahoClient(t *testing.T, url, id string, version uint) mqtt.Client {
	t.Helper()
	o := mqtt.NewClientOptions().AddBroker(url).SetClientID(id).SetProtocolVersion(version).SetConnectTimeout(patience).
		SetTLSConfig(&tls.Config{InsecureSkipVerify: true}).SetHTTPHeaders(http.Header{"Origin": {"http://page"}})
	c := mqtt.NewClient(o)
	done(t, c.Connect())
	t.Cleanup(func() { c.Disconnect(0) })
	return c
}

func done(t *testing.T, token mqtt.Token) {
	t.Helper()
	if !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatalf("not done: %v", token.Error())
	}
}

func talk(t *testing.T, a, b mqtt.Client) {
	t.Helper()
	got := make(chan mqtt.Message, 10)
	done(t, a.Subscribe("x/#", 2, func(_ mqtt.Client, m mqtt.Message) { got <- m }))
	defer func() { done(t, a.Unsubscribe("x/#")) }()
	for qos := range byte(3) {
		for _, size := range []int{0, 100, 200_000} {
			payload := strings.Repeat("z", size)
			done(t, b.Publish("x/y", qos, false, payload))
			select {
			case m := <-got:
				if string(m.Payload()) != payload || m.Qos() != qos {
					t.Fatalf("%d bytes at QoS %d came as %d at %d", size, qos, len(m.Payload()), m.Qos())
				}
			case <-time.After(patience):
				t.Fatalf("nothing came: %d bytes at QoS %d", size, qos)
			}
		}
	}
}

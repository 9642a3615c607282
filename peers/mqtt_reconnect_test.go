package peers

import (
	"net/url"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"
	mqtt "github.com/eclipse/paho.mqtt.golang"

	"leafgate/internal/peer"
)

// A client that connects again by itself subscribes again, and what it published meanwhile arrives.
func TestMQTTGoReconnects(t *testing.T) {
	onEachBroker(t, brokerConfig{}, func(t *testing.T, s *peer.Server) {
		up, down, got := make(chan struct{}, 99), make(chan error, 99), newInbox()
		options := paho3Options(s, mqttOptions{id: "stubborn", keep: true}).SetAutoReconnect(true).SetConnectRetry(true).
			SetConnectRetryInterval(10 * time.Millisecond).SetMaxReconnectInterval(50 * time.Millisecond).
			SetConnectionLostHandler(func(_ mqtt.Client, err error) { down <- err }).
			SetOnConnectHandler(func(c mqtt.Client) {
				c.Subscribe("r/+", 1, func(_ mqtt.Client, m mqtt.Message) {
					got <- mqttMessage{m.Topic(), string(m.Payload()), m.Qos(), false}
				})
				up <- struct{}{}
			})
		c := mqtt.NewClient(options)
		paho3Wait(t, c.Connect())
		t.Cleanup(func() { c.Disconnect(0) })
		await(t, "connect", up)
		for _, end := range []func(){s.Stop, s.Kill} {
			end()
			await(t, "disconnect", down)
			token := c.Publish("r/away", 1, true, "while away") // retained: the server gets it before the subscription, or after
			s.Restart()
			await(t, "reconnect", up)
			paho3Wait(t, token)
			if m := got.next(t); m.payload != "while away" {
				t.Fatalf("got %+v", m)
			}
			paho3Wait(t, c.Publish("r/after", 1, false, "after"))
			for m := got.next(t); m.payload != "after"; m = got.next(t) {
			}
		}
	})
}

func TestMQTT5GoReconnects(t *testing.T) {
	onEachBroker(t, brokerConfig{}, func(t *testing.T, s *peer.Server) {
		up, down, got := make(chan struct{}, 99), make(chan struct{}, 99), newInbox()
		address, err := url.Parse("mqtt://" + s.MQTT)
		must(t, err)
		c, err := autopaho.NewConnection(t.Context(), autopaho.ClientConfig{
			ServerUrls: []*url.URL{address}, KeepAlive: 30, SessionExpiryInterval: forever,
			ReconnectBackoff: autopaho.NewConstantBackoff(20 * time.Millisecond),
			OnConnectionUp: func(c *autopaho.ConnectionManager, _ *paho.Connack) {
				up <- struct{}{}
			},
			OnConnectionDown: func() bool { down <- struct{}{}; return true },
			ClientConfig: paho.ClientConfig{ClientID: "stubborn", PacketTimeout: patience,
				OnPublishReceived: []func(paho.PublishReceived) (bool, error){func(p paho.PublishReceived) (bool, error) {
					got <- mqttMessage{p.Packet.Topic, string(p.Packet.Payload), p.Packet.QoS, false}
					return true, nil
				}}},
		})
		must(t, err)
		t.Cleanup(func() { <-c.Done() })
		await(t, "connect", up)
		for _, end := range []func(){s.Stop, s.Kill} {
			end()
			await(t, "disconnect", down)
			queued := &paho.Publish{Topic: "r/away", QoS: 1, Retain: true, Payload: []byte("while away")}
			must(t, c.PublishViaQueue(t.Context(), &autopaho.QueuePublish{Publish: queued}))
			s.Restart()
			await(t, "reconnect", up)
			_, err := c.Subscribe(t.Context(), &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: "r/+", QoS: 1}}})
			must(t, err)
			if m := got.next(t); m.payload != "while away" {
				t.Fatalf("got %+v", m)
			}
			_, err = c.Publish(t.Context(), &paho.Publish{Topic: "r/after", QoS: 1, Payload: []byte("after")})
			must(t, err)
			for m := got.next(t); m.payload != "after"; m = got.next(t) {
			}
		}
	})
}

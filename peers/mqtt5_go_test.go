package peers

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"

	"leafgate/internal/peer"
)

func userProperties(pairs ...string) (u paho.UserProperties) {
	for i := 0; i < len(pairs); i += 2 {
		u.Add(pairs[i], pairs[i+1])
	}
	return u
}

// properties are all that a PUBLISH can have and a server passes on.
func properties() *paho.PublishProperties {
	return &paho.PublishProperties{
		ContentType: "text/plain; charset=utf-8", ResponseTopic: "answers/7 a", CorrelationData: []byte{0, 1, 0xff, '\n'},
		PayloadFormat: paho.Byte(1), MessageExpiry: paho.Uint32(1000),
		User: userProperties("b", "2", "a", "1", "b", "1", "", "", "Küche Licht", "a: b", "a", "1"),
	}
}

// spell prints properties, so that they can be compared.
func spell(p *paho.PublishProperties) string {
	format, expiry := -1, -1
	if p.PayloadFormat != nil {
		format = int(*p.PayloadFormat)
	}
	if p.MessageExpiry != nil {
		expiry = int(*p.MessageExpiry)
	}
	return fmt.Sprintf("%q %q %q format %d, expiry %d, user %q", p.ContentType, p.ResponseTopic, p.CorrelationData, format, expiry, p.User)
}

func TestMQTT5GoProperties(t *testing.T) {
	onEachBroker(t, brokerConfig{}, func(t *testing.T, s *peer.Server) {
		pub, sub := dialPaho5(t, s, mqttOptions{}).(*paho5), dialPaho5(t, s, mqttOptions{}).(*paho5)
		sub.subscribe(2, "p/#")
		for qos := range byte(3) {
			pub.send(&paho.Publish{Topic: "p/x", QoS: qos, Payload: []byte("hello"), Properties: properties()})
			if m := sub.nextFull(); m.Topic != "p/x" || string(m.Payload) != "hello" || spell(m.Properties) != spell(properties()) {
				t.Fatalf("QoS %d: got %s %q, %s", qos, m.Topic, m.Payload, spell(m.Properties))
			}
		}
		pub.send(&paho.Publish{Topic: "p/kept", QoS: 1, Retain: true, Payload: []byte("x"), Properties: properties()})
		late := dialPaho5(t, s, mqttOptions{}).(*paho5)
		late.subscribe(1, "p/kept")
		m, got := late.nextFull(), ""
		if m.Properties.MessageExpiry != nil && *m.Properties.MessageExpiry <= 1000 { // some of it may have passed
			m.Properties.MessageExpiry = paho.Uint32(1000)
		}
		if got = spell(m.Properties); got != spell(properties()) || !m.Retain {
			t.Fatalf("retained %t: %s", m.Retain, got)
		}
	})
}

func TestMQTT5GoSubscriptionIdentifiers(t *testing.T) {
	onEachBroker(t, brokerConfig{}, func(t *testing.T, s *peer.Server) {
		pub, sub := dialPaho5(t, s, mqttOptions{}).(*paho5), dialPaho5(t, s, mqttOptions{}).(*paho5)
		for id, filter := range map[int]string{1: "i/a", 200: "i/b", largestID: "i/c/#"} {
			sub.subscribeTo(id, paho.SubscribeOptions{Topic: filter, QoS: 1})
		}
		for topic, id := range map[string]int{"i/a": 1, "i/b": 200, "i/c/d/e": largestID, "i/c": largestID} {
			pub.send(&paho.Publish{Topic: topic, QoS: 1})
			if m := sub.nextFull(); m.Topic != topic || m.Properties.SubscriptionIdentifier == nil || *m.Properties.SubscriptionIdentifier != id {
				t.Fatalf("%s: got %s, %v", topic, m.Topic, m.Properties.SubscriptionIdentifier)
			}
		}
		sub.subscribeTo(7, paho.SubscribeOptions{Topic: "i/a", QoS: 1})
		pub.send(&paho.Publish{Topic: "i/a", QoS: 1})
		if m := sub.nextFull(); *m.Properties.SubscriptionIdentifier != 7 {
			t.Fatalf("subscribed again: %d", *m.Properties.SubscriptionIdentifier)
		}
	})
}

// largestID is the largest subscription identifier there is, four bytes long.
const largestID = 268_435_455

func TestMQTT5GoSubscriptionOptions(t *testing.T) {
	onEachBroker(t, brokerConfig{}, func(t *testing.T, s *peer.Server) {
		pub, sub := dialPaho5(t, s, mqttOptions{}), dialPaho5(t, s, mqttOptions{}).(*paho5)
		pub.publish(mqttMessage{topic: "o/kept", payload: "1", qos: 1, retain: true})
		sub.subscribeTo(0, paho.SubscribeOptions{Topic: "o/#", QoS: 1, NoLocal: true, RetainAsPublished: true, RetainHandling: 1})
		want(t, sub, mqttMessage{topic: "o/kept", payload: "1", qos: 1, retain: true})
		sub.subscribeTo(0, paho.SubscribeOptions{Topic: "o/#", QoS: 1, NoLocal: true, RetainAsPublished: true, RetainHandling: 1})
		sub.publish(mqttMessage{topic: "o/mine", payload: "2", qos: 1})
		pub.publish(mqttMessage{topic: "o/kept", payload: "3", qos: 1, retain: true})
		want(t, sub, mqttMessage{topic: "o/kept", payload: "3", qos: 1, retain: true})
		pub.publish(mqttMessage{topic: "o/x", payload: "4", qos: 1})
		want(t, sub, mqttMessage{topic: "o/x", payload: "4", qos: 1})
	})
}

// A topic that is published often goes over the wire once, both ways.
func TestMQTT5GoTopicAlias(t *testing.T) {
	onEachBroker(t, brokerConfig{}, func(t *testing.T, s *peer.Server) {
		pub := dialPaho5(t, s, mqttOptions{}).(*paho5)
		if most := pub.connack.Properties.TopicAliasMaximum; most == nil || *most < 5 {
			t.Fatalf("topic alias maximum: %v", most)
		}
		sub := openPaho5(t, s, mqttOptions{}, paho.ClientConfig{}, func(c *paho.Connect) {
			c.Properties.TopicAliasMaximum = paho.Uint16(3)
		})
		sub.subscribe(1, "alias/#")
		known, bare := make(map[uint16]string), 0
		for i := range 80 {
			topic := fmt.Sprintf("alias/%d", i%8)
			p := &paho.Publish{Topic: topic, QoS: byte(i % 2), Payload: []byte(topic)}
			if alias := uint16(i % 8); alias > 0 && alias <= 5 {
				if p.Properties = (&paho.PublishProperties{TopicAlias: &alias}); i >= 8 {
					p.Topic = ""
				}
			}
			pub.send(p)
			m := sub.nextFull()
			if a := m.Properties.TopicAlias; a != nil {
				if *a < 1 || *a > 3 {
					t.Fatalf("alias %d", *a)
				}
				if m.Topic != "" {
					known[*a] = m.Topic
				} else {
					m.Topic = known[*a]
					bare++
				}
			}
			if m.Topic != topic || string(m.Payload) != topic {
				t.Fatalf("got %q %q, want %q", m.Topic, m.Payload, topic)
			}
		}
		if s.Name == "leafgate" && bare == 0 {
			t.Error("no delivery had an alias in place of its topic")
		}
	})
}

// An alias of a message that was too large for its receiver is not used for the next one.
func TestMQTT5GoMaximumPacketSize(t *testing.T) {
	onEachBroker(t, brokerConfig{}, func(t *testing.T, s *peer.Server) {
		pub := dialPaho5(t, s, mqttOptions{})
		sub := openPaho5(t, s, mqttOptions{}, paho.ClientConfig{}, func(c *paho.Connect) {
			c.Properties.MaximumPacketSize, c.Properties.TopicAliasMaximum = paho.Uint32(200), paho.Uint16(5)
		})
		sub.subscribe(2, "size")
		for qos := range byte(3) {
			pub.publish(mqttMessage{topic: "size", payload: string(make([]byte, 250)), qos: qos})
			pub.publish(mqttMessage{topic: "size", payload: "small", qos: qos})
			m := sub.nextFull()
			if first := qos == 0 || s.Name != "leafgate"; string(m.Payload) != "small" || first && m.Topic != "size" {
				t.Fatalf("QoS %d: got %q %.20q", qos, m.Topic, m.Payload)
			}
		}
	})
}

// seconds of patience that a server has, long and short.
const long, short = 3600, 1

func TestMQTT5GoWillDelay(t *testing.T) {
	mortal := func(t *testing.T, s *peer.Server, delay, expiry uint32) *paho5 {
		o := mqttOptions{id: "mortal", keep: true, will: &mqttMessage{topic: "will", payload: "offline", qos: 1}}
		return openPaho5(t, s, o, paho.ClientConfig{}, func(c *paho.Connect) {
			c.WillProperties = &paho.WillProperties{WillDelayInterval: &delay, User: userProperties("k", "2", "k", "1")}
			c.Properties.SessionExpiryInterval = &expiry
		})
	}
	onEachBroker(t, brokerConfig{}, func(t *testing.T, s *peer.Server) {
		watcher := dialPaho5(t, s, mqttOptions{}).(*paho5)
		watcher.subscribe(1, "will")
		isWill := func(m *paho.Publish) bool {
			return string(m.Payload) == "offline" && slices.Equal(m.Properties.User, userProperties("k", "2", "k", "1"))
		}
		mortal(t, s, long, long).drop()
		back := mortal(t, s, short, long) // in time: no will
		back.publish(mqttMessage{topic: "will", payload: "back", qos: 1})
		if m := watcher.nextFull(); string(m.Payload) != "back" {
			t.Fatalf("got %s", m.Payload)
		}
		back.drop() // the delay ends
		if m := watcher.nextFull(); !isWill(m) {
			t.Fatalf("got %s, %s", m.Payload, spell(m.Properties))
		}
		mortal(t, s, long, short).drop() // the session ends
		if m := watcher.nextFull(); !isWill(m) {
			t.Fatalf("got %s, %s", m.Payload, spell(m.Properties))
		}
		must(t, mortal(t, s, 0, short).Disconnect(&paho.Disconnect{ReasonCode: packets.DisconnectDisconnectWithWillMessage}))
		if m := watcher.nextFull(); !isWill(m) {
			t.Fatalf("got %s, %s", m.Payload, spell(m.Properties))
		}
	})
}

func TestMQTT5GoMessageExpiry(t *testing.T) {
	onEachBroker(t, brokerConfig{}, func(t *testing.T, s *peer.Server) {
		me := mqttOptions{id: "sleeper", keep: true}
		sub := dialPaho5(t, s, me)
		sub.subscribe(1, "e")
		sub.close()
		pub := dialPaho5(t, s, mqttOptions{}).(*paho5)
		expiry := func(seconds uint32) *paho.PublishProperties { return &paho.PublishProperties{MessageExpiry: &seconds} }
		short, later, long := expiry(short), expiry(short+1), expiry(long)
		pub.send(&paho.Publish{Topic: "e", QoS: 1, Payload: []byte("short"), Properties: short})
		pub.send(&paho.Publish{Topic: "e", QoS: 1, Payload: []byte("long"), Properties: long})
		pub.send(&paho.Publish{Topic: "clock", QoS: 1, Retain: true, Payload: []byte("ticking"), Properties: later})
		pub.send(&paho.Publish{Topic: "end", QoS: 1, Retain: true, Payload: []byte("."), Properties: long})
		for deadline := time.Now().Add(patience); ; { // what is retained is gone, so what ended before it is
			clock := dialPaho5(t, s, mqttOptions{})
			clock.subscribe(1, "clock")
			clock.subscribe(1, "end")
			m := clock.next()
			clock.close()
			if m.topic == "end" {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("a retained message does not expire")
			}
		}
		again := dialPaho5(t, s, me).(*paho5)
		m := again.nextFull()
		if left := m.Properties.MessageExpiry; string(m.Payload) != "long" || left == nil || *left >= 3600 || *left < 3600-60 {
			t.Fatalf("got %s, %s", m.Payload, spell(m.Properties))
		}
	})
}

func TestMQTT5GoSessionTakenOver(t *testing.T) {
	onEachBroker(t, brokerConfig{}, func(t *testing.T, s *peer.Server) {
		if s.Name == "mosquitto" {
			t.Skip("it closes the connection and says nothing")
		}
		first := dialPaho5(t, s, mqttOptions{id: "twin"}).(*paho5)
		dialPaho5(t, s, mqttOptions{id: "twin"})
		if reason := await(t, "DISCONNECT", first.reason); reason != packets.DisconnectSessionTakenOver {
			t.Fatalf("reason %#x", reason)
		}
	})
}

// Acknowledgements say what became of a message.
func TestMQTT5GoReasonCodes(t *testing.T) {
	onEachBroker(t, brokerConfig{}, func(t *testing.T, s *peer.Server) {
		c := dialPaho5(t, s, mqttOptions{}).(*paho5)
		if code := c.send(&paho.Publish{Topic: "nobody", QoS: 1}); code != packets.PubackNoMatchingSubscribers {
			t.Errorf("QoS 1 for nobody: %#x", code)
		}
		c.subscribe(1, "somebody")
		if code := c.send(&paho.Publish{Topic: "somebody", QoS: 1}); code != 0 {
			t.Errorf("QoS 1: %#x", code)
		}
		answer, err := c.Unsubscribe(t.Context(), &paho.Unsubscribe{Topics: []string{"never", "somebody"}})
		if err != nil && answer == nil || fmt.Sprint(answer.Reasons) != "[17 0]" {
			t.Errorf("unsubscribe: %v, %v", answer, err)
		}
	})
}

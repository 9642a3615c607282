package peers

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/eclipse/paho.golang/paho"
	"github.com/nats-io/nats.go"

	"leafgate/internal/peer"
)

// topics with their subjects, by mapping/README.md. Mosquitto takes no control characters.
var topics = []struct{ topic, subject string }{
	{"plant/7/temp", "plant.7.temp"},
	{"fromb/qos 0", "fromb.qos/_0"},
	{"spBv1.0/Plant 7/NBIRTH/e.4", "spBv1//0.Plant/_7.NBIRTH.e//4"},
	{"z2m/Küche Licht.1/set", "z2m.Küche/_Licht//1.set"},
	{"日本/🌡/\u00e9 e\u0301", "日本.🌡.\u00e9/_e\u0301"},
	{"\ufeffbom/\u00a0", "\ufeffbom.\u00a0"},
	{"/a//b/", "/.a./.b./"},
	{"/", "/./"},
	{"//", "/././"},
	{"a/*", "a./*"},
	{"*/>", "/*./>"},
	{"a/>/b", "a./>.b"},
	{"a*b/c>d/>e", "a*b.c>d.>e"},
	{" / . /", "/_./_///_./"},
	{"a.b..c", "a//b////c"},
	{"$test/x", "$test.x"},
	{`q"u\o't{e}s<`, `q"u\o't{e}s<`},
	{strings.Repeat("deep/", 99) + "end", strings.Repeat("deep.", 99) + "end"},
	{strings.Repeat("long ", 400), strings.Repeat("long/_", 400)},
}

// controls has control characters that the mapping spells out. The others are as they are in subjects, which NATS clients
// may then receive and not name.
var controls = []struct{ topic, subject string }{
	{"tab\there/\r\n/\x7f", "tab/there./r/n./d"},
	{"next\u0085line", "next\u0085line"},
}

// gateway starts Leafgate for MQTT and NATS clients.
func gateway(t *testing.T) *peer.Server {
	t.Helper()
	return peer.Start(t, "leafgate", brokerConfig{}.of("leafgate"))
}

// Every topic arrives as it was published, letter by letter, for who asks for it alone and for who asks for all.
func TestMQTTGoTopics(t *testing.T) {
	inEachDialect(t, brokerConfig{}, func(t *testing.T, s *peer.Server, d dialect) {
		list := topics
		if s.Name == "leafgate" {
			list = append(slices.Concat(topics, controls), struct{ topic, subject string }{topic: "bell\x07"})
		}
		pub, all, each := d.dial(t, s, mqttOptions{}), d.dial(t, s, mqttOptions{}), d.dial(t, s, mqttOptions{})
		all.subscribe(1, "#", "$test/#")
		for _, x := range list {
			each.subscribe(1, x.topic)
			m := mqttMessage{topic: x.topic, payload: x.topic, qos: 1}
			pub.publish(m)
			want(t, all, m)
			want(t, each, m)
			each.unsubscribe(x.topic)
		}
	})
}

func TestMQTTGoTopicsAreSubjects(t *testing.T) {
	t.Parallel()
	s := gateway(t)
	nc := connect(t, s)
	everything, err := nc.SubscribeSync(">")
	must(t, err)
	for _, d := range dialects() {
		t.Run(d.name, func(t *testing.T) {
			all, one := d.dial(t, s, mqttOptions{}), d.dial(t, s, mqttOptions{})
			all.subscribe(1, "#", "$test/#")
			for _, x := range slices.Concat(topics, controls) {
				exact, err := nc.SubscribeSync(x.subject)
				must(t, err)
				must(t, nc.Flush())
				m := mqttMessage{topic: x.topic, payload: x.topic, qos: 1}
				one.publish(m)
				want(t, all, m)
				for _, sub := range []*nats.Subscription{everything, exact} {
					got, err := sub.NextMsg(patience)
					if err != nil || got.Subject != x.subject || string(got.Data) != x.topic || len(got.Header) != 0 {
						t.Fatalf("topic %.100q: got %+v, %v, want subject %.100q", x.topic, got, err, x.subject)
					}
				}
				must(t, exact.Unsubscribe())
				one.subscribe(1, x.topic)
				must(t, nc.Publish(x.subject, []byte("back")))
				want(t, all, mqttMessage{topic: x.topic, payload: "back", qos: 1})
				want(t, one, mqttMessage{topic: x.topic, payload: "back", qos: 1})
				one.unsubscribe(x.topic)
				if got, err := everything.NextMsg(patience); err != nil || got.Subject != x.subject {
					t.Fatalf("got %v, %v", got, err)
				}
			}
		})
	}
}

// Subjects that are no topic are not shown to MQTT clients.
func TestMQTTGoForeignSubjects(t *testing.T) {
	t.Parallel()
	s := gateway(t)
	nc := connect(t, s)
	for _, d := range dialects() {
		t.Run(d.name, func(t *testing.T) {
			sub := d.dial(t, s, mqttOptions{})
			sub.subscribe(1, "#")
			for _, subject := range []string{"a/b", "x/", "a./**", "a.+", "a.b#", "/", "$JS.x", "_INBOX.x", "shown.after.all"} {
				must(t, nc.Publish(subject, nil))
			}
			want(t, sub, mqttMessage{topic: "shown/after/all", qos: 1})
		})
	}
}

func TestMQTTGoLargePayloadsCross(t *testing.T) {
	t.Parallel()
	s := gateway(t)
	nc := connect(t, s)
	for _, d := range dialects() {
		t.Run(d.name, func(t *testing.T) {
			c := d.dial(t, s, mqttOptions{})
			c.subscribe(1, "to/mqtt")
			sub, err := nc.SubscribeSync("to.nats")
			must(t, err)
			must(t, nc.Flush())
			payload := strings.Repeat("0123456789abcde\n", 1<<16)
			for range 4 {
				c.publish(mqttMessage{topic: "to/nats", payload: payload, qos: 1})
				m, err := sub.NextMsg(patience)
				must(t, err)
				must(t, nc.Publish("to.mqtt", m.Data))
				want(t, c, mqttMessage{topic: "to/mqtt", payload: payload, qos: 1})
			}
		})
	}
}

// NATS clients join the group of a shared subscription under its name as a token.
func TestMQTTGoSharedWithNATS(t *testing.T) {
	const messages = 300
	t.Parallel()
	s := gateway(t)
	nc := connect(t, s)
	for _, d := range dialects() {
		t.Run(d.name, func(t *testing.T) {
			got := make(chan string, messages)
			member := d.dial(t, s, mqttOptions{handle: func(m mqttMessage) { got <- "mqtt" }})
			member.subscribe(1, "$share/crew/work/#")
			sub, err := nc.QueueSubscribe("work.>", "crew/swork/s#", func(*nats.Msg) { got <- "nats" })
			must(t, err)
			must(t, nc.Flush())
			pub, counts := d.dial(t, s, mqttOptions{}), make(map[string]int)
			for range messages {
				pub.publish(mqttMessage{topic: "work/x", qos: 1})
			}
			for range messages {
				counts[await(t, "message", got)]++
			}
			must(t, sub.Unsubscribe())
			if counts["mqtt"] < messages/10 || counts["nats"] < messages/10 {
				t.Errorf("members took %v", counts)
			}
		})
	}
}

// What MQTT 5 says about a message is in its header for NATS clients, and the reverse.
func TestMQTT5GoPropertiesAreHeaders(t *testing.T) {
	t.Parallel()
	s := gateway(t)
	nc, c := connect(t, s), dialPaho5(t, s, mqttOptions{}).(*paho5)
	sub, err := nc.SubscribeSync("p.x")
	must(t, err)
	must(t, nc.Flush())
	c.send(&paho.Publish{Topic: "p/x", QoS: 1, Payload: []byte("hello"), Properties: properties()})
	m, err := sub.NextMsg(patience)
	must(t, err)
	for name, want := range map[string][]string{
		"Content-Type": {"text/plain; charset=utf-8"}, "Mqtt-Format": {"1"}, "Mqtt-Expiry": {"1000"},
		"Mqtt-Correlation": {"AAH/Cg=="}, "a": {"1", "1"}, "b": {"2", "1"},
	} {
		if got := m.Header[name]; !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if m.Reply != "answers.7/_a" || string(m.Data) != "hello" {
		t.Errorf("got reply %q, payload %q", m.Reply, m.Data)
	}
	// As it is, it goes back: nothing was lost on the way.
	c.subscribe(1, "back")
	must(t, nc.PublishMsg(&nats.Msg{Subject: "back", Reply: m.Reply, Header: m.Header, Data: m.Data}))
	if p := c.nextFull(); spell(p.Properties) != spell(properties()) {
		t.Errorf("got %s, want %s", spell(p.Properties), spell(properties()))
	}
	must(t, nc.PublishMsg(&nats.Msg{Subject: "back", Header: nats.Header{"Content-Type": {"x/y"}, "k": {"1", "2"}}}))
	p := c.nextFull()
	if p.Properties.ContentType != "x/y" || !slices.Equal(p.Properties.User, userProperties("k", "1", "k", "2")) {
		t.Errorf("got %s", spell(p.Properties))
	}
}

func TestMQTT5GoAsksNATS(t *testing.T) {
	t.Parallel()
	s := gateway(t)
	nc, c := connect(t, s), dialPaho5(t, s, mqttOptions{}).(*paho5)
	_, err := nc.Subscribe("svc.add", func(m *nats.Msg) {
		answer := nats.NewMsg(m.Reply)
		answer.Header.Set("Mqtt-Correlation", m.Header.Get("Mqtt-Correlation"))
		answer.Data = append([]byte("sum of "), m.Data...)
		_ = m.RespondMsg(answer)
	})
	must(t, err)
	must(t, nc.Flush())
	c.subscribe(1, "app/7/answers")
	for i := range 50 {
		c.send(&paho.Publish{Topic: "svc/add", QoS: byte(i % 2), Payload: fmt.Appendf(nil, "2+%d", i),
			Properties: &paho.PublishProperties{ResponseTopic: "app/7/answers", CorrelationData: []byte{0, byte(i)}}})
		m := c.nextFull()
		if string(m.Payload) != fmt.Sprintf("sum of 2+%d", i) || !bytes.Equal(m.Properties.CorrelationData, []byte{0, byte(i)}) {
			t.Fatalf("got %q, %s", m.Payload, spell(m.Properties))
		}
	}
}

func TestNATSAsksMQTT5Go(t *testing.T) {
	t.Parallel()
	s := gateway(t)
	nc := connect(t, s)
	var c *paho5
	config := paho.ClientConfig{OnPublishReceived: []func(paho.PublishReceived) (bool, error){func(p paho.PublishReceived) (bool, error) {
		_, err := p.Client.Publish(t.Context(), &paho.Publish{Topic: p.Packet.Properties.ResponseTopic, Payload: append([]byte("21.5 "), p.Packet.Payload...),
			Properties: &paho.PublishProperties{ContentType: "text/plain"}})
		return true, err
	}}}
	c = openPaho5(t, s, mqttOptions{}, config, func(*paho.Connect) {})
	c.subscribe(0, "dev/+/get")
	for i := range 50 {
		m, err := nc.Request(fmt.Sprintf("dev.%d.get", i), []byte("temp"), patience)
		must(t, err)
		if string(m.Data) != "21.5 temp" || m.Header.Get("Content-Type") != "text/plain" {
			t.Fatalf("got %q, %v", m.Data, m.Header)
		}
	}
	if _, err := nc.Request("dev.7.set", nil, patience); err != nats.ErrNoResponders {
		t.Fatalf("nobody answers: %v", err)
	}
}

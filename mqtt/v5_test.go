package mqtt_test

import (
	"fmt"
	"strings"

	"leafgate/mqtt/packet"
)

// What conversations of MQTT 5 are made of.

const bye5 = "\xe0\x00"

var (
	ok5   = connack(v5, false)
	back5 = connack(v5, true)
)

func hello5(id string, with ...func(*packet.Connect)) string { return connect(v5, id, with...) }

func pub5(topic, payload string, qos byte, id uint16, with ...func(*packet.Publish)) string {
	return publish(v5, topic, payload, qos, id, with...)
}

func sub5(id uint16, filter string, o packet.Options, with ...func(*packet.Subscribe)) string {
	return subscribe(v5, id, filter, o, with...)
}

func granted5(id uint16, codes ...packet.Reason) string { return suback(v5, id, codes...) }

// unheard is the answer to a publication that nobody wanted.
func unheard(t packet.Type, id uint16) string {
	return ack(t, v5, id, packet.NoMatchingSubscribers)
}

// What a CONNECT may ask for.
func receiveMaximum(n uint16) func(*packet.Connect) {
	return func(c *packet.Connect) { c.ReceiveMaximum = n }
}

func packetMaximum(n uint32) func(*packet.Connect) {
	return func(c *packet.Connect) { c.MaximumPacketSize = n }
}

func aliasMaximum(n uint16) func(*packet.Connect) {
	return func(c *packet.Connect) { c.TopicAliasMaximum = n }
}

func willDelay(seconds uint32) func(*packet.Connect) {
	return func(c *packet.Connect) { c.Will.Delay = seconds }
}

// What a PUBLISH may say beside its payload.
func contentType(s string) func(*packet.Publish) {
	return func(p *packet.Publish) { p.Properties.ContentType = []byte(s) }
}

func responseTopic(s string) func(*packet.Publish) {
	return func(p *packet.Publish) { p.Properties.ResponseTopic = []byte(s) }
}

func correlation(s string) func(*packet.Publish) {
	return func(p *packet.Publish) { p.Properties.CorrelationData = []byte(s) }
}

func utf8Payload(p *packet.Publish) { p.Properties.PayloadFormat = 1 }

func expiry(seconds uint32) func(*packet.Publish) {
	return func(p *packet.Publish) { p.Properties.Expiry, p.Properties.HasExpiry = seconds, true }
}

func alias(n uint16) func(*packet.Publish) {
	return func(p *packet.Publish) { p.Properties.TopicAlias = n }
}

func user(name, value string) func(*packet.Publish) {
	return func(p *packet.Publish) { p.Properties.Raw = packet.AppendUser(p.Properties.Raw, name, value) }
}

func matchedBy(ids ...uint32) func(*packet.Publish) {
	return func(p *packet.Publish) {
		for _, id := range ids {
			p.Properties.Raw = packet.AppendSubscriptionID(p.Properties.Raw, id)
		}
	}
}

// rawPublish is a PUBLISH at QoS 0 with this property block.
func rawPublish(topic, block, payload string) string {
	return framed(0x30, text(topic)+string(packet.AppendVarint(nil, len(block)))+block+payload)
}

// rawConnect5 is a CONNECT with these flags and this property block.
func rawConnect5(flags byte, block string, fields ...string) string {
	body := text("MQTT") + string([]byte{5, flags, 0, 0}) + string(packet.AppendVarint(nil, len(block))) + block
	return framed(0x10, body+strings.Join(fields, ""))
}

// enters5 is a client that has been let in.
func enters5(who string, with ...func(*packet.Connect)) []step {
	return []step{send(who, hello5(who, with...)), expect(who, ok5)}
}

// watches5 is a client with one subscription.
func watches5(who, filter string, o packet.Options, with ...func(*packet.Connect)) []step {
	return []step{send(who, hello5(who, with...), sub5(1, filter, o)), expect(who, ok5, granted5(1, packet.Reason(o.QoS())))}
}

// cut5 is a client that sends a packet which ends its connection.
func cut5(name, bad string, code packet.Reason, why string) conversation {
	return conversation{name: name, steps: play(enters5("a"), steps(send("a", bad), expect("a", dismissal(code, why)), closed("a")))}
}

// turnedAway5 is a client whose CONNECT is refused.
func turnedAway5(name, bad string, code packet.Reason, why string) conversation {
	return conversation{name: name, steps: steps(send("a", bad), expect("a", refusal(v5, code, why)), closed("a"))}
}

// gets expects PUBLISH packets whose properties may stand in any order, but for User Properties and Subscription Identifiers.
func gets(who string, want ...string) step {
	return does(who, func(c *client) {
		c.Helper()
		for _, w := range want {
			if got, want := describe(c, c.next()), describe(c, w); got != want {
				c.Fatalf("got  %s\nwant %s", got, want)
			}
		}
	})
}

// describe says what a PUBLISH of MQTT 5 from the gateway says.
func describe(c *client, b string) string {
	c.Helper()
	if b[0]>>4 != byte(packet.PUBLISH) {
		return show(b, v5)
	}
	p, err := parsePublish(b, v5)
	if err != nil {
		c.Fatalf("parse %q: %v", b, err)
	}
	x := &p.Properties
	s := fmt.Sprintf("PUBLISH %x id %d %q %q format %d expiry %v %d alias %d type %q response %q correlation %q", b[0]&15, p.ID, p.Topic, p.Payload,
		x.PayloadFormat, x.HasExpiry, x.Expiry, x.TopicAlias, x.ContentType, x.ResponseTopic, x.CorrelationData)
	for id := range x.SubscriptionIDs() {
		s += fmt.Sprintf(" for %d", id)
	}
	for name, value := range x.Users() {
		s += fmt.Sprintf(" %q=%q", name, value)
	}
	return s
}

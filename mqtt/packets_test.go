package mqtt_test

import (
	"leafgate/mqtt/packet"
)

// Packets as clients and gateway send them, to write conversations with. Their encoding is proved in package packet.

const (
	v31  = packet.V31
	v311 = packet.V311
	v5   = packet.V5
)

// connect is a CONNECT with clean start and without keep alive, changed by with.
func connect(v packet.Version, id string, with ...func(*packet.Connect)) string {
	c := packet.NewConnect(v, id)
	c.CleanStart = true
	for _, f := range with {
		f(c)
	}
	return string(packet.AppendConnect(nil, c))
}

func resume(c *packet.Connect) { c.CleanStart = false }

// stays is a v5 session that outlives the connection by so many seconds.
func stays(seconds uint32) func(*packet.Connect) {
	return func(c *packet.Connect) { c.CleanStart, c.HasSessionExpiry, c.SessionExpiry = false, true, seconds }
}

func will(topic, payload string, qos byte, retain bool) func(*packet.Connect) {
	return func(c *packet.Connect) {
		c.HasWill, c.Will.Topic, c.Will.Payload, c.Will.QoS, c.Will.Retain = true, []byte(topic), []byte(payload), qos, retain
	}
}

func login(user, password string) func(*packet.Connect) {
	return func(c *packet.Connect) {
		c.HasUserName, c.UserName, c.HasPassword, c.Password = true, []byte(user), true, []byte(password)
	}
}

// connack is the answer with the properties that a gateway has by default.
func connack(v packet.Version, present bool, with ...func(*packet.Connack)) string {
	a := packet.Connack{SessionPresent: present}
	if v == v5 {
		a.ReceiveMaximum, a.MaximumPacketSize, a.TopicAliasMaximum = 1024, 1<<20+128<<10, 10
	}
	for _, f := range with {
		f(&a)
	}
	return string(a.Append(nil, v))
}

// refusal is a CONNACK with a failure; v5 says why.
func refusal(v packet.Version, r packet.Reason, text string) string {
	a := packet.Connack{Reason: r}
	if v == v5 && text != "" {
		a.ReasonString = []byte(text)
	}
	return string(a.Append(nil, v))
}

// publish is a PUBLISH; with changes what MQTT 5 or a second sending adds.
func publish(v packet.Version, topic, payload string, qos byte, id uint16, with ...func(*packet.Publish)) string {
	p := packet.Publish{Topic: []byte(topic), Payload: []byte(payload), QoS: qos, ID: id}
	for _, f := range with {
		f(&p)
	}
	return string(packet.AppendPublish(nil, v, &p))
}

func retained(p *packet.Publish) { p.Retain = true }
func dup(p *packet.Publish)      { p.Dup = true }

func ack(t packet.Type, v packet.Version, id uint16, r packet.Reason) string {
	return string(packet.AppendAck(nil, t, v, id, r))
}

func puback(id uint16) string  { return ack(packet.PUBACK, v311, id, 0) }
func pubrec(id uint16) string  { return ack(packet.PUBREC, v311, id, 0) }
func pubrel(id uint16) string  { return ack(packet.PUBREL, v311, id, 0) }
func pubcomp(id uint16) string { return ack(packet.PUBCOMP, v311, id, 0) }

// subscribe asks for one filter.
func subscribe(v packet.Version, id uint16, filter string, o packet.Options, with ...func(*packet.Subscribe)) string {
	s := packet.Subscribe{ID: id}
	s.Add(filter, o)
	for _, f := range with {
		f(&s)
	}
	return string(packet.AppendSubscribe(nil, v, &s))
}

func also(filter string, o packet.Options) func(*packet.Subscribe) {
	return func(s *packet.Subscribe) { s.Add(filter, o) }
}

func subscriptionID(id uint32) func(*packet.Subscribe) {
	return func(s *packet.Subscribe) { s.SubscriptionID = id }
}

func suback(v packet.Version, id uint16, codes ...packet.Reason) string {
	return string(packet.AppendSuback(nil, v, id, codes...))
}

func unsubscribe(v packet.Version, id uint16, filters ...string) string {
	var u packet.Unsubscribe
	u.ID = id
	for _, f := range filters {
		u.Add(f)
	}
	return string(packet.AppendUnsubscribe(nil, v, &u))
}

func unsuback(v packet.Version, id uint16, codes ...packet.Reason) string {
	return string(packet.AppendUnsuback(nil, v, id, codes...))
}

// disconnect is the client's good-bye.
func disconnect(v packet.Version) string {
	d := packet.Disconnect{}
	return string(d.Append(nil))
}

// dismissal is the gateway's, with its text.
func dismissal(r packet.Reason, text string) string {
	return string(packet.AppendDisconnect(nil, r, []byte(text), nil))
}

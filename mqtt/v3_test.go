package mqtt_test

import (
	"leafgate/mqtt/packet"
)

// What conversations of 3.1.1 are made of.

const bye3 = "\xe0\x00"

var (
	ok3   = connack(v311, false)
	back3 = connack(v311, true)
)

func hello3(id string, with ...func(*packet.Connect)) string { return connect(v311, id, with...) }

func pub3(topic, payload string, qos byte, id uint16, with ...func(*packet.Publish)) string {
	return publish(v311, topic, payload, qos, id, with...)
}

func sub3(id uint16, filter string, qos packet.Options, with ...func(*packet.Subscribe)) string {
	return subscribe(v311, id, filter, qos, with...)
}

func granted3(id uint16, codes ...packet.Reason) string { return suback(v311, id, codes...) }

// failed3 stands for a filter that was refused.
const failed3 = packet.Unspecified

func keepAlive(seconds uint16) func(*packet.Connect) {
	return func(c *packet.Connect) { c.KeepAlive = seconds }
}

// text is a string as packets have it.
func text(s string) string { return string(packet.AppendString(nil, []byte(s))) }

// framed puts a fixed header before a body.
func framed(first byte, body string) string {
	return string(packet.AppendVarint([]byte{first}, len(body))) + body
}

// rawConnect is a CONNECT whose flags and fields need not fit.
func rawConnect(name string, level, flags byte, fields ...string) string {
	body := text(name) + string([]byte{level, flags, 0, 0})
	for _, f := range fields {
		body += f
	}
	return framed(0x10, body)
}

// enters is a client that has been let in.
func enters(who string, with ...func(*packet.Connect)) []step {
	return []step{send(who, hello3(who, with...)), expect(who, ok3)}
}

// watches is a client with one subscription.
func watches(who, filter string, qos packet.Options) []step {
	return []step{send(who, hello3(who), sub3(1, filter, qos)), expect(who, ok3, granted3(1, packet.Reason(qos)))}
}

// play joins the parts of a conversation.
func play(parts ...[]step) (all []step) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func steps(all ...step) []step { return all }

// cut is a client that sends a packet which ends its connection without a word.
func cut(name, bad string) conversation {
	return conversation{name: name, steps: play(enters("a"), steps(send("a", bad), closed("a")))}
}

// turnedAway is a client whose CONNECT is not answered at all.
func turnedAway(name, bad string) conversation {
	return conversation{name: name, steps: steps(send("a", bad), closed("a"))}
}

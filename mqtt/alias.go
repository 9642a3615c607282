package mqtt

import "bytes"

// mostAliasesOut is how many aliases a connection makes for its deliveries, whatever the client takes.
const mostAliasesOut = 64

// aliases are the topic aliases of one connection. [MQTT-3.3.2-7]
type aliases struct {
	in     [][]byte // by alias-1: what the client has said. Feed only
	inMax  uint16
	outMax uint16
	out    map[string]uint16 // by topic; under session.mu
	fresh  string            // what the last aliasFor has given an alias
}

// resolveAlias answers the topic that an alias stands for, and remembers a topic that comes with one.
func (c *conn) resolveAlias(topic []byte, alias uint16) ([]byte, error) {
	a := c.aliases
	if a == nil || alias > a.inMax { // [MQTT-3.3.2-9] [MQTT-3.2.2-17] [MQTT-3.2.2-18]
		return nil, errAlias
	}
	at := int(alias) - 1
	if len(topic) == 0 {
		if at >= len(a.in) || a.in[at] == nil {
			return nil, errUnknownAlias
		}
		return a.in[at], nil
	}
	for at >= len(a.in) {
		a.in = append(a.in, nil)
	}
	if !bytes.Equal(a.in[at], topic) { // a new meaning for a known alias is fine [MQTT-3.3.2-12]
		a.in[at] = append(a.in[at][:0:0], topic...)
	}
	return topic, nil
}

// aliasFor answers an alias for a delivery's topic, and whether the client knows it already. 0: none, as where a new one
// has no room in the packet. [MQTT-3.1.2-26] [MQTT-3.1.2-27] [MQTT-3.3.2-11]
func (a *aliases) aliasFor(topic []byte, room bool) (alias uint16, known bool) {
	if a == nil || a.outMax == 0 {
		return 0, false
	}
	a.fresh = ""
	if alias, known = a.out[string(topic)]; known {
		return alias, true
	}
	if !room || len(a.out) >= int(a.outMax) {
		return 0, false
	}
	if a.out == nil {
		a.out = make(map[string]uint16)
	}
	alias, a.fresh = uint16(len(a.out)+1), string(topic)
	a.out[a.fresh] = alias
	return alias, false
}

// takeBack forgets the alias that the last aliasFor has made, if it made one: its message was not sent, so the client does
// not know it.
func (a *aliases) takeBack() {
	if a != nil && a.fresh != "" {
		delete(a.out, a.fresh)
		a.fresh = ""
	}
}

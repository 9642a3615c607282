package auth

import (
	"slices"
	"strings"

	"leafgate/config"
)

// Protocols that peers come by, as Credentials name them. Those behind WebSocket are protocols of their own here.
const (
	ProtocolNATS       = "nats"
	ProtocolNATSWS     = "nats/ws"
	ProtocolMQTT       = "mqtt"
	ProtocolMQTTWS     = "mqtt/ws"
	ProtocolLeafnode   = "leafnode"
	ProtocolLeafnodeWS = "leafnode/ws"
)

// connectionTypes are nats-server's names for protocols.
var connectionTypes = map[string]string{
	ProtocolNATS: "STANDARD", ProtocolNATSWS: "WEBSOCKET",
	ProtocolMQTT: "MQTT", ProtocolMQTTWS: "MQTT_WS",
	ProtocolLeafnode: "LEAFNODE", ProtocolLeafnodeWS: "LEAFNODE_WS",
}

// inProcess is a connection type that no peer of a gateway has.
const inProcess = "IN_PROCESS"

// readTypes reads what a user may connect by; nil: anything. As with the peer, case does not matter and a name that nobody
// knows is an error: left out, it would lock the user out, or in.
func readTypes(b *config.Block) []string {
	names := []string{"allowed_connection_types", "connection_types", "clients"}
	list := b.Strings(names...)
	if len(list) == 0 {
		return nil
	}
	known := []string{inProcess}
	for _, name := range connectionTypes {
		known = append(known, name)
	}
	for i, name := range list {
		if list[i] = strings.ToUpper(name); !slices.Contains(known, list[i]) {
			slices.Sort(known)
			b.Errorf(present(b, names...), "unknown connection type %q: want %s", name, strings.Join(known, ", "))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// allows says whether m may come by a protocol.
func (m *member) allows(protocol string) bool {
	return m.types == nil || slices.Contains(m.types, connectionTypes[protocol])
}

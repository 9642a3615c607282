package gateway

import (
	"leafgate/leafnode"
	"leafgate/module"
	"leafgate/monitor"
	"leafgate/mqtt"
	"leafgate/natsproto"
	"leafgate/system"
	"leafgate/websocket"
)

// modules is the table: what a gateway is made of. They start in this order and stop in the reverse one.
func modules() []module.Spec {
	return []module.Spec{
		leafnode.Spec, // first, so that what the others say at the end still crosses
		natsproto.Spec,
		mqtt.Spec,
		websocket.Spec, // behind those it carries: it stops before them
		system.Spec,
		monitor.Spec,
	}
}

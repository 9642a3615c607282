package gateway

import (
	"leafgate/leafnode"
	"leafgate/module"
	"leafgate/monitor"
	"leafgate/mqtt"
	"leafgate/natsproto"
	"leafgate/system"
)

// modules is the table: what a gateway is made of. They start in this order and stop in the reverse one.
func modules() []module.Spec {
	return []module.Spec{
		leafnode.Spec, // first, so that what the others say at the end still crosses
		natsproto.Spec,
		mqtt.Spec,
		system.Spec,
		monitor.Spec,
	}
}

package auth_test

import (
	"testing"

	"leafgate/auth"
)

func TestConnectionTypes(t *testing.T) {
	a := newAuthority(t, `authorization { users: [
		{ user: any, password: p }
		{ user: none, password: p, connection_types: [] }
		{ user: device, password: p, allowed_connection_types: ["mqtt", "MQTT_WS"] }
		{ user: app, password: p, clients: STANDARD }
		{ user: inside, password: p, connection_types: [IN_PROCESS, LEAFNODE] } ] }
no_auth_user: device`)
	rules := a.Default()
	for user, want := range map[string]map[string]bool{
		"any":    {auth.ProtocolNATS: true, auth.ProtocolMQTT: true, auth.ProtocolLeafnode: true, "other": true},
		"none":   {auth.ProtocolNATS: true, auth.ProtocolMQTT: true, auth.ProtocolLeafnode: true, "other": true},
		"device": {auth.ProtocolMQTT: true, auth.ProtocolMQTTWS: true},
		"app":    {auth.ProtocolNATS: true},
		"inside": {auth.ProtocolLeafnode: true},
	} {
		for _, protocol := range []string{auth.ProtocolNATS, auth.ProtocolNATSWS, auth.ProtocolMQTT, auth.ProtocolMQTTWS,
			auth.ProtocolLeafnode, auth.ProtocolLeafnodeWS, "other", ""} {
			if user == "any" || user == "none" {
				want[protocol] = true
			}
			c := auth.Credentials{Protocol: protocol, User: user, Pass: "p"}
			id, err := rules.Authenticate(&c)
			if want[protocol] {
				if err != nil {
					t.Errorf("%s by %q: %v", user, protocol, err)
				}
				continue
			}
			denied(t, id, err, c)
		}
	}
	for _, protocol := range []string{auth.ProtocolNATS, auth.ProtocolMQTT} {
		id, err := rules.Anonymous(&auth.Credentials{Protocol: protocol})
		if got, want := err == nil, protocol == auth.ProtocolMQTT; got != want {
			t.Errorf("no credentials by %s: %+v, %v", protocol, id, err)
		}
	}
	device, ok := rules.Lookup(auth.ProtocolMQTT, "device", "")
	if !ok {
		t.Fatal("no device")
	}
	if _, ok := rules.Lookup(auth.ProtocolNATS, "device", ""); ok {
		t.Error("the device is found by another protocol")
	}
	r := reload(t, a, `authorization { users: [ { user: device, password: p, connection_types: [MQTT] } ] }`)
	if r.Valid(device) {
		t.Error("other connection types, and the peer stays")
	}
}

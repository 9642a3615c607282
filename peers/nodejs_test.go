//go:build peers

package peers

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"leafgate/internal/peer"
)

// An act is a scenario with what it needs.
type act struct {
	config, scenario string
	cookies          map[string]string // nil: none
	version          int               // of MQTT
}

func (a act) String() string {
	s := a.scenario
	if a.version > 0 {
		s = fmt.Sprintf("%d/%s", a.version, s)
	}
	for _, name := range slices.Sorted(maps.Keys(a.cookies)) {
		s += "," + name + "=" + a.cookies[name]
	}
	return s
}

const annMay = `authorization { users: [
	{ user: ann, password: "s3cret", permissions: { publish: "allowed.>", subscribe: "_INBOX.>" } }
] }
`

// natsActs are what nats.js does however it comes.
var natsActs = []act{
	{scenario: "pubsub"}, {scenario: "request"}, {scenario: "queue"}, {scenario: "headers"}, {scenario: "drain"}, {scenario: "large"},
	{scenario: "reconnect"}, {config: annMay, scenario: "denied"},
}

// onEachConfig runs acts with a server for those of one configuration.
func onEachConfig(t *testing.T, name, more string, acts []act, perform func(t *testing.T, s *peer.Server, a act)) {
	t.Helper()
	servers := make(map[string]*peer.Server)
	for _, a := range acts {
		s := servers[a.config]
		if s == nil {
			s = peer.Start(t, name, a.config+more)
			servers[a.config] = s
		}
		t.Run(a.String(), func(t *testing.T) { perform(t, s, a) })
	}
}

func TestJS(t *testing.T) {
	t.Parallel()
	for _, name := range peer.Servers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			node := stages["node"](t, nil)
			onEachConfig(t, name, "", natsActs, func(t *testing.T, s *peer.Server, a act) {
				node.perform(t, s, scenario{Client: "nats", Name: a.scenario, URL: s.URL})
			})
		})
	}
}

//go:build peers

package peers

import (
	"encoding/json"
	"testing"

	"leafgate/internal/peer"
)

// playMQTT runs every scenario of a program in every version of the protocol, on each MQTT server; where is what the program
// is told to connect to. 3, 4 and 5 are the
// levels of 3.1, 3.1.1 and 5.
func playMQTT(t *testing.T, where func(*peer.Server) string, start func(t *testing.T, args ...string) *program) {
	t.Helper()
	var names []string
	for _, x := range topics {
		names = append(names, x.topic)
	}
	list, err := json.Marshal(names)
	must(t, err)
	onEachBroker(t, brokerConfig{}, func(t *testing.T, s *peer.Server) {
		for version, scenarios := range map[string][]string{
			"3": {"qos", "retained", "will", "session", "shared", "topics"},
			"4": {"qos", "retained", "will", "session", "shared", "topics"},
			"5": {"qos", "retained", "will", "session", "shared", "topics", "properties"},
		} {
			for _, scenario := range scenarios {
				t.Run(version+"/"+scenario, func(t *testing.T) {
					args := []string{where(s), version, scenario}
					if scenario == "topics" {
						args = append(args, string(list))
					}
					start(t, args...).wait()
				})
			}
		}
	})
}

func TestMQTTJS(t *testing.T) {
	url := func(s *peer.Server) string { return "mqtt://" + s.MQTT }
	playMQTT(t, url, func(t *testing.T, args ...string) *program {
		t.Helper()
		return nodejs(t, "mqtt", append([]string{"mqtt.js"}, args...)...)
	})
}

func TestPahoPython(t *testing.T) {
	addr := func(s *peer.Server) string { return s.MQTT }
	playMQTT(t, addr, func(t *testing.T, args ...string) *program {
		t.Helper()
		return python(t, append([]string{"client.py"}, args...)...)
	})
}

//go:build peers

package peers

import (
	"encoding/json"
	"fmt"
	"testing"

	"leafgate/internal/peer"
)

// mqttScenarios are those of js/mqtt.js by the version of the protocol: 3, 4 and 5 are 3.1, 3.1.1 and 5. python/client.py has
// the same but for two.
var mqttScenarios = map[int][]string{
	3: {"qos", "request", "retained", "will", "session", "shared", "topics", "reconnect"},
	4: {"qos", "request", "retained", "will", "session", "shared", "topics", "reconnect"},
	5: {"qos", "request", "retained", "will", "session", "shared", "topics", "reconnect", "properties"},
}

func topicNames() (names []string) {
	for _, x := range topics {
		names = append(names, x.topic)
	}
	return names
}

// playMQTT runs every scenario in every version of the protocol, on each MQTT server.
func playMQTT(t *testing.T, perform func(t *testing.T, s *peer.Server, version int, name string)) {
	t.Helper()
	onEachBroker(t, brokerConfig{}, func(t *testing.T, s *peer.Server) {
		for version, scenarios := range mqttScenarios {
			for _, name := range scenarios {
				t.Run(fmt.Sprintf("%d/%s", version, name), func(t *testing.T) { perform(t, s, version, name) })
			}
		}
	})
}

func TestMQTTJS(t *testing.T) {
	playMQTT(t, func(t *testing.T, s *peer.Server, version int, name string) {
		x := scenario{Client: "mqtt", Name: name, URL: "mqtt://" + s.MQTT, Version: version, Topics: topicNames()}
		stages["node"](t, nil).perform(t, s, x)
	})
}

func TestPahoPython(t *testing.T) {
	names, err := json.Marshal(topicNames())
	must(t, err)
	playMQTT(t, func(t *testing.T, s *peer.Server, version int, name string) {
		if name == "request" || name == "reconnect" {
			t.Skip("js/mqtt.js alone has it")
		}
		args := []string{"client.py", s.MQTT, fmt.Sprint(version), name}
		if name == "topics" {
			args = append(args, string(names))
		}
		python(t, args...).wait()
	})
}

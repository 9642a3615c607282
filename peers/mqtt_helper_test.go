package peers

import (
	"crypto/tls"
	"fmt"
	"testing"

	"leafgate/internal/peer"
)

// A mqttMessage is what is published, or comes.
type mqttMessage struct {
	topic, payload string
	qos            byte
	retain         bool
}

// A mqttClient is one of an MQTT library, for what 3.1.1 and 5 have in common. What goes wrong fails the test.
type mqttClient interface {
	publish(m mqttMessage)                 // returns when it is acknowledged
	publishAll(ms []mqttMessage)           // does not wait for each acknowledgement
	flood(ms []mqttMessage)                // waits for none; from any goroutine
	subscribe(qos byte, filters ...string) // one SUBSCRIBE
	unsubscribe(filter string)
	next() mqttMessage     // of what has come, whatever it was for
	resumed() bool         // whether there was a session already
	lost() <-chan struct{} // closed when the server has ended the connection
	drop()                 // ends the network connection, no more
	close()                // says DISCONNECT
}

// mqttOptions are a client's; none of them is fine too.
type mqttOptions struct {
	id     string            // made up if empty
	keep   bool              // the session outlives the connection
	will   *mqttMessage      // published if the connection ends without DISCONNECT
	tls    *tls.Config       // nil: none
	handle func(mqttMessage) // is called instead of keeping what comes for next; acknowledged when it returns
}

// A dialect is a version of the protocol with the library that speaks it.
type dialect struct {
	name string
	dial func(t *testing.T, s *peer.Server, o mqttOptions) mqttClient
}

// dialects are the libraries of the Paho project for Go.
func dialects() []dialect { return []dialect{{"3.1.1", dialPaho3}, {"5", dialPaho5}} }

// A brokerConfig is what servers are told beside the port.
type brokerConfig struct {
	mqtt      string // in Leafgate's mqtt block
	mosquitto string
}

func (c brokerConfig) of(broker string) string {
	if broker == "leafgate" {
		return fmt.Sprintf("mqtt {\n listen: \"127.0.0.1:$MQTT_PORT\"\n %s\n}", c.mqtt)
	}
	return fmt.Sprintf("listener $MQTT_PORT 127.0.0.1\nallow_anonymous true\nuser root\nmax_queued_messages 0\n%s\n", c.mosquitto)
}

// onEachBroker runs a test on each MQTT server that there is, at once.
func onEachBroker(t *testing.T, c brokerConfig, test func(t *testing.T, s *peer.Server)) {
	t.Helper()
	t.Parallel()
	for _, name := range brokers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, peer.Start(t, name, c.of(name)))
		})
	}
}

// inEachDialect runs a test in each version of the protocol on each MQTT server.
func inEachDialect(t *testing.T, c brokerConfig, test func(t *testing.T, s *peer.Server, d dialect)) {
	t.Helper()
	onEachBroker(t, c, func(t *testing.T, s *peer.Server) {
		for _, d := range dialects() {
			t.Run(d.name, func(t *testing.T) { test(t, s, d) })
		}
	})
}

// want is the next message of c.
func want(t *testing.T, c mqttClient, m mqttMessage) {
	t.Helper()
	if got := c.next(); got != m {
		t.Fatalf("got %.200s, want %.200s", fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", m))
	}
}

// An inbox is what has come to a client: bounded by what a test sends.
type inbox chan mqttMessage

func newInbox() inbox { return make(inbox, 100_000) }

func (b inbox) next(t *testing.T) mqttMessage {
	t.Helper()
	return await(t, "message", b)
}

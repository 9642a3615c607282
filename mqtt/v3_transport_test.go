package mqtt_test

import (
	"crypto/tls"
	"testing"

	"leafgate/gateway/gatewaytest"
)

func TestV3Transport(t *testing.T) {
	talk := func(t *testing.T, c *client) {
		c.send(hello3("a") + sub3(1, "t", 1) + pub3("t", "x", 0, 0))
		c.expect(ok3 + granted3(1, 1) + pub3("t", "x", 0, 0))
		c.alive()
	}
	t.Run("[MQTT-7.1.1-1] [MQTT-7.0.0-2] TCP, without anything that the standard does not have", func(t *testing.T) {
		talk(t, dial(t, gatewaytest.Start(t, conf(""))))
	})
	t.Run("[MQTT-7.1.1-1] TLS", func(t *testing.T) {
		talk(t, dialTLS(t, gatewaytest.Start(t, conf(tlsBlock(t))), &tls.Config{InsecureSkipVerify: true}))
	})
}

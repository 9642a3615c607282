package mqtt_test

import (
	"context"
	"net"
	"testing"

	"leafgate/core"
	"leafgate/gateway/gatewaytest"
	"leafgate/mqtt/packet"
)

// TestLameDuck: no client comes in any more, and those that are here are sent away with a reason, where they hear one.
func TestLameDuck(t *testing.T) {
	g := gatewaytest.Start(t, conf("")+"lame_duck_duration: \"30s\", lame_duck_grace_period: \"1ms\"\n")
	old, young := dial(t, g), dial(t, g)
	old.send(connect(v311, "old"))
	old.expect(connack(v311, false))
	young.send(hello5("young"))
	young.expect(ok5)
	addr := g.Addr("mqtt")[0].String()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := g.LameDuck(ctx); err != nil {
		t.Fatal(err)
	}
	old.closed()
	young.saidGoodbye(packet.ServerShuttingDown)
	if c, err := net.Dial("tcp", addr); err == nil {
		c.Close()
		t.Error("somebody came in")
	}
}

// TestKicked: who an operator sends away is told so, and found under that reason.
func TestKicked(t *testing.T) {
	g := gatewaytest.Start(t, conf(""))
	c := dial(t, g)
	c.send(hello5("c"))
	c.expect(ok5)
	for e := range g.Engine().Endpoints() {
		e.Evict(core.ErrKicked)
	}
	c.saidGoodbye(packet.AdministrativeAction)
}

// saidGoodbye reads DISCONNECT for a reason, and the end.
func (c *client) saidGoodbye(why packet.Reason) {
	c.Helper()
	b, err := c.read()
	if err != nil || b[0] != byte(packet.DISCONNECT)<<4 || packet.Reason(b[2]) != why {
		c.Fatalf("got %s, %v, want DISCONNECT %v", show(b, c.version), err, why)
	}
	c.closed()
}

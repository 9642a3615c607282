package websocket_test

import (
	"strings"
	"sync"
	"testing"

	"leafgate/gateway/gatewaytest"
)

// TestLameDuck: nobody comes in any more, and those there hear of it and are closed.
func TestLameDuck(t *testing.T) {
	g := gatewaytest.Start(t, `lame_duck_duration: "30s", lame_duck_grace_period: "1ms"
		`+plain)
	l := hello(t, g, request{}, `,"protocol":1`)
	var ended error
	var wg sync.WaitGroup
	wg.Go(func() { ended = g.LameDuck(t.Context()) })
	for s := ""; !strings.Contains(s, `"ldm":true`); s = l.line() {
	}
	until(t, "nobody comes in", func() bool {
		c, _, err := request{}.ask(g)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	for {
		if _, err := l.r.ReadString('\n'); err != nil {
			break
		}
	}
	if wg.Wait(); ended != nil {
		t.Error(ended)
	}
}

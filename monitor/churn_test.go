package monitor_test

import (
	"fmt"
	"io"
	"sync"
	"testing"

	"leafgate/gateway/gatewaytest"
)

// TestLookingWhileClientsComeAndGo is for the race detector.
func TestLookingWhileClientsComeAndGo(t *testing.T) {
	g := gatewaytest.Start(t, bothProtocols)
	nats, mqtt := addr(g, "natsproto"), addr(g, "mqtt")
	done := make(chan struct{})
	var looking sync.WaitGroup
	for _, page := range []string{"/connz?subs=detail&auth=1&state=any", "/metrics", "/varz", "/eventz", "/accstatz", "/subsz?subs=1"} {
		looking.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if status, _, body := get(t, g, page); status != 200 {
					t.Errorf("%s: %d %s", page, status, body)
				}
			}
		})
	}
	const rounds = 50
	for i := range rounds {
		a := natsClient(t, nats, fmt.Sprintf(`{"name":"c%d"}`, i), "SUB a.* 1\r\n", "PUB a.b 1\r\nx\r\n", "SUB b..c 2\r\n")
		b, _ := mqttClient(t, mqtt, fmt.Sprintf("c%d", i%3), "", "")
		if i%2 == 0 {
			fmt.Fprint(b, "\xe0\x00") // DISCONNECT
			_, _ = io.Copy(io.Discard, b)
		}
		a.Close()
		b.Close()
	}
	close(done)
	looking.Wait()
	until(t, "everybody is gone", func() bool { return len(names(t, object(t, g, "/connz"))) == 0 })
	if got := object(t, g, "/connz?state=closed")["total"]; got != float64(2*rounds) {
		t.Errorf("closed: %v, want %d", got, 2*rounds)
	}
}

package mqtt_test

import (
	"io"
	"sync"
	"testing"
	"time"

	"leafgate/gateway/gatewaytest"
)

func TestV3KeepAlive(t *testing.T) {
	t.Run("[MQTT-3.1.2-24] nothing for one and a half times as long: closed, and not before", func(t *testing.T) {
		t.Parallel()
		g := gatewaytest.Start(t, conf(""))
		never, a := dial(t, g), dial(t, g)
		never.send(hello3("never", keepAlive(0)))
		never.expect(ok3)
		began := time.Now()
		a.send(hello3("a", keepAlive(1)))
		a.expect(ok3)
		a.closed()
		if after := time.Since(began); after < 1500*time.Millisecond {
			t.Errorf("closed after %v", after)
		}
		never.alive()
	})
	t.Run("[MQTT-3.1.2-24] [MQTT-3.12.4-1] packets keep the connection open", func(t *testing.T) {
		t.Parallel()
		a := dial(t, gatewaytest.Start(t, conf("")))
		a.send(hello3("a", keepAlive(1)))
		a.expect(ok3)
		tick := time.NewTicker(400 * time.Millisecond)
		defer tick.Stop()
		for range 5 {
			<-tick.C
			a.alive()
		}
	})
	t.Run("[MQTT-3.1.2-24] so does any byte of a packet that comes slowly", func(t *testing.T) {
		t.Parallel()
		a := dial(t, gatewaytest.Start(t, conf("")))
		a.send(hello3("a", keepAlive(1)))
		a.expect(ok3)
		tick := time.NewTicker(400 * time.Millisecond)
		defer tick.Stop()
		for _, b := range pub3("t", "x", 1, 1) {
			<-tick.C
			a.send(string([]byte{byte(b)}))
		}
		a.expect(puback(1))
	})
	t.Run("[MQTT-3.1.2-24] what the server sends does not count", func(t *testing.T) {
		t.Parallel()
		g := gatewaytest.Start(t, conf(""))
		a, p := dial(t, g), dial(t, g)
		a.send(hello3("a", keepAlive(1)) + sub3(1, "t", 0))
		a.expect(ok3 + granted3(1, 0))
		p.send(hello3("p"))
		p.expect(ok3)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		ended := make(chan struct{})
		var reading sync.WaitGroup
		t.Cleanup(reading.Wait) // the connection has a deadline
		reading.Go(func() {
			defer close(ended)
			_, _ = io.Copy(io.Discard, a.r)
		})
		for {
			select {
			case <-tick.C:
				p.send(pub3("t", "x", 0, 0))
				continue
			case <-ended:
			}
			break
		}
		p.alive()
	})
}

package natsproto_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
)

// One of fifty subscribers does not read. It is closed and counted, and the others get everything in order.
func TestOneSlowOfFifty(t *testing.T) {
	const (
		readers = 49
		most    = 64 << 20 // bytes that no kernel buffers
	)
	g := gatewaytest.Start(t, `max_pending: 256kb, max_payload: 64kb, http: "127.0.0.1:-1"`)
	slow := hello(t, g, "")
	slow.send("SUB x 1\r\nSUB bulk 2\r\nPING\r\n") // bulk, so that it is soon full
	slow.expect("PONG\r\n")
	var others []*client
	for range readers {
		c := hello(t, g, "")
		c.send("SUB x 1\r\nPING\r\n")
		c.expect("PONG\r\n")
		others = append(others, c)
	}
	pub, bulk := hello(t, g, ""), strings.Repeat("b", 48<<10)
	rounds := 0
	for ; varz(t, g).SlowConsumers == 0; rounds++ {
		if rounds*len(bulk) > most {
			t.Fatalf("%d bytes that nobody has read, and nobody is a slow consumer", rounds*len(bulk))
		}
		pub.send(fmt.Sprintf("PUB x 8\r\n%08d\r\nPUB bulk %d\r\n%s\r\nPUB x 3\r\nend\r\n", rounds, len(bulk), bulk))
		for _, c := range others {
			c.next(fmt.Sprintf("MSG x 1 8\r\n%08d\r\n", rounds))
			c.next("MSG x 1 3\r\nend\r\n")
		}
	}
	if v := varz(t, g); v.SlowConsumers != 1 || v.Connections != readers+1 || v.TotalConnections != readers+2 {
		t.Errorf("%+v, want 1 slow consumer and %d of %d connections", v, readers+1, readers+2)
	}
	for _, c := range others {
		c.survives() // and has nothing twice
	}
	pub.survives()
	if _, err := io.Copy(io.Discard, slow.r); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the slow consumer is still connected")
	}
}

// page is what of /varz is of interest here.
type page struct {
	SlowConsumers    int `json:"slow_consumers"`
	Connections      int `json:"connections"`
	TotalConnections int `json:"total_connections"`
}

func varz(t *testing.T, g *gateway.Gateway) (p page) {
	t.Helper()
	r, err := http.Get("http://" + g.Addr("monitor")[0].String() + "/varz")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if err := json.NewDecoder(r.Body).Decode(&p); err != nil {
		t.Fatal(err)
	}
	return p
}

package gatewaytest

import (
	"bytes"
	"fmt"
	"runtime/debug"
	"strings"
	"testing"
)

// A burst is what a publisher writes at once: few enough bytes for every buffer of the kernel, so that nobody has to
// wait for a subscriber, which is allowed to cost memory.
const (
	burstMessages = 100
	runBursts     = 10
	runs          = 10
)

// From a publisher to its subscribers through the gateway, a message allocates nothing. Both ends of the sockets are in
// this process; the clients' do not allocate either.
func testAllocations(t *testing.T, d *Driver) {
	if raceEnabled {
		t.Skip("pools drop things at random under the race detector")
	}
	for _, subscribers := range []int{1, 10, 100} {
		t.Run(fmt.Sprint(subscribers), func(t *testing.T) {
			s := newStage(t, d, Limits{}, "")
			var subs []*client
			for range subscribers {
				subs = append(subs, s.client("bench.a"))
			}
			pub := s.client()
			burst := pub.burst()
			buf := make([]byte, 4*len(burst))
			run := func() {
				for range runBursts {
					if _, err := pub.Write(burst); err != nil {
						t.Fatal(err)
					}
					for _, sub := range subs {
						sub.swallow(buf)
					}
				}
			}
			run()
			run()                                            // what is remembered on second sight
			defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection empties pools
			most := (d.BurstAllocs + writerAllocs) * runBursts * (1 + subscribers)
			if n := int(testing.AllocsPerRun(runs, run)); n > most {
				t.Errorf("%d allocations in %d messages, want %d at most", n, runBursts*burstMessages, most)
			}
		})
	}
}

// mark ends the last message of a burst.
var mark = []byte("that was the last of this burst")

func (c *client) burst() (b []byte) {
	payload := strings.Repeat("x", 128)
	for range burstMessages - 1 {
		b = append(b, c.Encode("bench.a", []byte(payload))...)
	}
	return append(b, c.Encode("bench.a", append([]byte(payload[len(mark):]), mark...))...)
}

// swallow reads until the mark, without a look at what is before it.
func (c *client) swallow(buf []byte) {
	for n := 0; ; {
		got, err := c.Read(buf[n:])
		if err != nil {
			c.tb.Fatalf("after %d bytes of a burst: %v", n, err)
		}
		seen := max(0, n-len(mark))
		if n += got; bytes.Contains(buf[seen:n], mark) {
			return
		}
	}
}

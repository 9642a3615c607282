package peers

import (
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"leafgate/internal/peer"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// onEach runs a test on Leafgate and on its peer, at once.
func onEach(t *testing.T, config string, test func(t *testing.T, s *peer.Server)) {
	t.Helper()
	t.Parallel()
	for _, name := range peer.Servers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, peer.Start(t, name, config))
		})
	}
}

// connect is a nats.go client until the test ends.
func connect(t *testing.T, s *peer.Server, options ...nats.Option) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(s.URL, append([]nats.Option{nats.Timeout(patience)}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// awaitInterest returns when somebody subscribes to subject, which costs them one message.
func awaitInterest(t *testing.T, nc *nats.Conn, subject string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; {
		_, err := nc.Request(subject, []byte("are you there?"), 20*time.Millisecond)
		if !errors.Is(err, nats.ErrNoResponders) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("nobody subscribes to %s", subject)
		}
	}
}

// await receives from c, within reason.
func await[T any](t *testing.T, what string, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		t.Fatalf("%s: did not happen", what)
	}
	return v
}

// timeout fires when nobody has patience any more.
func timeout() <-chan time.Time { return time.After(patience) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

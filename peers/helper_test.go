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
	for deadline := time.Now().Add(patience); !interested(t, nc, subject); {
		if time.Now().After(deadline) {
			t.Fatalf("nobody subscribes to %s", subject)
		}
	}
}

// interested asks somebody who need not answer: that there is nobody would be known before the end of the flush.
func interested(t *testing.T, nc *nats.Conn, subject string) bool {
	t.Helper()
	sub, err := nc.SubscribeSync(nc.NewInbox())
	must(t, err)
	defer sub.Unsubscribe()
	must(t, nc.PublishRequest(subject, sub.Subject, []byte("are you there?")))
	must(t, nc.FlushTimeout(patience))
	m, err := sub.NextMsg(time.Millisecond)
	return !errors.Is(err, nats.ErrNoResponders) && (m == nil || m.Header.Get("Status") != "503")
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

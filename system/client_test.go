package system_test

import (
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

const patience = 30 * time.Second

// login connects a user whose password is its name.
func login(t *testing.T, url, user string, options ...nats.Option) *nats.Conn {
	t.Helper()
	options = append([]nats.Option{nats.UserInfo(user, user), nats.Name(user), nats.NoReconnect(), nats.Timeout(patience),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {})}, options...)
	nc, err := nats.Connect(url, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// nobody is what comes back where no service is.
const nobody = "there is nobody"

// ask answers what comes back. What has to stay silent is published by the caller, before something that does not.
func ask(t *testing.T, nc *nats.Conn, subject, body string) string {
	t.Helper()
	m, err := nc.Request(subject, []byte(body), patience)
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return nobody
	case err != nil:
		t.Fatalf("%s %s: %v", subject, body, err)
	}
	return string(m.Data)
}

// listen subscribes, and what happens from now on comes through the channel.
func listen(t *testing.T, nc *nats.Conn, subjects ...string) <-chan *nats.Msg {
	t.Helper()
	heard := make(chan *nats.Msg, 1024)
	for _, subject := range subjects {
		if _, err := nc.ChanSubscribe(subject, heard); err != nil {
			t.Fatal(err)
		}
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	return heard
}

// next waits for the next message to subject; others before it are left out.
func next(t *testing.T, heard <-chan *nats.Msg, subject string) *nats.Msg {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case m := <-heard:
			if m.Subject == subject {
				return m
			}
		case <-late:
			t.Fatalf("nothing came to %s", subject)
		}
	}
}

package leafnode_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"leafgate/gateway"
	"leafgate/internal/peer"
	"leafgate/module"
)

func TestBothWays(t *testing.T) {
	hub := startHub(t, hubConf(""))
	site := startSite(t, remote(hub, ""))
	exchange(t, hub, site)
	if u := uplinks(site)[0]; u.Error != "" {
		t.Errorf("the link says of itself %+v", u)
	}
}

// exchange has everything cross the site's one link to the hub.
func exchange(t *testing.T, hub *peer.Server, site *gateway.Gateway) {
	t.Helper()
	cross(t, connect(t, hub.URL), connect(t, siteURL(site)))
	u := awaitState(t, func() module.Uplink { return uplinks(site)[0] }, "connected")
	if u.State != "connected" || u.Since.IsZero() || u.InMsgs < 100 || u.OutMsgs < 100 || u.Dropped != 0 {
		t.Errorf("the link says of itself %+v", u)
	}
}

// cross has everything cross a link, by clients at its ends.
func cross(t *testing.T, up, down *nats.Conn) {
	t.Helper()
	above, below := subscribe(t, up, "up.>"), subscribe(t, down, "down.*")
	awaitInterest(t, down, "up.x")
	want(t, above, "ready?")
	awaitInterest(t, up, "down.x")
	want(t, below, "ready?")
	for i := range 100 {
		text := fmt.Sprint(i)
		publish(t, down, "up."+text, text)
		publish(t, up, "down."+text, text)
		want(t, above, text)
		want(t, below, text)
	}

	// Headers, both ways.
	m := &nats.Msg{Subject: "up.h", Header: nats.Header{"A": {"1", "2"}}, Data: []byte("with")}
	must(t, down.PublishMsg(m))
	if got := want(t, above, "with").Header; !slices.Equal(got["A"], []string{"1", "2"}) {
		t.Errorf("headers upwards: %v", got)
	}
	m.Subject = "down.h"
	must(t, up.PublishMsg(m))
	if got := want(t, below, "with").Header; !slices.Equal(got["A"], []string{"1", "2"}) {
		t.Errorf("headers downwards: %v", got)
	}

	// Large ones, and none larger than the other side takes.
	large := strings.Repeat("x", 1<<20)
	publish(t, down, "up.large", large)
	want(t, above, large)
	publish(t, up, "down.large", large)
	want(t, below, large)

	// Requests, both ways.
	serve := func(nc *nats.Conn, subject string) {
		t.Helper()
		_, err := nc.Subscribe(subject, func(m *nats.Msg) { _ = m.Respond(append([]byte(subject+": "), m.Data...)) })
		must(t, err)
		must(t, nc.Flush())
	}
	serve(up, "svc.above")
	serve(down, "svc.below")
	awaitInterest(t, down, "svc.above")
	awaitInterest(t, up, "svc.below")
	for range 20 {
		r, err := down.Request("svc.above", []byte("q"), patience)
		must(t, err)
		if string(r.Data) != "svc.above: q" {
			t.Errorf("got %q", r.Data)
		}
		r, err = up.Request("svc.below", []byte("q"), patience)
		must(t, err)
		if string(r.Data) != "svc.below: q" {
			t.Errorf("got %q", r.Data)
		}
	}
	must(t, above.Unsubscribe())
	must(t, below.Unsubscribe())
}

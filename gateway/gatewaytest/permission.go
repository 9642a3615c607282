package gatewaytest

import (
	"errors"
	"slices"
	"testing"
)

// users is the configuration of the tests about rights: free may do everything, bound what begins with "in.", but for
// "in.no.".
const users = `authorization { users: [
	{ user: free, password: free-pw }
	{ user: bound, password: bound-pw, permissions: {
		publish: { allow: ["in.>", "last"], deny: "in.no.>" }
		subscribe: { allow: ["in.>", "last"], deny: "in.no.>" } } }
] }`

// Who has no valid credentials is refused, and is no peer of the engine.
func testCredentials(t *testing.T, d *Driver) {
	s := newStage(t, d, Limits{}, users)
	for _, c := range []struct{ name, user, password string }{
		{"no credentials", "", ""},
		{"a wrong password", "free", "bound-pw"},
		{"an empty password", "free", ""},
		{"an unknown user", "nobody", "free-pw"},
	} {
		if _, err := s.open(c.user, c.password); !errors.Is(err, ErrDenied) {
			t.Errorf("with %s: got %v, want ErrDenied", c.name, err)
		}
	}
	if n := s.endpoints(); n != 0 {
		t.Errorf("the engine has %d peers, want none", n)
	}
	c := s.clientOf("free", "free-pw", "a")
	c.publish("a", "1")
	c.expect(message{"a", "1"})
}

// A publication without permission reaches nobody.
func testDeniedPublish(t *testing.T, d *Driver) {
	s := newStage(t, d, Limits{}, users)
	sub := s.clientOf("free", "free-pw", ">")
	bound := s.clientOf("bound", "bound-pw")
	for _, subject := range []string{"out.a", "in.no.a", "in.no.a.b", "lasting", "out.a"} {
		bound.publish("in.yes.a", "before "+subject)
		bound.publish(subject, "denied")
		if d.DeniedEnds {
			bound.ends()
			bound = s.clientOf("bound", "bound-pw")
		}
		sub.expect(message{"in.yes.a", "before " + subject})
	}
	bound.sync()
	bound.publish(last, "")
	if got := sub.rest(); len(got) != 0 {
		t.Errorf("got %v, want nothing", got)
	}
}

// A subscription without permission is refused, and the connection goes on. Within an allowed pattern, what is denied is
// left out.
func testDeniedSubscribe(t *testing.T, d *Driver) {
	s := newStage(t, d, Limits{}, users)
	bound, pub := s.clientOf("bound", "bound-pw", last), s.clientOf("free", "free-pw")
	for _, pattern := range []string{"out.a", ">", "*.a", "*.>", "in.no.a", "in.no.*", "in.no.>"} {
		if err := bound.Subscribe(pattern, ""); !errors.Is(err, ErrDenied) {
			t.Errorf("subscribe to %s: got %v, want ErrDenied", pattern, err)
		}
	}
	if !d.NoQueues {
		if err := bound.Subscribe("out.q", "workers"); !errors.Is(err, ErrDenied) {
			t.Errorf("join a queue group: got %v, want ErrDenied", err)
		}
	}
	if n := s.subscriptions(); n != 1 {
		t.Errorf("the engine has %d subscriptions, want 1", n)
	}
	bound.subscribe("in.>")
	for range 3 { // the engine remembers subjects that come again
		for _, subject := range []string{"in.yes.a", "in.no.a", "in.no.a.b", "out.a", "in.a"} {
			pub.publish(subject, "")
		}
	}
	pub.publish(last, "")
	want := slices.Repeat([]message{{subject: "in.yes.a"}, {subject: "in.a"}}, 3)
	if got := bound.rest(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

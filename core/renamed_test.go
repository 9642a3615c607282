package core_test

import (
	"slices"
	"testing"

	"leafgate/core"
)

// TestAs: who gets a message is one thing, what it is called another.
func TestAs(t *testing.T) {
	s := newSpace(t)
	lines, taker := newSink(), newSink()
	reader, client := s.attach(core.Peer{}, lines), s.attach(core.Peer{}, taker)
	s.lines(reader, "in.*", "1")
	s.subscribe(client, "in.box", core.SubOptions{})
	s.subscribe(client, "other", core.SubOptions{})
	batch := s.Get()
	m := batch.Message()
	for range 3 {
		for _, as := range []string{"", "other", "third"} {
			m.Subject, m.Payload, m.As = []byte("in.box"), []byte("x"), nil
			if as != "" {
				m.As = []byte(as)
			}
			if n, err := batch.Publish(client, m); n != 2 || err != nil {
				t.Errorf("as %q: %d matched, %v", as, n, err)
			}
		}
	}
	s.Put(batch)
	var want []string
	text := ""
	for range 3 {
		want = append(want, "in.box x", "other x", "third x")
		text += "in.box 1 x\nother 1 x\nthird 1 x\n"
	}
	if !slices.Equal(taker.plain, want) || lines.text() != text {
		t.Errorf("got %q and %q", taker.plain, lines.text())
	}
}

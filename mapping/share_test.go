package mapping_test

import (
	"errors"
	"strings"
	"testing"

	"leafgate/mapping"
)

func TestParseShare(t *testing.T) {
	for _, test := range []struct {
		in, name, filter string
		shared           bool
		err              error
	}{
		{in: "a/b"},
		{in: "$share"},
		{in: "$shared/g/a"},
		{in: "$SHARE/g/a"},
		{in: "x/$share/g/a"},
		{in: "$queue/a"},
		{in: ""},
		{in: "$share/g/a", shared: true, name: "g", filter: "a"},
		{in: "$share/g/a/+/#", shared: true, name: "g", filter: "a/+/#"},
		{in: "$share/g//", shared: true, name: "g", filter: "/"},
		{in: "$share/g.h *ü/#", shared: true, name: "g.h *ü", filter: "#"},
		{in: "$share/$share/$share/a", shared: true, name: "$share", filter: "$share/a"},
		{in: "$share//a", shared: true, err: mapping.ErrShare},
		{in: "$share/", shared: true, err: mapping.ErrShare},
		{in: "$share//", shared: true, err: mapping.ErrShare},
		{in: "$share/g", shared: true, err: mapping.ErrShare},
		{in: "$share/g/", shared: true, err: mapping.ErrShare},
		{in: "$share/g+/a", shared: true, err: mapping.ErrShare},
		{in: "$share/#/a", shared: true, err: mapping.ErrShare},
		{in: "$share/g\x00/a", shared: true, err: mapping.ErrNUL},
		{in: "$share/g\xff/a", shared: true, err: mapping.ErrUTF8},
		{in: "$share/g/" + long, shared: true, err: mapping.ErrTooLong},
	} {
		sh, shared, err := mapping.ParseShare([]byte(test.in))
		if string(sh.Name) != test.name || string(sh.Filter) != test.filter || shared != test.shared || !errors.Is(err, test.err) {
			t.Errorf("%.30q: got %q, %q, %v, %v", test.in, sh.Name, sh.Filter, shared, err)
		}
	}
}

func TestAppendQueue(t *testing.T) {
	for _, test := range []struct{ name, filter, want string }{
		{"g", "a", "g/sa"},
		{"g", "a/b/#", "g/sa/sb/s#"},
		{"g", "+/+", "g/s+/s+"},
		{"g.1", "a.b c", "g//1/sa//b/_c"},
		{"*", ">", "*/s>"},
		{"g", "/", "g/s/s"},
		{"\t", "\n\r\f\x7f", "/t/s/n/r/f/d"},
		{"ü", "室/内", "ü/s室/s内"},
	} {
		got := mapping.AppendQueue([]byte("dst "), mapping.Share{Name: []byte(test.name), Filter: []byte(test.filter)})
		if string(got) != "dst "+test.want {
			t.Errorf("%q, %q: got %q, want %q", test.name, test.filter, got[4:], test.want)
		}
	}
}

// Different shares have different queue groups, which are one token and one word of the text protocols.
func TestQueuesExhaustively(t *testing.T) {
	seen := map[string]string{}
	var dst []byte
	words("/.s *+_", depth(6), func(word []byte) {
		sh, shared, err := mapping.ParseShare(append([]byte("$share/"), word...))
		if !shared || err != nil {
			return
		}
		dst = mapping.AppendQueue(dst[:0], sh)
		if other, ok := seen[string(dst)]; ok {
			t.Fatalf("%q and %q are both %q", word, other, dst)
		}
		seen[string(dst)] = string(word)
		if strings.ContainsAny(string(dst), ". ") || len(dst) < 2 {
			t.Fatalf("%q: %q is not one token", word, dst)
		}
	})
	if len(seen) < 1000 {
		t.Errorf("only %d shares", len(seen))
	}
}

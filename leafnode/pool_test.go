package leafnode

import (
	"net/url"
	"slices"
	"testing"

	"leafgate/leafnode/wire"
)

func urls(t *testing.T, list ...string) (all []*url.URL) {
	t.Helper()
	for _, s := range list {
		u, err := parseURL(s)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, u)
	}
	return all
}

func TestPool(t *testing.T) {
	p := pool{configured: urls(t, "nats-leaf://u:p@hub.example", "tls://10.0.0.1:1234")}
	round := func() (all []string) {
		for _, u := range p.round() {
			all = append(all, u.String())
		}
		return all
	}
	check := func(want ...string) {
		t.Helper()
		if got := round(); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	first, second, third := "nats-leaf://u:p@hub.example:7422", "tls://10.0.0.1:1234", "nats-leaf://u:p@10.0.0.2:7422"
	check(first, second)
	p.learn([]string{"10.0.0.1:1234", "10.0.0.2:7422", "10.0.0.2:7422", "nonsense", ":1", "x:"})
	check(first, second, third)
	p.last = "hub.example:7422"
	check(second, third, first)
	p.learn(nil)
	check(second, first)
	p.last, p.shuffle = "", true
	seen := make(map[string]bool)
	for range 100 {
		seen[round()[0]] = true
	}
	if len(seen) != 2 {
		t.Errorf("always the same first: %v", seen)
	}
	for i, want := range []string{"hub.example", "hub.example"} {
		if got := p.serverName(p.configured[i]); got != want {
			t.Errorf("server name of %s: %s", p.configured[i].Host, got)
		}
	}
	many := make([]string, 1000)
	for i := range many {
		many[i] = "h" + string(rune('a'+i%26)) + string(rune('a'+i/26)) + ":1"
	}
	if p.learn(many); len(p.learned) != mostLearned {
		t.Errorf("learned %d", len(p.learned))
	}
}

func TestRights(t *testing.T) {
	told := &wire.Rights{Allow: []string{"a.>", "q.* workers", "in valid x"}, Deny: []string{"a.no", "a.b.>", ".."}}
	r := newRights(told, []string{"a.local"})
	for _, tc := range []struct {
		pattern, queue string
		asks           bool
	}{
		{"a.x", "", true}, {"a.no", "", false}, {"a.b.c", "", false}, {"a.b.*", "", false}, {"a.*", "", true}, {"a.local", "", false},
		{"*", "", false}, {">", "", true}, {"b", "", false}, {"q.x", "", false}, {"q.x", "workers", true}, {"q.x", "others", false},
		{"$JS.API.INFO", "", false}, {"$JS.ACK.S.C", "", true}, {"_R_.x.>", "", true}, {"$LDS.x", "", true}, {"$SYS.>", "", false},
	} {
		if got := r.subscribes(tc.pattern, tc.queue); got != tc.asks {
			t.Errorf("%s %s: asks %v, want %v", tc.pattern, tc.queue, got, tc.asks)
		}
	}
	for subject, want := range map[string]bool{"a.x": true, "a.no": false, "b": false, "_R_.x.1": true, "$KV.b": false, "a.local": false} {
		if got := r.Accepts([]byte(subject)); got != want {
			t.Errorf("%s: passes %v, want %v", subject, got, want)
		}
	}
	if open := newRights(nil, nil); !open.Accepts([]byte("x")) || open.Accepts([]byte("$JS.API.INFO")) || !open.subscribes(">", "") {
		t.Error("without rights everything passes but what never does")
	}
	if none := newRights(&wire.Rights{Allow: []string{}}, nil); none.Accepts([]byte("x")) || none.subscribes(">", "") || none.subscribes("x", "") {
		t.Error("an empty list allows nothing")
	}
}

package mqtt

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"leafgate/core"
	"leafgate/mapping"
)

// retain makes a retained message for a topic.
func retain(t testing.TB, topic string, until int64) *Retained {
	t.Helper()
	subject, err := mapping.AppendSubject(nil, []byte(topic))
	if err != nil {
		t.Fatalf("%q: %v", topic, err)
	}
	m := &core.Message{Subject: subject, Raw: []byte(topic), Payload: []byte("x")}
	return &Retained{Message: m.Clone(), Until: until}
}

func parseFilter(t testing.TB, filter string) *mapping.Filter {
	t.Helper()
	f, err := mapping.ParseFilter([]byte(filter))
	if err != nil {
		t.Fatalf("%q: %v", filter, err)
	}
	return &f
}

// topics lists what was found, sorted.
func topics(found []*Retained) []string {
	var list []string
	for _, r := range found {
		list = append(list, string(r.Message.Raw))
	}
	slices.Sort(list)
	return list
}

// naiveMatch is section 4.7 of the standard on topics, and what is reserved.
func naiveMatch(filter, topic string) bool {
	wild := filter[0] == '+' || filter[0] == '#'
	if wild && (topic[0] == '$' || mapping.ReservedTopic([]byte(topic))) {
		return false
	}
	levels, wanted := strings.Split(topic, "/"), strings.Split(filter, "/")
	for i, want := range wanted {
		switch {
		case want == "#":
			return true
		case i == len(levels) || want != "+" && want != levels[i]:
			return false
		}
	}
	return len(levels) == len(wanted)
}

func TestRetainedMatch(t *testing.T) {
	var tree retainedTree
	for _, topic := range []string{"a", "a/b", "a/b/c", "a/bc", "a/b/d/e", "a/", "/a", "/", "*", "a/*/c", "a/>", "a/*b", "a.b/c",
		"$SYS/x", "$x", "_INBOX/q", "_A", "_a/b", "long/" + strings.Repeat("l", 100) + "/z"} {
		if replaced := tree.set(retain(t, topic, 0)); replaced != nil {
			t.Errorf("%q replaced %q", topic, replaced.Message.Raw)
		}
	}
	for _, c := range []struct {
		filter string
		want   []string
	}{
		{filter: "a", want: []string{"a"}},
		{filter: "a/b", want: []string{"a/b"}},
		{filter: "a/b/d", want: nil}, // a node in between, or part of one
		{filter: "a/+", want: []string{"a/", "a/*b", "a/>", "a/b", "a/bc"}},
		{filter: "a/+/c", want: []string{"a/*/c", "a/b/c"}},
		{filter: "a/*/c", want: []string{"a/*/c"}}, // * is no wildcard of MQTT
		{filter: "a/>", want: []string{"a/>"}},
		{filter: "*", want: []string{"*"}},
		{filter: "a/b/#", want: []string{"a/b", "a/b/c", "a/b/d/e"}},
		{filter: "a/b/d/#", want: []string{"a/b/d/e"}},
		{filter: "+/b/d/e/#", want: []string{"a/b/d/e"}},
		{filter: "+/b/d/e/+", want: nil},
		{filter: "+", want: []string{"*", "a"}},
		{filter: "+/#", want: []string{"*", "/", "/a", "_a/b", "a", "a.b/c", "a/", "a/*/c", "a/*b", "a/>", "a/b", "a/b/c", "a/b/d/e", "a/bc",
			"long/" + strings.Repeat("l", 100) + "/z"}},
		{filter: "$SYS/#", want: []string{"$SYS/x"}},
		{filter: "$SYS/+", want: []string{"$SYS/x"}},
		{filter: "$x/#", want: []string{"$x"}},
		{filter: "_INBOX/+", want: []string{"_INBOX/q"}},
		{filter: "_A", want: []string{"_A"}},
		{filter: "long/+/z", want: []string{"long/" + strings.Repeat("l", 100) + "/z"}},
		{filter: "none/#", want: nil},
	} {
		if got := topics(tree.match(nil, parseFilter(t, c.filter), 0)); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.filter, got, c.want)
		}
	}
	if got := len(tree.match(nil, &mapping.Filter{Subject: ">"}, 0)); got != tree.count() {
		t.Errorf("> matches %d of %d where $ is not left out", got, tree.count())
	}
}

// Messages come in the order in which their subjects did, as long as none goes, and behind what the caller has already.
func TestRetainedOrder(t *testing.T) {
	var tree retainedTree
	first := retain(t, "first", 0)
	want := []*Retained{first}
	for i := range 1000 {
		want = append(want, retain(t, fmt.Sprintf("dev/%d", i*7919%1000), 0))
		tree.set(want[i+1])
	}
	if got := tree.match([]*Retained{first}, parseFilter(t, "dev/+"), 0); !slices.Equal(got, want) {
		t.Errorf("order is lost: %q", topics(got))
	}
}

func TestRetainedExpiry(t *testing.T) {
	var tree retainedTree
	for topic, until := range map[string]int64{"a": 0, "a/b": 10, "a/b/c": 20, "a/d": 30, "$x/y": 20} {
		tree.set(retain(t, topic, until))
	}
	for _, c := range []struct {
		now     int64
		expired []string
		left    []string
	}{
		{now: 9, left: []string{"a", "a/b", "a/b/c", "a/d"}},
		{now: 10, expired: []string{"a/b"}, left: []string{"a", "a/b/c", "a/d"}},
		{now: 10, left: []string{"a", "a/b/c", "a/d"}},
		{now: 25, expired: []string{"$x/y", "a/b/c"}, left: []string{"a", "a/d"}},
		{now: 1 << 62, expired: []string{"a/d"}, left: []string{"a"}},
		{now: 1<<63 - 1, left: []string{"a"}},
	} {
		if got := topics(tree.match(nil, parseFilter(t, "#"), c.now)); !slices.Equal(got, c.left) {
			t.Errorf("%d: found %q, want %q", c.now, got, c.left)
		}
		if got := topics(tree.sweep(c.now)); !slices.Equal(got, c.expired) {
			t.Errorf("%d: swept %q, want %q", c.now, got, c.expired)
		}
		if got := topics(tree.match(nil, parseFilter(t, "#"), 0)); !slices.Equal(got, c.left) {
			t.Errorf("%d: left %q, want %q", c.now, got, c.left)
		}
		checkTree(t, &tree)
	}
}

// checkTree walks the tree: counts are right, nothing empty is left, indexes agree.
func checkTree(t *testing.T, tree *retainedTree) {
	t.Helper()
	held, size := 0, 0
	var walk func(n *retainedNode, above string)
	walk = func(n *retainedNode, above string) {
		seen := map[string]bool{}
		for i, c := range n.below {
			token := firstToken(c.path)
			if c.at != i || seen[token] || child(n, token) != c || n.index != nil && len(n.index) != len(n.below) {
				t.Fatalf("below %q, %q is at %d, not %d, or twice, or not found", above, c.path, i, c.at)
			}
			seen[token] = true
			if c.held == nil && len(c.below) < 2 {
				t.Fatalf("%q is left below %q with %d below", c.path, above, len(c.below))
			}
			if r := c.held; r != nil {
				held++
				size += r.size()
				if string(r.Message.Subject) != above+c.path {
					t.Fatalf("%q is held at %q", r.Message.Subject, above+c.path)
				}
			}
			walk(c, above+c.path+".")
		}
		if cap(n.below) > max(4*len(n.below)+8, fewNodes) {
			t.Fatalf("below %q there is room for %d, used %d", above, cap(n.below), len(n.below))
		}
	}
	walk(&tree.open, "")
	walk(&tree.hidden, "")
	if tree.count() != held || tree.bytes() != size {
		t.Fatalf("count and bytes are %d and %d, want %d and %d", tree.count(), tree.bytes(), held, size)
	}
}

// randomWord is a topic, or with wildcards a filter, from a few levels, so that many meet.
func randomWord(rng *rand.Rand, wild bool) string {
	levels := []string{"a", "b", "ab", "", "*", ">", "*a", "a.b", "$s", "_X", "_", "_INBOX", "c c", "é"}
	word := make([]string, 1+rng.IntN(5))
	for i := range word {
		word[i] = levels[rng.IntN(len(levels))]
		switch n := rng.IntN(8); {
		case wild && n < 2:
			word[i] = "+"
		case wild && n == 2 && i == len(word)-1:
			word[i] = "#"
		case n == 3:
			word[i] = fmt.Sprint("n", rng.IntN(40))
		}
	}
	return strings.Join(word, "/")
}

// The tree does what a map of topics would, searched with the standard's rules.
func TestRetainedRandomly(t *testing.T) {
	for seed := range uint64(3) {
		rng := rand.New(rand.NewPCG(seed, 2))
		var tree retainedTree
		model := map[string]*Retained{}
		now := int64(1)
		for step := range 3000 {
			topic := randomWord(rng, false)
			if topic == "" {
				continue
			}
			r := retain(t, topic, max(0, rng.Int64N(200)-100)/50*(now+rng.Int64N(500)))
			growing := step/750%2 == 0
			switch n := rng.IntN(20); {
			case n == 0:
				now += rng.Int64N(50)
				swept := topics(tree.sweep(now))
				var want []string
				for topic, r := range model {
					if r.expired(now) {
						want = append(want, topic)
						delete(model, topic)
					}
				}
				slices.Sort(want)
				if !slices.Equal(swept, want) {
					t.Fatalf("step %d: swept %q, want %q", step, swept, want)
				}
			case n < 5 || n < 15 && growing:
				if got := tree.set(r); got != model[topic] {
					t.Fatalf("step %d: set %q replaced %v, want %v", step, topic, got, model[topic])
				}
				model[topic] = r
			default:
				if !growing { // random topics would miss most
					for topic = range model {
						break
					}
					r = retain(t, topic, 0)
				}
				if got := tree.remove(r.Message.Subject); got != model[topic] {
					t.Fatalf("step %d: remove %q = %v, want %v", step, topic, got, model[topic])
				}
				delete(model, topic)
			}
			if got := tree.get(r.Message.Subject); got != model[topic] {
				t.Fatalf("step %d: get %q = %v, want %v", step, topic, got, model[topic])
			}
			if step%50 == 0 {
				checkTree(t, &tree)
				checkFilters(t, &tree, model, rng, now)
			}
		}
	}
}

func checkFilters(t *testing.T, tree *retainedTree, model map[string]*Retained, rng *rand.Rand, now int64) {
	t.Helper()
	for range 30 {
		filter := randomWord(rng, true)
		if filter == "" {
			continue
		}
		f := parseFilter(t, filter)
		var want, mapped []string
		for topic, r := range model {
			if r.expired(now) {
				continue
			}
			if naiveMatch(filter, topic) {
				want = append(want, topic)
			}
			if f.Matches(r.Message.Subject) {
				mapped = append(mapped, topic)
			}
		}
		slices.Sort(want)
		slices.Sort(mapped)
		if got := topics(tree.match(nil, f, now)); !slices.Equal(got, want) || !slices.Equal(mapped, want) {
			t.Fatalf("%q finds %q, mapping says %q, want %q", filter, got, mapped, want)
		}
	}
}

// However deep a subject is, there are two nodes at most for each message, and none when all are gone.
func TestRetainedDepth(t *testing.T) {
	var tree retainedTree
	deep := strings.Repeat("/", mapping.MaxTopic-4)
	for _, topic := range []string{deep + "a", deep + "b", deep, deep[:100], deep[:100] + "x/y", "x", "x" + deep} {
		tree.set(retain(t, topic, 1))
	}
	nodes := 0
	var walk func(n *retainedNode)
	walk = func(n *retainedNode) {
		nodes += len(n.below)
		for _, c := range n.below {
			walk(c)
		}
	}
	if walk(&tree.open); nodes > 2*tree.count() {
		t.Errorf("%d nodes for %d messages", nodes, tree.count())
	}
	checkTree(t, &tree)
	if got := len(tree.match(nil, parseFilter(t, "+/#"), 0)); got != tree.count() {
		t.Errorf("%d match, want %d", got, tree.count())
	}
	if n := len(tree.sweep(1)); n != 7 || tree.count() != 0 || tree.open.below != nil || tree.open.index != nil {
		t.Errorf("%d swept, %d left, root %+v", n, tree.count(), tree.open)
	}
}

// Whoever reads while others write finds whole messages.
func TestRetainedConcurrently(t *testing.T) {
	var tree retainedTree
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(g), 3))
			var found []*Retained
			for range 2000 {
				topic := fmt.Sprintf("d/%d/%d", rng.IntN(20), rng.IntN(5))
				r := retain(t, topic, 1+rng.Int64N(10))
				tree.set(r)
				if got := tree.get(r.Message.Subject); got != nil && string(got.Message.Raw) != topic {
					t.Errorf("get %q = %q", topic, got.Message.Raw)
				}
				found = tree.match(found[:0], parseFilter(t, "d/+/"+fmt.Sprint(rng.IntN(5))), 5)
				for _, r := range found {
					if r.expired(5) {
						t.Errorf("%q has expired", r.Message.Raw)
					}
				}
				if rng.IntN(3) == 0 {
					tree.remove(r.Message.Subject)
				}
				if rng.IntN(50) == 0 {
					tree.sweep(5)
				}
				if tree.count() > 100 || tree.bytes() < 0 {
					t.Errorf("%d messages for 100 topics", tree.count())
				}
			}
		})
	}
	wg.Wait()
	checkTree(t, &tree)
}

// tenThousand returns a tree of 10,000 messages below one prefix.
func tenThousand(t testing.TB, format string) (tree *retainedTree, list []*Retained) {
	tree = &retainedTree{}
	for i := range 10_000 {
		r := retain(t, fmt.Sprintf(format, i), 0)
		tree.set(r)
		list = append(list, r)
	}
	return tree, list
}

func TestRetainedAllocs(t *testing.T) {
	tree, list := tenThousand(t, "site/one/a-token-of-more-than-thirty-two-bytes-%d/temp")
	var found []*Retained
	all := parseFilter(t, "site/one/+/temp")
	run := func() { found = tree.match(found[:0], all, 0) }
	run()
	if len(found) != len(list) {
		t.Fatalf("%d match, want %d", len(found), len(list))
	}
	if n := testing.AllocsPerRun(10, run); n != 0 {
		t.Errorf("match: %v allocations", n)
	}
	one := parseFilter(t, string(list[77].Message.Raw))
	exact := func() {
		for i := range 1000 {
			if tree.get(list[i].Message.Subject) != list[i] {
				t.Fatalf("%q is not found", list[i].Message.Raw)
			}
			if tree.set(list[i]) != list[i] {
				t.Fatalf("%q is not replaced", list[i].Message.Raw)
			}
			found = tree.match(found[:0], one, 0)
		}
	}
	if n := testing.AllocsPerRun(10, exact); n != 0 {
		t.Errorf("get, set and match: %v allocations in 1,000", n)
	}
}

// The tree itself costs little beside the messages, and nothing once they are gone.
func TestRetainedMemory(t *testing.T) {
	const limit = 200 // bytes for each message
	messages := make([]*Retained, 50_000)
	for i := range messages {
		messages[i] = retain(t, fmt.Sprintf("site/%d/temp", i), 0)
	}
	var tree retainedTree
	before := heapInUse()
	for _, r := range messages {
		tree.set(r)
	}
	each := (heapInUse() - before) / int64(len(messages))
	t.Logf("%d bytes for each of %d", each, len(messages))
	if each > limit {
		t.Errorf("%d bytes for each message, at most %d", each, limit)
	}
	for _, r := range messages[:len(messages)-20] {
		tree.remove(r.Message.Subject)
	}
	checkTree(t, &tree)
	if left := heapInUse() - before; left > 500_000 {
		t.Errorf("%d bytes are kept for 20 messages", left)
	}
	runtime.KeepAlive(messages)
}

func heapInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func BenchmarkRetainedMatch(b *testing.B) {
	tree, _ := tenThousand(b, "site/one/%d/temp")
	for _, filter := range []string{"site/one/+/temp", "site/#", "site/one/77/temp", "site/one/77/#"} {
		b.Run(filter, func(b *testing.B) {
			f := parseFilter(b, filter)
			var found []*Retained
			b.ReportAllocs()
			for b.Loop() {
				found = tree.match(found[:0], f, 0)
			}
			b.ReportMetric(float64(len(found)), "found")
		})
	}
}

func BenchmarkRetainedGet(b *testing.B) {
	tree, list := tenThousand(b, "site/one/%d/temp")
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		tree.get(list[i*7919%len(list)].Message.Subject)
	}
}

func BenchmarkRetainedSet(b *testing.B) {
	tree, list := tenThousand(b, "site/one/%d/temp")
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		tree.set(list[i*7919%len(list)])
	}
}

package core_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"leafgate/core"
)

// naive is the specification: token by token.
func naive(pattern, subject string) bool {
	p, s := strings.Split(pattern, "."), strings.Split(subject, ".")
	for i := range p {
		if p[i] == ">" && i == len(p)-1 {
			return len(s) > i
		}
		if i >= len(s) || (p[i] != "*" && p[i] != s[i]) {
			return false
		}
	}
	return len(p) == len(s)
}

func validSubject(s string) bool {
	for t := range strings.SplitSeq(s, ".") {
		if t == "" {
			return false
		}
	}
	return true
}

// FuzzSubjectMatch compares Covers, the index, its removal, and the memo with the naive reader.
func FuzzSubjectMatch(f *testing.F) {
	for _, s := range []string{"a|a", "a.*,a.b,>,*.b|a.b", "a.>,a.b.>|a.b.c", "*.*.*|a.b", "a.*.c,*.b.*|a.b.c", "a|.a", "*|*", "a.*|a.>", "é.*|é.ü", "a\x00|a\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		list, subject, _ := strings.Cut(in, "|")
		s, expect := newSpace(t), 0
		ep := s.attach(core.Peer{}, null{})
		var subs []*core.Subscription
		for pattern := range strings.SplitSeq(list, ",") {
			sub, err := ep.Subscribe(pattern, core.SubOptions{})
			if (err == nil) != core.ValidPattern(pattern) {
				t.Fatalf("subscribe to %q: %v", pattern, err)
			}
			if err != nil {
				continue
			}
			subs = append(subs, sub)
			if validSubject(subject) && naive(pattern, subject) {
				expect++
			}
			if lit := core.IsLiteral(subject) && validSubject(subject); lit && core.Covers(pattern, subject) != naive(pattern, subject) {
				t.Fatalf("Covers(%q, %q) = %v", pattern, subject, !naive(pattern, subject))
			}
		}
		pub := s.attach(core.Peer{}, null{})
		b := s.Get()
		defer s.Put(b)
		for range 3 {
			n, err := publish(b, pub, subject, "")
			if err == nil && n != expect {
				t.Fatalf("%q in %q: %d, want %d", subject, list, n, expect)
			}
		}
		for _, sub := range subs {
			ep.Unsubscribe(sub, 0)
		}
		if n, _ := publish(b, pub, subject, ""); n != 0 {
			t.Fatalf("%d left after all unsubscribed", n)
		}
	})
}

func randomSubject(r *rand.Rand, wild bool) string {
	tokens := make([]string, 1+r.IntN(4))
	for i := range tokens {
		tokens[i] = string(rune('a' + r.IntN(3)))
		if wild && r.IntN(4) == 0 {
			tokens[i] = "*"
		}
	}
	if wild && r.IntN(4) == 0 {
		tokens[len(tokens)-1] = ">"
	}
	return strings.Join(tokens, ".")
}

// A remembered match is never stale, whatever is subscribed and unsubscribed in between.
func TestMemoFollowsChanges(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	s := newSpace(t)
	ep, pub := s.attach(core.Peer{}, null{}), s.attach(core.Peer{}, null{})
	var subs []*core.Subscription
	b := s.Get()
	defer s.Put(b)
	for i := range 20000 {
		if r.IntN(3) == 0 {
			subs = append(subs, s.lines(ep, randomSubject(r, true), "1"))
		}
		if k := len(subs); k > 0 && r.IntN(3) == 0 {
			at := r.IntN(k)
			ep.Unsubscribe(subs[at], 0)
			subs[at] = subs[k-1]
			subs = subs[:k-1]
		}
		subject, expect := randomSubject(r, false), 0
		for _, sub := range subs {
			if naive(sub.Subject, subject) {
				expect++
			}
		}
		if n, err := publish(b, pub, subject, "x"); n != expect || err != nil {
			t.Fatalf("step %d: %s reached %d of %d, err %v", i, subject, n, expect, err)
		}
		if i%7 == 0 {
			b.Flush()
		}
	}
}

// A covering pattern matches whatever the covered one matches.
func TestCoversIsSubset(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var all []string
	for _, a := range []string{"a", "b"} {
		all = append(all, a)
		for _, b := range []string{"a", "b"} {
			all = append(all, a+"."+b)
			for _, c := range []string{"a", "b"} {
				all = append(all, fmt.Sprintf("%s.%s.%s", a, b, c), fmt.Sprintf("%s.%s.%s.z", a, b, c))
			}
		}
	}
	for range 5000 {
		p, q := randomSubject(r, true), randomSubject(r, true)
		if !core.Covers(p, q) {
			continue
		}
		for _, s := range all {
			if naive(q, s) && !naive(p, s) {
				t.Fatalf("%q covers %q but does not match %q", p, q, s)
			}
		}
	}
}

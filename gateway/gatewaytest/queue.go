package gatewaytest

import (
	"slices"
	"strconv"
	"testing"
)

// A queue group gets each message once and every member some, until one is left, who gets all. Who is in no group gets
// all anyway.
func testQueueGroups(t *testing.T, d *Driver) {
	if d.NoQueues {
		t.Skip("this frontend has no queue groups")
	}
	const count = 400
	s := newStage(t, d, Limits{}, "")
	members := []*client{s.member("workers"), s.member("workers"), s.member("workers"), s.member("workers")}
	other, plain, pub := s.member("others"), s.client("q.a", last), s.client()
	var all []message
	for i := range count {
		all = append(all, message{"q.a", strconv.Itoa(i)})
	}
	round := func(members ...*client) {
		t.Helper()
		for _, m := range all {
			pub.publish(m.subject, m.payload)
		}
		pub.publish(last, "")
		for _, c := range []*client{other, plain} {
			if got := c.rest(); !slices.Equal(got, all) {
				t.Errorf("a client that shares with nobody got %d messages, want all %d", len(got), count)
			}
		}
		everyOne(t, members, all)
	}
	round(members...)
	for _, m := range members[1:] {
		m.Close()
	}
	s.eventually("the members are gone", func() bool { return s.endpoints() == 4 })
	round(members[0])
}

// member opens a client that joins a queue group, and hears of the last message by itself.
func (s *stage) member(queue string) *client {
	s.Helper()
	c := s.client(last)
	if err := c.Subscribe("q.a", queue); err != nil {
		s.Fatalf("join %s: %v", queue, err)
	}
	return c
}

// everyOne reads what members got: together all of want, and each of them some, in order.
func everyOne(t *testing.T, members []*client, want []message) {
	t.Helper()
	got := make(map[message]int)
	for i, m := range members {
		part := m.rest()
		if len(part) == 0 {
			t.Errorf("member %d of %d got none of %d messages", i, len(members), len(want))
		}
		if !slices.IsSortedFunc(part, byNumber) {
			t.Errorf("member %d got messages out of order", i)
		}
		for _, m := range part {
			got[m]++
		}
	}
	for _, m := range want {
		if got[m] != 1 {
			t.Errorf("%v came %d times, want once", m, got[m])
		}
	}
	if len(got) != len(want) {
		t.Errorf("the group got %d messages, want %d", len(got), len(want))
	}
}

func byNumber(a, b message) int {
	x, _ := strconv.Atoi(a.payload)
	y, _ := strconv.Atoi(b.payload)
	return x - y
}

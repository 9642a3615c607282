package mqtt

import (
	"testing"
	"time"
)

// A right to answer is used up, ends with its time, and is for one topic.
func TestGrants(t *testing.T) {
	now := time.Now()
	late, soon := now.Add(-time.Second).UnixNano(), now.Add(time.Minute).UnixNano()
	s := &session{grants: []grant{{"late", late}, {"twice", soon}, {"once", soon}, {"twice", soon}}}
	for i, x := range []struct {
		topic string
		want  bool
	}{{"late", false}, {"late", false}, {"other", false}, {"twice", true}, {"once", true}, {"once", false}, {"twice", true}, {"twice", false}} {
		if got := s.takeGrant([]byte(x.topic)); got != x.want {
			t.Errorf("%d: %q may be answered: %v", i, x.topic, got)
		}
	}
	if len(s.grants) > 0 {
		t.Errorf("%d rights are left", len(s.grants))
	}
}

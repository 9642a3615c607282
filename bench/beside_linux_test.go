package main

import (
	"strings"
	"testing"
	"time"
)

// The row beside stores is told by the medians of all its rounds.
func TestBesideNote(t *testing.T) {
	round := func(p99 ...time.Duration) sample {
		s := make([]sample, 3)
		for i, d := range p99 {
			s[i] = sample{Messages: 1000, Elapsed: time.Second, ServerCPU: time.Second, Latency: &latency{P99: d * time.Microsecond}}
		}
		s[2].Without, s[2].Memory = &s[0], &s[1]
		return s[2]
	}
	o := outcome{Row: "mqtt-beside-stored"}
	for _, s := range []sample{round(100, 160, 200), round(110, 900, 210), round(90, 150, 5000)} {
		o.add(s, nil)
	}
	want := "p99 x2.10 of alone (100µs), x1.31 of the same load in memory (160µs)"
	if got := notesText(&o); !strings.Contains(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestBesideFake(t *testing.T) {
	tr := testTrial(t, "mqtt-beside-stored", 128, startFake(t, nil))
	s, err := tr.row.run(tr)
	if err != nil {
		t.Fatal(err)
	}
	if s.Latency == nil || s.Without == nil || s.Memory == nil || s.Memory.Latency == nil {
		t.Errorf("got %+v", s)
	}
}

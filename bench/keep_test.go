package main

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"
)

// TestBudget: what there is no time for is counted, and a later run goes on where the one before ended.
func TestBudget(t *testing.T) {
	kept := filepath.Join(t.TempDir(), "kept.json")
	j := job{row: row{name: "1:1"}, size: 16, servers: []string{"leafgate", "nats-server"}}
	tries := map[string]int{}
	chunk := func(rounds int, end time.Time) (*book, int) {
		t.Helper()
		b, err := openBook(kept)
		if err == nil {
			err = b.begin(setting{Options: &options{Seconds: 1}})
		}
		c := contest{o: &options{Rounds: rounds}, bins: []*binary{{Name: "leafgate"}, {Name: "nats-server"}}, book: b, end: end,
			try: func(_ context.Context, _ job, on *binary) (sample, error) {
				tries[on.Name]++
				return sample{Messages: 1000, ServerCPU: time.Duration(1000 * tries[on.Name])}, nil
			}}
		if err == nil {
			_, err = c.run(t.Context(), j)
		}
		if err != nil {
			t.Fatal(err)
		}
		return b, c.left
	}
	if _, left := chunk(2, time.Time{}); left != 0 || tries["leafgate"] != 2 || tries["nats-server"] != 2 {
		t.Fatalf("%d rounds left after %v", left, tries)
	}
	if _, left := chunk(5, time.Now().Add(-time.Second)); left != 6 || tries["leafgate"] != 2 {
		t.Errorf("%d rounds left after %v, want 6", left, tries)
	}
	b, left := chunk(5, time.Time{})
	if left != 0 || tries["leafgate"] != 5 || tries["nats-server"] != 5 {
		t.Errorf("%d rounds left after %v", left, tries)
	}
	if o := b.all()[0]; len(b.all()) != 2 || o.Server != "leafgate" || len(o.Rounds) != 5 || o.CPU != 3 {
		t.Errorf("kept are %+v", o)
	}
}

// TestVoidIsKept: a row that failed is not tried again.
func TestVoidIsKept(t *testing.T) {
	kept := filepath.Join(t.TempDir(), "kept.json")
	for range 2 {
		b, err := openBook(kept)
		if err != nil {
			t.Fatal(err)
		}
		c := contest{o: &options{Rounds: 3}, bins: []*binary{{Name: "leafgate"}}, book: b,
			try: func(context.Context, job, *binary) (sample, error) { return sample{}, errors.New("3 lost") }}
		results, err := c.run(t.Context(), job{row: row{name: "1:1"}, servers: []string{"leafgate"}})
		if err != nil || results[0].Void != "3 lost" {
			t.Fatalf("got %+v, %v", results[0], err)
		}
		c.try = func(context.Context, job, *binary) (sample, error) { t.Error("tried again"); return sample{}, nil }
		if _, err = c.run(t.Context(), job{row: row{name: "1:1"}, servers: []string{"leafgate"}}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestKeptAlike: rounds that were measured differently do not make one table.
func TestKeptAlike(t *testing.T) {
	kept := filepath.Join(t.TempDir(), "kept.json")
	for i, seconds := range []float64{2, 2, 1} {
		b, err := openBook(kept)
		if err != nil {
			t.Fatal(err)
		}
		if err = b.begin(setting{Options: &options{Seconds: seconds}}); (err != nil) != (i == 2) {
			t.Errorf("run %d of %gs: %v", i, seconds, err)
		}
	}
}

// TestGoals: each is for rows that are there, of sizes that they have, and against a peer that they run on.
func TestGoals(t *testing.T) {
	jobs, err := selectJobs(everyRow, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, j := range jobs {
		g := goalOf(j.row.name, j.size)
		if g.peer == "" {
			continue
		}
		seen[j.row.name] = true
		if g.peer != j.servers[len(j.servers)-1] {
			t.Errorf("%s is compared with %s, its goal is against %s", j.row.name, j.servers[len(j.servers)-1], g.peer)
		}
		if g.limit == "" || g.stretch > g.cpu || g.better > g.bytes || (g.bytes > 0) != (j.size == 0 && j.row.name != "mqtt-connects") && g.cpu+g.bytes > 0 {
			t.Errorf("%s: goal %+v", j.row.name, g)
		}
	}
	for _, g := range goals {
		for _, name := range g.rows {
			if !seen[name] {
				t.Errorf("no row is named %s, which has a goal", name)
			}
		}
	}
}

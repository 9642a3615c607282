package journal_test

import (
	"sync"
	"testing"

	"leafgate/journal"
	"leafgate/journal/journaltest"
)

// A counter is a Waiter that counts.
type counter struct {
	mu      sync.Mutex
	records int
	failed  error
}

func (c *counter) Done(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.records++; err != nil {
		c.failed = err
	}
}

func TestAllocations(t *testing.T) {
	hold := make(chan struct{})
	fs := journaltest.New()
	j := open(t, fs, journal.Options{Staging: 16 << 20})
	r, c := message(7), &counter{}
	for range 10_000 { // buffers grow once
		j.Append(r, c)
	}
	if err := j.Sync(); err != nil {
		t.Fatal(err)
	}
	begun := make(chan struct{}, 1)
	fs.SetFaults(journaltest.Faults{OnSync: func() {
		select {
		case begun <- struct{}{}:
		default:
		}
		<-hold
	}})
	j.Append(r, c)
	<-begun // the committer is out of the way
	for range 4000 {
		j.Append(r, c)
	}
	perRun := testing.AllocsPerRun(1, func() {
		for range 1000 {
			if _, err := j.Append(r, c); err != nil {
				t.Fatal(err)
			}
		}
	})
	if perRun > 8 { // what grows is doubled
		t.Errorf("append: %v allocations for 1,000 messages", perRun)
	}
	close(hold)
	key, id := []byte("done"), []byte{1, 2}
	if err := j.Sync(); err != nil {
		t.Fatal(err)
	}
	var buf []byte
	var got journal.Record
	buf, _ = j.Read(1, &got, buf)
	if n := testing.AllocsPerRun(1000, func() { buf, _ = j.Read(3, &got, buf) }); n != 0 {
		t.Errorf("read: %v allocations", n)
	}
	marks := testing.AllocsPerRun(1, func() {
		for range 1000 {
			if _, err := j.Mark(key, id, nil); err != nil {
				t.Fatal(err)
			}
		}
	})
	if marks > 200 { // the file system in memory allocates for every write
		t.Errorf("mark: %v allocations for 1,000 marks", marks)
	}
	if err := j.Sync(); err != nil || c.failed != nil {
		t.Error(err, c.failed)
	}
}

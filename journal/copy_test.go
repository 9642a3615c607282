package journal_test

import (
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"leafgate/journal"
	"leafgate/journal/journaltest"
)

// A copy is made by another process while the store is written to and compacted: what was acknowledged before it began is
// there, above all what is carried over meanwhile.
func TestCopyWhileRunning(t *testing.T) {
	const rare = 50 // messages that are never replaced, so that they are carried over again and again
	fs := journaltest.New()
	j := open(t, fs, journal.Options{SegmentSize: 4096, Latest: true})
	record := func(subject string, n uint64) *journal.Record {
		return &journal.Record{Subject: []byte(subject), Payload: binary.AppendUvarint(nil, n)}
	}
	for i := range rare {
		put(t, j, record(fmt.Sprint("rare.", i), uint64(i)))
	}
	var wg sync.WaitGroup
	var told atomic.Uint64
	stop := make(chan struct{})
	wg.Go(func() {
		for n := uint64(1); ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := try(j, record("often", n)); err != nil {
				t.Error(err)
			}
			told.Store(n)
		}
	})
	wait(t, "compaction", func() bool { return j.Stats().Carried > rare })
	for range 20 {
		to, atLeast := journaltest.New(), told.Load()
		if _, err := journal.Copy(fs, to); err != nil {
			t.Fatal(err)
		}
		to = to.Crash(journaltest.All, random(1)) // it is durable
		found := map[string]uint64{}
		c := open(t, to, journal.Options{Visit: func(_ *journal.Journal, r *journal.Record) {
			found[string(r.Subject)], _ = binary.Uvarint(r.Payload)
		}})
		for _, l := range c.Report().Lost {
			if l.Cause != journal.Torn {
				t.Errorf("lost %v", l)
			}
		}
		for i := range rare {
			if n, ok := found[fmt.Sprint("rare.", i)]; !ok || n != uint64(i) {
				t.Errorf("message %d is not there", i)
			}
		}
		if found["often"] < atLeast {
			t.Errorf("message %d is the last, %d was acknowledged", found["often"], atLeast)
		}
		c.Close()
	}
	close(stop)
	wg.Wait()
	if _, err := journal.Copy(fs, fs); err == nil {
		t.Error("a copy into a directory with files")
	}
}

// Damage is copied, and told; nothing is changed where it comes from.
func TestCopyDamaged(t *testing.T) {
	fs := filled(t, 100)
	name := segments(t, fs)[0]
	fs.Damage(name, func(b []byte) []byte { b[1000] ^= 1; return b })
	before := fs.Bytes(name)
	r, err := journal.Copy(fs, journaltest.New())
	if err != nil || len(r.Lost) != 1 || r.Lost[0].Cause != journal.Damaged || r.Records != 99 {
		t.Errorf("%+v, %v", r, err)
	}
	if string(fs.Bytes(name)) != string(before) {
		t.Error("it was changed")
	}
	if r, err := journal.Copy(journaltest.New(), journaltest.New()); err != nil || r.Records != 0 {
		t.Errorf("of nothing: %+v, %v", r, err)
	}
	large := journaltest.New()
	j := open(t, large, journal.Options{})
	for i := range 100 {
		put(t, j, message(i))
	}
	j.Close()
	large.SetFaults(journaltest.Faults{ReadErr: 10000}) // a sector that cannot be read costs what is in it
	if r, err := journal.Copy(large, journaltest.New()); err != nil || r.Records < 50 || r.Records > 98 || len(r.Lost) == 0 {
		t.Errorf("with a bad sector: %+v, %v", r, err)
	}
}

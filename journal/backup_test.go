package journal_test

import (
	"sync"
	"testing"

	"leafgate/journal"
	"leafgate/journal/journaltest"
)

// A backup is the store as it was at one moment, made while it is written to and compacted.
func TestBackupWhileRunning(t *testing.T) {
	fs := journaltest.New()
	j := open(t, fs, journal.Options{SegmentSize: 4096, Limits: journal.Limits{Bytes: 64 << 10}})
	for i := range 200 {
		put(t, j, message(i))
	}
	var wg sync.WaitGroup
	stop, begun := make(chan struct{}), make(chan struct{})
	wg.Go(func() {
		for i := 200; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := try(j, message(i)); err != nil {
				t.Error(err)
			}
			if i == 250 {
				close(begun)
			}
		}
	})
	<-begun
	for range 10 {
		to := journaltest.New()
		atLeast := j.Next()
		if err := j.Backup(to); err != nil {
			t.Fatal(err)
		}
		to = to.Crash(journaltest.All, random(1)) // it is durable
		c := open(t, to, journal.Options{})
		list := all(t, c)
		rep := c.Report()
		if !rep.Clean || len(rep.Lost) > 0 || rep.Next < atLeast || len(list) != int(rep.Next-rep.First) {
			t.Errorf("%d records, %+v", len(list), rep)
		}
		for _, r := range list {
			if !same(r, message(int(r.Seq)-1)) {
				t.Errorf("record %d differs", r.Seq)
			}
		}
		put(t, c, message(1))
		c.Close()
	}
	close(stop)
	wg.Wait()
	if err := j.Backup(fs); err == nil {
		t.Error("a backup into a directory with files")
	}
}

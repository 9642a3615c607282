package journal_test

import (
	"fmt"
	"sync"
	"testing"

	"leafgate/journal"
)

// BenchmarkAppend appends messages of 200 bytes to a real disk, group commit; a name says how many are not acknowledged
// at most.
func BenchmarkAppend(b *testing.B) {
	for _, outstanding := range []int{1, 64, 4096} {
		b.Run(fmt.Sprint(outstanding), func(b *testing.B) {
			j := open(b, journal.Dir(b.TempDir()), journal.Options{})
			r := &journal.Record{Key: []byte("m"), Subject: []byte("plant.7.temperature"), Payload: make([]byte, 200)}
			slots := make(chan struct{}, outstanding)
			done := journal.Func(func(error) { <-slots })
			b.SetBytes(200)
			b.ReportAllocs()
			for b.Loop() {
				slots <- struct{}{}
				if _, err := j.Append(r, done); err != nil {
					b.Fatal(err)
				}
			}
			if err := j.Sync(); err != nil {
				b.Fatal(err)
			}
			s := j.Stats()
			b.ReportMetric(s.WrittenPerMessage(), "written/op")
			b.ReportMetric(float64(s.Messages)/float64(s.Syncs), "msgs/sync")
		})
	}
}

// BenchmarkStage is what Append costs who calls it.
func BenchmarkStage(b *testing.B) {
	j := open(b, journal.Dir(b.TempDir()), journal.Options{Sync: journal.Interval, Staging: 64 << 20})
	r := &journal.Record{Time: 1, Key: []byte("m"), Subject: []byte("plant.7.temperature"), Payload: make([]byte, 200)}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if n++; n%10_000 == 0 {
			b.StopTimer()
			if err := j.Sync(); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
		if _, err := j.Append(r, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRecover opens a store with a million small records.
func BenchmarkRecover(b *testing.B) {
	const n = 1_000_000
	dir := journal.Dir(b.TempDir())
	j := open(b, dir, journal.Options{})
	r := &journal.Record{Time: 1, Key: []byte("m"), Subject: []byte("plant.7"), Payload: make([]byte, 16)}
	for range n {
		_, err := j.Append(r, nil)
		for err != nil {
			if err = j.Sync(); err == nil {
				_, err = j.Append(r, nil)
			}
		}
	}
	j.Close()
	b.ReportAllocs()
	for b.Loop() {
		seen := 0
		j := open(b, dir, journal.Options{Visit: func(*journal.Journal, *journal.Record) { seen++ }})
		if seen != n {
			b.Fatalf("%d records", seen)
		}
		b.ReportMetric(float64(j.Report().Bytes)/n, "bytes/record")
		j.Close()
	}
}

func BenchmarkRead(b *testing.B) {
	j := open(b, journal.Dir(b.TempDir()), journal.Options{})
	r := &journal.Record{Time: 1, Key: []byte("m"), Subject: []byte("plant.7"), Payload: make([]byte, 200)}
	var wg sync.WaitGroup
	for range 10_000 {
		wg.Add(1)
		if _, err := j.Append(r, journal.Func(func(error) { wg.Done() })); err != nil {
			b.Fatal(err)
		}
	}
	wg.Wait()
	b.ReportAllocs()
	var buf []byte
	var got journal.Record
	seq := uint64(0)
	for b.Loop() {
		var err error
		if buf, err = j.Read(seq*7919%10_000+1, &got, buf); err != nil {
			b.Fatal(err)
		}
		seq++
	}
}

package journal_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"testing"

	"leafgate/journal"
	"leafgate/journal/journaltest"
)

// open opens a store and closes it at the end of the test, should it still be open.
func open(t testing.TB, dir journal.FS, o journal.Options) *journal.Journal {
	t.Helper()
	j, err := journal.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

// message is record i of a test: everything in it is told by i, and sizes differ.
func message(i int) *journal.Record {
	return &journal.Record{
		Time: int64(i) + 1, Key: fmt.Append(nil, "stream", i%3), Subject: fmt.Append(nil, "plant.", i%5),
		Header: bytes.Repeat([]byte{'h'}, i%7), Payload: append(fmt.Append(nil, i, ":"), bytes.Repeat([]byte{byte(i)}, i*37%300)...),
	}
}

func same(a, b *journal.Record) bool {
	return a.Time == b.Time && a.Mark == b.Mark && bytes.Equal(a.Key, b.Key) && bytes.Equal(a.Subject, b.Subject) &&
		bytes.Equal(a.Header, b.Header) && bytes.Equal(a.Payload, b.Payload)
}

func clone(r *journal.Record) *journal.Record {
	c := *r
	c.Key, c.Subject, c.Header, c.Payload = bytes.Clone(r.Key), bytes.Clone(r.Subject), bytes.Clone(r.Header), bytes.Clone(r.Payload)
	return &c
}

// put appends and waits until it is stored.
func put(t testing.TB, j *journal.Journal, r *journal.Record) uint64 {
	t.Helper()
	done := make(chan error, 1)
	seq, err := j.Append(r, journal.Func(func(err error) { done <- err }))
	if err == nil {
		err = <-done
	}
	if err != nil {
		t.Fatalf("append: %v", err)
	}
	return seq
}

// try appends and waits.
func try(j *journal.Journal, r *journal.Record) (uint64, error) {
	done := make(chan error, 1)
	seq, err := j.Append(r, journal.Func(func(err error) { done <- err }))
	if err != nil {
		return 0, err
	}
	return seq, <-done
}

// all reads the log from the first record on.
func all(t testing.TB, j *journal.Journal) (list []*journal.Record) {
	t.Helper()
	rd := j.Reader(0)
	defer rd.Close()
	for {
		var r journal.Record
		switch err := rd.Next(&r); {
		case errors.Is(err, io.EOF):
			return list
		case err != nil:
			t.Fatal(err)
		}
		list = append(list, clone(&r))
	}
}

func segments(t testing.TB, fs journal.FS) (list []string) {
	t.Helper()
	names, err := fs.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if len(name) > 4 && name[len(name)-4:] == ".seg" {
			list = append(list, name)
		}
	}
	return list
}

// filled is a store with n messages in segments of 4 KiB, closed.
func filled(t testing.TB, n int) *journaltest.FS {
	t.Helper()
	fs := journaltest.New()
	j := open(t, fs, journal.Options{SegmentSize: 4096})
	for i := range n {
		put(t, j, message(i))
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return fs
}

func random(seed int) *rand.Rand { return rand.New(rand.NewPCG(uint64(seed), 7)) }

// newer makes the header at the beginning of a segment one of the next version.
func newer(b []byte) []byte {
	b[8]++
	binary.LittleEndian.PutUint32(b[60:], crc32.Checksum(b[:60], crc32.MakeTable(crc32.Castagnoli)))
	return b
}

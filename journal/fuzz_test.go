package journal_test

import (
	"bytes"
	"errors"
	"testing"

	"leafgate/journal"
	"leafgate/journal/journaltest"
)

// What is appended is what is read, whatever bytes it has.
func FuzzRecord(f *testing.F) {
	f.Add([]byte("stream"), []byte("plant.7"), []byte("h: 1"), []byte("payload"), int64(1), false)
	f.Add([]byte{}, []byte{}, []byte{}, []byte{}, int64(-1), false)
	f.Add([]byte("key"), []byte{}, []byte{}, bytes.Repeat([]byte{0}, 300), int64(0), true)
	f.Fuzz(func(t *testing.T, key, subject, header, payload []byte, stamp int64, mark bool) {
		r := &journal.Record{Key: key, Payload: payload, Mark: true}
		if !mark {
			r = &journal.Record{Key: key, Subject: subject, Header: header, Payload: payload, Time: max(stamp, 1)}
		}
		fs := journaltest.New()
		j := open(t, fs, journal.Options{})
		seq := put(t, j, r)
		var got journal.Record
		if _, err := j.Read(seq, &got, nil); err != nil || !same(&got, r) {
			t.Fatalf("read %+v, %v, want %+v", got, err, r)
		}
		j.Close()
		visited := 0
		j = open(t, fs, journal.Options{Visit: func(_ *journal.Journal, v *journal.Record) {
			if visited++; !same(v, r) {
				t.Errorf("visited %+v, want %+v", v, r)
			}
		}})
		if rep := j.Report(); visited != 1 || len(rep.Lost) > 0 {
			t.Errorf("visited %d, %+v", visited, rep)
		}
		j.Close()
	})
}

// Whatever the files say, the store opens, takes records, and opens again with them.
func FuzzRecover(f *testing.F) {
	whole := filled(f, 20)
	names := segments(f, whole)
	f.Add(whole.Bytes(names[0]), whole.Bytes("head"), 0, byte(1))
	f.Add([]byte{}, []byte{}, 100, byte(0))
	f.Add(whole.Bytes(names[0])[:500], []byte("x"), 70, byte(255))
	f.Add(append(whole.Bytes(names[0]), make([]byte, 100)...), whole.Bytes("head")[:64], 200, byte(8))
	f.Fuzz(func(t *testing.T, segment, head []byte, at int, flip byte) {
		fs := whole.Clone()
		fs.Damage("head", func([]byte) []byte { return head })
		fs.Damage(names[0], func([]byte) []byte {
			if b := bytes.Clone(segment); at >= 0 && at < len(b) {
				b[at] ^= flip
				return b
			}
			return segment
		})
		j, err := journal.Open(fs, journal.Options{})
		if errors.Is(err, journal.ErrNewer) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		r := message(3)
		seq := put(t, j, r)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		j = open(t, fs, journal.Options{})
		var got journal.Record
		if _, err := j.Read(seq, &got, nil); err != nil || !same(&got, r) {
			t.Errorf("read %+v, %v", got, err)
		}
		j.Close()
	})
}

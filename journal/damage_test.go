package journal_test

import (
	"errors"
	"io"
	"slices"
	"testing"

	"leafgate/journal"
	"leafgate/journal/journaltest"
)

// visit opens a store and returns what is there by position, and the report. It takes an append afterwards.
func visit(t *testing.T, fs *journaltest.FS) (map[uint64]*journal.Record, *journal.Report) {
	t.Helper()
	found := map[uint64]*journal.Record{}
	j := open(t, fs, journal.Options{Visit: func(_ *journal.Journal, r *journal.Record) { found[r.Seq] = clone(r) }})
	put(t, j, message(7))
	if err := j.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	return found, j.Report()
}

// told checks that of n records every one is as it was written, or reported as lost.
func told(t *testing.T, n int, found map[uint64]*journal.Record, report *journal.Report) (lost int) {
	t.Helper()
	for i := range n {
		seq := uint64(i) + 1
		switch r := found[seq]; {
		case r != nil && same(r, message(i)):
		case r == nil && reported(report, seq):
			lost++
		default:
			t.Fatalf("record %d is missing or wrong and not reported: %+v, %+v", seq, r, report)
		}
	}
	return lost
}

func TestDamagedJournal(t *testing.T) {
	const n = 200
	whole := filled(t, n)
	names := segments(t, whole)
	first, middle, last := names[0], names[len(names)/2], names[len(names)-1]
	cut := func(by int) func([]byte) []byte { return func(b []byte) []byte { return b[:len(b)-by] } }
	zero := func(from, to int) func([]byte) []byte {
		return func(b []byte) []byte {
			clear(b[from:min(to, len(b))])
			return b
		}
	}
	for _, test := range []struct {
		name   string
		file   string
		change func([]byte) []byte // nil: the file is gone
		cause  journal.Cause
		least  int // records lost
		most   int
	}{
		{"torn tail", last, cut(3), journal.Torn, 1, 1},
		{"tail of a segment in the middle", middle, cut(3), journal.Damaged, 1, 1},
		{"zeroed tail", last, func(b []byte) []byte { return append(b, make([]byte, 5000)...) }, journal.Torn, 0, 0},
		{"zeros instead of a tail", last, func(b []byte) []byte { clear(b[len(b)/2:]); return b }, journal.Torn, 1, 25},
		{"zeros in the middle", middle, zero(1000, 1100), journal.Damaged, 1, 4},
		{"a page of zeros", middle, zero(64, 4096), journal.Damaged, 10, 40},
		{"garbage behind the end", last, func(b []byte) []byte { return append(b, "garbage, more than a frame is long"...) }, journal.Torn, 0, 0},
		{"header", middle, zero(0, 64), journal.Damaged, 0, 0},
		{"header of the last", last, zero(0, 64), journal.Damaged, 0, 0},
		{"empty", middle, func([]byte) []byte { return nil }, journal.Missing, 10, 40},
		{"last is empty", last, func([]byte) []byte { return nil }, journal.Missing, 1, 40},
		{"first is missing", first, nil, journal.Missing, 10, 40},
		{"middle is missing", middle, nil, journal.Missing, 10, 40},
		{"last is missing", last, nil, journal.Missing, 1, 40},
		{"a record twice", middle, func(b []byte) []byte { return append(b[:64:64], append(slices.Clone(b[64:1000]), b[64:]...)...) }, journal.Damaged, 0, 4},
		{"head", "head", zero(0, 8192), journal.Head, 0, 0},
		{"head, turned", "head", func(b []byte) []byte { return append([]byte{1}, b...) }, journal.Head, 0, 0},
		{"head is missing", "head", nil, journal.Head, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			fs := whole.Clone()
			if test.change == nil {
				fs.Delete(test.file)
			} else {
				fs.Damage(test.file, test.change)
			}
			found, report := visit(t, fs)
			if lost := told(t, n, found, report); lost < test.least || lost > test.most {
				t.Errorf("%d records lost, want %d to %d: %+v", lost, test.least, test.most, report)
			}
			if !slices.ContainsFunc(report.Lost, func(l journal.Lost) bool { return l.Cause == test.cause }) {
				t.Errorf("%v is not reported: %v", test.cause, report.Lost)
			}
		})
	}
}

// The newest segment is missed even if the store was not closed.
func TestNewestMissing(t *testing.T) {
	const n = 60
	fs := journaltest.New()
	j := open(t, fs, journal.Options{SegmentSize: 4096})
	for i := range n {
		put(t, j, message(i))
	}
	fs = fs.Crash(journaltest.Nothing, nil)
	j.Close()
	names := segments(t, fs)
	fs.Delete(names[len(names)-1])
	found, report := visit(t, fs)
	if lost := told(t, n, found, report); lost == 0 || report.Lost[0].Cause != journal.Missing {
		t.Errorf("%d records lost, %+v", lost, report)
	}
	if _, report := visit(t, fs); len(report.Lost) != 1 || report.Lost[0].From != uint64(len(found)+1) || report.Lost[0].To < n {
		t.Errorf("the next start reports %+v", report)
	}
}

// A bit that flips anywhere costs one record at most, and is reported.
func TestBitFlips(t *testing.T) {
	const n = 60
	whole := filled(t, n)
	flips := 0
	for _, name := range append(segments(t, whole), "head") {
		for bit := 0; bit < 8*len(whole.Bytes(name)); bit += 53 {
			fs := whole.Clone()
			flip := func(b []byte) []byte { b[bit/8] ^= 1 << (bit % 8); return b }
			if fs.Damage(name, flip); name == "head" && bit/8 >= 64 && (bit/8 < 4096 || bit/8 >= 4160) {
				continue // between the slots
			}
			found, report := visit(t, fs)
			if lost := told(t, n, found, report); lost > 1 || len(report.Lost) == 0 {
				t.Fatalf("%s, bit %d: %d records lost, %v", name, bit, lost, report.Lost)
			}
			flips++
		}
	}
	if flips < 300 {
		t.Errorf("%d flips only", flips)
	}
}

// What turns bad after the start is stepped over by readers, and reported.
func TestDamageWhileRunning(t *testing.T) {
	const n = 100
	fs := filled(t, n)
	var lost []journal.Lost
	j := open(t, fs, journal.Options{Lost: func(l journal.Lost) { lost = append(lost, l) }})
	middle := segments(t, fs)[2]
	fs.Damage(middle, func(b []byte) []byte { clear(b[1000:1010]); return b })
	found := map[uint64]*journal.Record{}
	for _, r := range all(t, j) {
		found[r.Seq] = r
	}
	if gone := told(t, n, found, &journal.Report{Lost: lost}); gone != 1 || len(lost) != 1 || lost[0].Segment != middle {
		t.Errorf("%d records lost, %v", gone, lost)
	}
	var r journal.Record
	if _, err := j.Read(lost[0].From, &r, nil); !errors.Is(err, journal.ErrLost) {
		t.Errorf("read of a damaged record: %v", err)
	}
	for _, change := range []func(b []byte) []byte{func(b []byte) []byte { clear(b); return b }, func(b []byte) []byte { return b[:500] },
		func(b []byte) []byte { return b[:64] }} {
		fs.Damage(middle, change)
		lost = lost[:0]
		found = map[uint64]*journal.Record{}
		for _, r := range all(t, j) {
			found[r.Seq] = r
		}
		if gone := told(t, n, found, &journal.Report{Lost: lost}); gone < 5 || gone > 40 {
			t.Errorf("%d records lost, %v", gone, lost)
		}
	}
}

// Sectors that cannot be read cost what is in them.
func TestUnreadableSector(t *testing.T) {
	const n = 200
	fs := journaltest.New()
	j := open(t, fs, journal.Options{})
	for i := range n {
		put(t, j, message(i))
	}
	j.Close()
	fs.SetFaults(journaltest.Faults{ReadErr: 10_000})
	found, report := visit(t, fs)
	if lost := told(t, n, found, report); lost < 5 || lost > 50 {
		t.Errorf("%d records lost of %d", lost, n)
	}
}

// A payload that is a copy of a segment of the same store is no record, whatever happens to the record around it.
func TestPayloadLikeRecords(t *testing.T) {
	fs := filled(t, 20)
	image := fs.Bytes(segments(t, fs)[0])
	j := open(t, fs, journal.Options{})
	put(t, j, &journal.Record{Time: 5, Subject: []byte("copy"), Payload: image})
	put(t, j, message(21))
	j.Close()
	names := segments(t, fs)
	fs.Damage(names[len(names)-1], func(b []byte) []byte { b[70] ^= 1; b[200] ^= 1; return b })
	seen := 0
	j = open(t, fs, journal.Options{Visit: func(_ *journal.Journal, r *journal.Record) { seen++ }})
	if rep := j.Report(); seen != 21 || len(rep.Lost) != 1 || rep.Lost[0].From != 21 || rep.Lost[0].To != 21 {
		t.Errorf("%d records, %v", seen, rep.Lost)
	}
}

// Damage is repeated by every start until its segment is dropped. Reading leaves the store as it is.
func TestReadOnlyOpen(t *testing.T) {
	fs := filled(t, 50)
	names := segments(t, fs)
	fs.Damage(names[len(names)-1], func(b []byte) []byte { return b[:len(b)-1] })
	before := fs.Ops()
	for range 2 {
		j := open(t, fs, journal.Options{ReadOnly: true})
		if rep := j.Report(); len(rep.Lost) == 0 || rep.Lost[0].Cause != journal.Torn || len(all(t, j)) != 49 {
			t.Errorf("report %+v", rep)
		}
		for _, err := range []error{j.Sync(), j.Tidy(), j.TrimTo(3)} {
			if !errors.Is(err, journal.ErrReadOnly) {
				t.Errorf("written to: %v", err)
			}
		}
		if _, err := j.Append(message(1), nil); !errors.Is(err, journal.ErrReadOnly) {
			t.Errorf("appended: %v", err)
		}
		rd := j.Reader(49)
		if err := errors.Join(rd.Next(&journal.Record{})); err != nil {
			t.Error(err)
		}
		if err := rd.Next(&journal.Record{}); err != io.EOF {
			t.Errorf("at the end: %v", err)
		}
		j.Close()
	}
	if fs.Ops() != before {
		t.Error("the store was changed")
	}
}

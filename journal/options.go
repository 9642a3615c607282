package journal

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// A Sync says when a record counts as stored.
type Sync uint8

const (
	// Group syncs as soon as the sync before is done, and takes all records that wait.
	Group Sync = iota
	// Always syncs for every record that somebody waits for.
	Always
	// Interval counts a record as stored once it is written, and syncs once per SyncInterval.
	Interval
)

var syncs = []string{"group", "always", "interval"}

func (s Sync) String() string { return syncs[s] }

// ParseSync reads "group", "always" or "interval".
func ParseSync(text string) (Sync, error) {
	for i, name := range syncs {
		if name == text {
			return Sync(i), nil
		}
	}
	return 0, fmt.Errorf("want group, always or interval, got %q", text)
}

// Limits bound the log, and what it takes of the disk. Zero is no bound. What is dropped goes from the front and as whole
// segments.
type Limits struct {
	Age      time.Duration // segments whose messages are all older are dropped
	Bytes    int64         // of all files; the oldest segments are dropped until it is kept
	Messages int64         // so many of the newest are kept at least, one segment more at most
	Refuse   bool          // at Bytes, Append answers ErrFull instead, and nothing is dropped for Bytes

	MinFree      int64 // bytes that stay free on the volume
	MinFreeShare int   // percent of the volume that stay free
	WearBudget   int64 // bytes per day; above it, a commit waits 20 ms for more records to share it
}

func (l *Limits) check() error {
	if min(l.Bytes, l.Messages, l.MinFree, l.WearBudget, int64(l.Age)) < 0 {
		return errors.New("negative limit")
	}
	if l.MinFreeShare < 0 || l.MinFreeShare > 99 {
		return fmt.Errorf("want 0 to 99 percent to stay free, got %d", l.MinFreeShare)
	}
	return nil
}

// Options of a journal. The zero value of a field is its default.
type Options struct {
	Sync         Sync
	SyncInterval time.Duration // of Interval; 1 s
	SegmentSize  int64         // bytes after which a new segment is begun; 16 MiB
	Staging      int           // bytes of records that may wait for the disk; 4 MiB
	Retry        time.Duration // after an error of the disk, how long until a new segment is tried; 1 s
	Limits       Limits

	// Latest keeps the last message of every key and subject; others are dropped when more than half of the log is.
	Latest bool

	// Live says whether the record is still needed, when compaction is about to give up its segment, and Moved where it
	// then stands. Without Live, and without Latest, only Limits drop anything. They are called from the journal's
	// goroutine, Moved once the copy is durable; Live may run at any time before. They may call Release and Append.
	// Live may change r's Key, Header and Payload: what is carried over is what it leaves. Guard, if there is one, is held
	// from the question until the copy is staged, so that nothing is appended between that makes it untrue.
	Live  func(r *Record) bool
	Moved func(id, seq uint64)
	Guard sync.Locker

	// Visit is called by Open with every record, in order. A record that was carried over may be there twice, under one
	// ID: the later one counts. It may call Release.
	Visit func(j *Journal, r *Record)

	// Trimmed is called when records before first are gone; Failed when the disk failed, with what it said, and with nil
	// when it works again; Lost with what is found damaged while it is read. They must not block, nor call Close.
	Trimmed func(first uint64)
	Failed  func(err error)
	Lost    func(l Lost)

	// ReadOnly leaves the store as it is, damage and all.
	ReadOnly bool

	// Clock tells the time, and a time that does not jump; nil: those of the machine.
	Clock func() (wall time.Time, steady time.Duration)
}

func (o Options) withDefaults() (Options, error) {
	if o.Latest && (o.Live != nil || o.Moved != nil) {
		return o, errors.New("Latest decides what is live: Live and Moved must be nil")
	}
	if int(o.Sync) >= len(syncs) {
		return o, fmt.Errorf("unknown sync mode %d", o.Sync)
	}
	if err := o.Limits.check(); err != nil {
		return o, err
	}
	if min(o.SegmentSize, int64(o.Staging), int64(o.Retry), int64(o.SyncInterval)) < 0 {
		return o, errors.New("negative limit")
	}
	or(&o.SyncInterval, time.Second)
	or(&o.SegmentSize, 16<<20)
	or(&o.Staging, 4<<20)
	or(&o.Retry, time.Second)
	if o.Limits.Bytes > 0 { // so that what is dropped at once is an eighth of the log
		o.SegmentSize = max(min(o.SegmentSize, o.Limits.Bytes/8), page)
	}
	o.Clock = orMachine(o.Clock)
	return o, nil
}

func or[T comparable](v *T, otherwise T) {
	var zero T
	if *v == zero {
		*v = otherwise
	}
}

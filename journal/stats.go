package journal

import "time"

// SyncBounds are the bounds of Stats.SyncsIn.
var SyncBounds = [...]time.Duration{
	500 * time.Microsecond, time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond,
	20 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, time.Second,
}

// Stats are counts since Open, and what is there.
type Stats struct {
	Messages int64 // stored
	Marks    int64 // stored
	Written  int64 // bytes, all in all: per message, it is what the disk has to take
	Commits  int64
	Syncs    int64                      // of records
	SyncTime time.Duration              // all of them
	Slowest  time.Duration              // the longest
	SyncsIn  [len(SyncBounds) + 1]int64 // how many took at most SyncBounds[i], and longer than the bound before; the last: longer than all
	Paced    int64                      // commits that waited for the wear budget

	Busy     int64 // records refused because too many waited
	Refused  int64 // records refused because the journal was full
	Failures int64 // times the disk failed
	Dropped  int64 // messages dropped by a limit that were not released
	Carried  int64 // records appended again by compaction
	Damaged  int64 // ranges found damaged while reading

	HeadErrors int64 // times the head file could not be written
	TidyErrors int64 // times limits and compaction ended early
	Leftovers  int64 // files of failed segments that could not be cleaned

	Segments int
	Bytes    int64 // of all segments
	Live     int64 // messages, and carried marks, that were not released
	First    uint64
	Next     uint64
	Failed   error // why nothing is stored now; nil: it works
}

// synced counts a sync that took d.
func (s *Stats) synced(d time.Duration) {
	s.Syncs++
	s.SyncTime += d
	s.Slowest = max(s.Slowest, d)
	i := 0
	for i < len(SyncBounds) && d > SyncBounds[i] {
		i++
	}
	s.SyncsIn[i]++
}

// WrittenPerMessage is bytes written per message stored.
func (s *Stats) WrittenPerMessage() float64 {
	if s.Messages == 0 {
		return 0
	}
	return float64(s.Written) / float64(s.Messages)
}

// Stats returns the counters.
func (j *Journal) Stats() Stats {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := j.stats
	s.Segments, s.Bytes, s.First, s.Next, s.Failed = len(j.segments), j.bytes(), j.first, j.committed, j.failed
	for _, seg := range j.segments {
		s.Live += seg.live
	}
	return s
}

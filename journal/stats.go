package journal

// Stats are counts since Open, and what is there.
type Stats struct {
	Messages int64 // stored
	Marks    int64 // stored
	Written  int64 // bytes, all in all: per message, it is what the disk has to take
	Commits  int64
	Syncs    int64 // of records
	Paced    int64 // commits that waited for the wear budget

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

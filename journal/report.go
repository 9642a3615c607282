package journal

import (
	"fmt"
	"time"
)

// A Cause says how records got lost.
type Cause uint8

const (
	Damaged Cause = iota // bytes in the middle are not what was written
	Missing              // a segment is not there
	Torn                 // the tail of the log was cut off: what was being written, if the store was not closed
	Head                 // the head file is damaged; no record is lost by that
	Unread               // a segment could not be opened or read
)

func (c Cause) String() string {
	return [...]string{"damaged", "missing", "torn tail", "head file damaged", "unreadable"}[c]
}

// Lost is a range of the log that cannot be read.
type Lost struct {
	Cause    Cause
	Segment  string // file name, or empty
	Offset   int64  // where the damage begins in it
	Bytes    int64  // how long it is
	From, To uint64 // records; To is 0 when nobody knows how many, and From too when it is none
}

func (l Lost) String() string {
	text := l.Cause.String()
	if l.Segment != "" {
		text += fmt.Sprintf(": %s at %d, %d bytes", l.Segment, l.Offset, l.Bytes)
	}
	switch {
	case l.From == 0:
		return text + ", no record lost"
	case l.To == 0:
		return text + fmt.Sprintf(", records from %d on", l.From)
	}
	return text + fmt.Sprintf(", records %d to %d", l.From, l.To)
}

// A Report says what Open found. Damage is reported by every Open until its segments are dropped.
type Report struct {
	Segments int
	Records  int64  // messages and marks that were read
	Bytes    int64  // of all segments
	First    uint64 // the log begins here
	Next     uint64 // and ends before this
	Clean    bool   // the store was closed. If not, records that were acknowledged by a disk that lies may be missing
	Lost     []Lost // the first hundred
	LostMore int    // how many more
	Unfixed  error  // why a torn tail or a segment before First is still there: the store cannot be written to
	Took     time.Duration
}

// Damage counts the ranges that are damaged or missing. A torn tail is none: it is what was being written when the process
// or the power went.
func (r *Report) Damage() int {
	n := r.LostMore
	for _, l := range r.Lost {
		if l.Cause != Torn {
			n++
		}
	}
	return n
}

const reported = 100

func (r *Report) lose(l Lost) {
	if len(r.Lost) == reported {
		r.LostMore++
		return
	}
	r.Lost = append(r.Lost, l)
}

func (r *Report) unfixed(err error) {
	if r.Unfixed == nil {
		r.Unfixed = err
	}
}

package mqtt

import "sort"

// A shelfEntry is a delivery, or the gap that it left.
type shelfEntry struct {
	pos    uint64
	record uint64 // ID; 0: none yet, or none at all
	held   *held  // the message, as long as it is needed here; nil: read it
	size   int32  // that counts against the bounds
	qos    byte
	flying bool // has a flight
	done   bool
}

func (e *shelfEntry) place() uint64 { return e.pos }

// shelfEntries are the deliveries of one session, in the order of their places, which is about that of their records. Gaps leave
// as in a [memoryQueue]. Pointers to entries are good until the next push or remove.
type shelfEntries struct {
	deque[shelfEntry]
	last   uint64 // the latest place
	gaps   int    // how many are done
	blank  int    // how many have no record: not yet, or not at all
	spread int    // how far entries stand from where their records would have them, at most
}

// add puts e behind the others and gives it the next place.
func (s *shelfEntries) add(e shelfEntry) *shelfEntry {
	s.last++
	e.pos = s.last
	s.push(e)
	return s.at(s.len() - 1)
}

// clear forgets all, but for the places that were given.
func (s *shelfEntries) clear() { *s = shelfEntries{last: s.last} }

// push and pop count entries without a record.
func (s *shelfEntries) push(e shelfEntry) {
	s.deque.push(e)
	if e.record == 0 {
		s.blank++
	}
}

func (s *shelfEntries) pop() shelfEntry {
	e, _ := s.deque.pop()
	if e.record == 0 {
		s.blank--
	}
	return e
}

// find returns what is still kept at pos, or nil.
func (s *shelfEntries) find(pos uint64) *shelfEntry {
	first := s.front()
	if first == nil || pos < first.pos || pos > s.last {
		return nil
	}
	n := s.search(pos, (*shelfEntry).place)
	if e := s.at(n); e.pos == pos && !e.done {
		return e
	}
	return nil
}

// remove makes a gap of e, and closes gaps.
func (s *shelfEntries) remove(e *shelfEntry) {
	*e = shelfEntry{pos: e.pos, record: e.record, done: true}
	s.gaps++
	for first := s.front(); first != nil && first.done; first = s.front() {
		s.pop()
		s.gaps--
	}
	if n := s.len(); n > leastRing && s.gaps > n/2 {
		for range n {
			if e := s.pop(); !e.done {
				s.push(e)
			}
		}
		s.gaps = 0
	}
	if s.len() == 0 {
		s.spread = 0
	}
}

// placed notes the record of the entry at pos.
func (s *shelfEntries) placed(pos, record uint64) {
	e := s.find(pos)
	if e == nil {
		return
	}
	e.record = record
	s.blank--
	// Entries stand in the order in which they were put; records in that in which messages were complete.
	for i := s.len() - 1; i >= 0; i-- {
		other := s.at(i)
		if other.pos <= pos {
			break
		}
		if other.record != 0 {
			s.spread = max(s.spread, int(other.pos-pos))
			break
		}
	}
}

// byRecord returns the entry of a record, behind skip others that have it too, or nil.
func (s *shelfEntries) byRecord(record uint64, skip int) *shelfEntry {
	n := s.len()
	at := sort.Search(n, func(i int) bool {
		e := s.at(i)
		return e.record >= record || e.record == 0
	})
	reach := 2*s.spread + 2
	if e := s.scan(max(0, at-reach), min(n, at+reach+1), record, skip); e != nil || s.blank == 0 && s.spread == 0 {
		return e
	}
	return s.scan(0, n, record, skip)
}

func (s *shelfEntries) scan(from, to int, record uint64, skip int) *shelfEntry {
	for i := from; i < to; i++ {
		if e := s.at(i); e.record == record && !e.done {
			if skip == 0 {
				return e
			}
			skip--
		}
	}
	return nil
}

// live yields those that are not done, in order. None may be pushed or removed meanwhile.
func (s *shelfEntries) live(yield func(e *shelfEntry) bool) {
	for i := range s.len() {
		if e := s.at(i); !e.done && !yield(e) {
			return
		}
	}
}

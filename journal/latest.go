package journal

import (
	"encoding/binary"
	"io"
	"math"
)

// A place is where the last message of a subject is.
type place struct{ id, seq uint64 }

func subjectKey(b []byte, r *Record) []byte {
	b = binary.AppendUvarint(b, uint64(len(r.Key)))
	return append(append(b, r.Key...), r.Subject...)
}

// noteLatest takes in a message that is stored. The one with the higher ID counts: one that is carried over is old.
func (j *Journal) noteLatest(r *Record) {
	if j.latest == nil || r.Mark {
		return
	}
	j.key = subjectKey(j.key[:0], r)
	was, ok := j.latest[string(j.key)]
	if ok && was.id > r.ID {
		j.release(r.Seq)
		return
	}
	if ok {
		j.release(was.seq)
	}
	j.latest[string(j.key)] = place{r.ID, r.Seq}
}

// noteBatch takes in the messages of b. The mutex is held.
func (j *Journal) noteBatch(b *batch) {
	if j.latest == nil {
		return
	}
	var r Record
	sc := scanner{buf: b.buf, w: len(b.buf), end: int64(len(b.buf)), salt: j.salt, limit: math.MaxUint64}
	for sc.next(&r) != io.EOF {
		j.noteLatest(&r)
	}
}

// forget forgets what is before first. The mutex is held.
func (j *Journal) forget(first uint64) {
	for key, p := range j.latest {
		if p.seq < first {
			delete(j.latest, key)
		}
	}
}

// Latest returns the position of the last message of subject with key that is stored; false: there is none, or
// Options.Latest is not set.
func (j *Journal) Latest(key, subject []byte) (seq uint64, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.key = subjectKey(j.key[:0], &Record{Key: key, Subject: subject})
	p, ok := j.latest[string(j.key)]
	return p.seq, ok
}

package journal

import (
	"errors"
	"fmt"
)

// Backup copies the store, as it is stored at this moment, into the empty directory to. The copy is a store that can be
// opened. Publishers go on meanwhile; segments are not dropped until it is done.
func (j *Journal) Backup(to FS) error {
	if err := j.backup(to); err != nil {
		return fmt.Errorf("back up journal: %w", err)
	}
	return nil
}

func (j *Journal) backup(to FS) error {
	if err := to.Make(); err != nil {
		return err
	}
	if names, err := to.List(); err != nil || len(names) > 0 {
		return errors.Join(err, fmt.Errorf("%d files in the directory, want none", len(names)))
	}
	j.tidy.Lock()
	defer j.tidy.Unlock()
	j.mu.Lock()
	segments := make([]segment, 0, len(j.segments))
	for _, s := range j.segments {
		if s.end == headerSize {
			continue // nothing is in it yet
		}
		segments = append(segments, segment{name: s.name, base: s.base, end: s.end})
	}
	h := head{salt: j.salt, floor: j.first, end: j.committed}
	closed := j.closed
	j.mu.Unlock()
	if closed {
		return ErrClosed
	}
	for i := range segments {
		if err := j.copySegment(&segments[i], to); err != nil {
			return fmt.Errorf("copy %s: %w", segments[i].name, err)
		}
		h.newest = segments[i].base
	}
	hf := headFile{dir: to}
	err := hf.update(func(to *head) { h.turn, h.time = to.turn, j.head.get().time; *to = h })
	return errors.Join(err, to.SyncDir())
}

func (j *Journal) copySegment(s *segment, to FS) error {
	f, err := to.Create(s.name)
	if err != nil {
		return err
	}
	if err = j.copyRange(s.name, s.end, f); err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

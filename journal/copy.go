package journal

import (
	"errors"
	"fmt"
	"slices"
)

// copyTries is how often a store is copied anew because segments were dropped meanwhile.
const copyTries = 20

// Copy copies the store in from, which another process may have open, into the empty directory to, and reads the copy: the
// report says what is in it. All that was acknowledged before is there; records that were acknowledged meanwhile may be. It
// changes nothing in from.
func Copy(from, to FS) (*Report, error) {
	if err := to.Make(); err != nil {
		return nil, fmt.Errorf("copy journal: %w", err)
	}
	if err := mustBeEmpty(to); err != nil {
		return nil, fmt.Errorf("copy journal: %w", err)
	}
	for range copyTries {
		whole, err := copyOnce(from, to)
		switch {
		case err != nil:
			return nil, fmt.Errorf("copy journal: %w", err)
		case whole:
			return readCopy(to)
		}
		if err := removeAll(to); err != nil {
			return nil, fmt.Errorf("copy journal: %w", err)
		}
	}
	return nil, errors.New("copy journal: segments are dropped faster than they are copied")
}

func mustBeEmpty(dir FS) error {
	if names, err := dir.List(); err != nil || len(names) > 0 {
		return errors.Join(err, fmt.Errorf("%d files in the directory, want none", len(names)))
	}
	return nil
}

// copyOnce copies what is there; not whole: the store dropped something meanwhile, and what is needed of it may stand
// behind what was copied.
func copyOnce(from, to FS) (whole bool, err error) {
	h, _, ok := readHead(from) // before the names: it speaks of no segment that is not there yet
	names, err := segmentNames(from)
	if err != nil {
		return false, err
	}
	for _, name := range names {
		if err := copyFile(from, to, name); err != nil {
			if now, gone := segmentNames(from); gone == nil && !slices.Contains(now, name) {
				return false, nil
			}
			return false, fmt.Errorf("%s: %w", name, err)
		}
	}
	if ok {
		hf := headFile{dir: to}
		if err := hf.update(func(to *head) { turn := to.turn; *to = h; to.turn = turn }); err != nil {
			return false, err
		}
	}
	after, _, _ := readHead(from)
	now, err := segmentNames(from)
	if err != nil {
		return false, err
	}
	for _, name := range names {
		if !slices.Contains(now, name) {
			return false, nil
		}
	}
	return after.floor == h.floor, to.SyncDir()
}

func segmentNames(dir FS) (names []string, err error) {
	all, err := dir.List()
	for _, name := range all {
		if _, ok := parseName(name); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names) // the one that grows is the last
	return names, err
}

// copyFile copies what the file has now.
func copyFile(from, to FS, name string) error {
	src, err := from.Open(name)
	if err != nil {
		return err
	}
	defer src.Close()
	size, err := src.Size()
	if err != nil {
		return err
	}
	dst, err := to.Create(name)
	if err != nil {
		return err
	}
	if err = copyBytes(src, dst, size); err == nil {
		err = dst.Sync()
	}
	return errors.Join(err, dst.Close())
}

// copyBytes copies size bytes, page by page where the disk does not read them all: what cannot be read is zeros.
func copyBytes(src, dst File, size int64) error {
	s := scanner{f: src}
	buf := make([]byte, recoverChunk)
	for off := int64(0); off < size; {
		b := buf[:min(int64(len(buf)), size-off)]
		if n, err := src.ReadAt(b, off); n < len(b) && err != nil {
			s.pages(b, off)
		}
		if _, err := dst.WriteAt(b, off); err != nil {
			return err
		}
		off += int64(len(b))
	}
	return nil
}

func removeAll(dir FS) error {
	names, err := dir.List()
	for _, name := range names {
		err = errors.Join(err, dir.Remove(name))
	}
	return err
}

func readCopy(dir FS) (*Report, error) {
	j, err := Open(dir, Options{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	r := j.Report()
	return r, j.Close()
}

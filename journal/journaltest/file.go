package journaltest

import (
	"io"
	"slices"
	"syscall"
)

type file struct {
	fs *FS
	n  *node
}

// alive says why nothing can be done with the file.
func (f *file) alive() error {
	if f.fs.crashed {
		return ErrCrashed
	}
	return nil
}

func (f *file) ReadAt(b []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.alive(); err != nil {
		return 0, err
	}
	if bad := f.fs.faults.ReadErr; bad > 0 && off <= bad && bad < off+int64(len(b)) {
		return 0, syscall.EIO
	}
	if off >= int64(len(f.n.data)) {
		return 0, io.EOF
	}
	n := copy(b, f.n.data[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *file) WriteAt(b []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.change(); err != nil {
		return 0, err
	}
	n, err := len(b), error(nil)
	if grow := off + int64(len(b)) - int64(len(f.n.data)); f.fs.faults.Capacity > 0 && grow > f.fs.free() {
		n, err = max(0, n-int(grow-f.fs.free())), syscall.ENOSPC
	}
	if n > 0 {
		f.do(write{off, slices.Clone(b[:n]), -1})
	}
	return n, err
}

func (f *file) Truncate(size int64) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.change(); err != nil {
		return err
	}
	f.do(write{size: size})
	return nil
}

func (f *file) change() error {
	if err := f.alive(); err != nil {
		return err
	}
	return f.fs.op()
}

func (f *file) do(w write) {
	f.n.data = w.apply(f.n.data)
	f.n.pending = append(f.n.pending, w)
}

func (f *file) Sync() error {
	f.fs.mu.Lock()
	slow := f.fs.faults.OnSync
	f.fs.mu.Unlock()
	if slow != nil {
		slow()
	}
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.change(); err != nil {
		return err
	}
	switch {
	case f.fs.faults.SyncErr > 0:
		f.fs.faults.SyncErr--
		f.n.pending = nil // as Linux does: the pages count as written
		return syscall.EIO
	case f.fs.faults.Lie:
		return nil
	}
	for _, w := range f.n.pending {
		f.n.disk = w.apply(f.n.disk)
	}
	f.n.pending = nil
	return nil
}

func (f *file) Size() (int64, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.alive(); err != nil {
		return 0, err
	}
	return int64(len(f.n.data)), nil
}

func (f *file) Close() error { return nil }

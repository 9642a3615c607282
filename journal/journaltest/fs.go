// Package journaltest has a file system in memory that crashes, lies, fills up and fails on demand, for tests of what
// stands on a journal.
package journaltest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"

	"leafgate/journal"
)

// ErrCrashed is the error of every operation after a crash.
var ErrCrashed = errors.New("crashed")

// An FS is one directory in memory. What was written is on its disk after Sync, what was created or removed after
// SyncDir. The zero value is not ready: use New.
type FS struct {
	mu    sync.Mutex // protects the fields below, and those of nodes
	names map[string]*node
	disk  map[string]*node // as a crash finds it
	locks int

	ops     int
	crashAt int
	crashed bool
	faults  Faults
}

// Faults are what the file system does wrong. They can be changed at any time.
type Faults struct {
	Lie      bool   // Sync and SyncDir say that all is well, and do nothing
	SyncErr  int    // so many of the next Syncs fail, and drop what they should have written
	ReadOnly bool   // nothing can be changed
	Capacity int64  // bytes of all files; 0: no bound. A write that does not fit is short
	ReadErr  int64  // reads that touch this offset fail; 0: none
	OnSync   func() // called by Sync before it does anything, and not under a lock
}

type node struct {
	data    []byte
	disk    []byte // what a crash leaves for certain
	pending []write
}

// A write is one that was not synced. Truncation is one with a size.
type write struct {
	off  int64
	data []byte
	size int64 // -1: none
}

// New makes an empty file system.
func New() *FS {
	return &FS{names: map[string]*node{}, disk: map[string]*node{}}
}

// SetFaults says what is to go wrong from now on.
func (f *FS) SetFaults(faults Faults) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = faults
}

// CrashAt makes operation n (1: the next), if it changes anything, the last one before a crash: it is not done.
func (f *FS) CrashAt(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.crashAt = f.ops + n
}

// Ops counts operations that change something, or make it durable.
func (f *FS) Ops() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ops
}

// op counts an operation that changes something.
func (f *FS) op() error {
	if f.crashed {
		return ErrCrashed
	}
	f.ops++
	if f.ops == f.crashAt {
		f.crashed = true
		return ErrCrashed
	}
	if f.faults.ReadOnly {
		return syscall.EROFS
	}
	return nil
}

// A Loss says what a crash does to what was not synced.
type Loss int

const (
	Nothing   Loss = iota // a process died: everything written is there, but a power cut may still take it
	All                   // nothing of it was written
	Prefix                // a part was written, in order, the last write is torn
	Reordered             // some sectors were written, in no order
)

func (l Loss) String() string { return [...]string{"nothing", "all", "prefix", "reordered"}[l] }

// Crash fails everything from now on, and returns what comes up again: a file system with what a crash leaves, and
// without faults.
func (f *FS) Crash(loss Loss, rnd *rand.Rand) *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.crashed = true
	if loss != Nothing {
		f.loseNames(loss, rnd)
		for _, name := range slices.Sorted(maps.Keys(f.names)) {
			f.names[name].lose(loss, rnd)
		}
		f.disk = maps.Clone(f.names)
	}
	return &FS{names: f.names, disk: f.disk}
}

// loseNames brings the directory to what is on disk, or to something between.
func (f *FS) loseNames(loss Loss, rnd *rand.Rand) {
	keep := func() bool { return loss != All && rnd.IntN(2) == 0 }
	now := maps.Clone(f.disk)
	all := maps.Clone(f.disk)
	maps.Copy(all, f.names)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		was, is := f.disk[name], f.names[name]
		if was == is || !keep() {
			continue
		}
		if is == nil {
			delete(now, name)
		} else {
			now[name] = is
		}
	}
	f.names = now
}

const sector = 512

func (n *node) lose(loss Loss, rnd *rand.Rand) {
	n.data = slices.Clone(n.disk)
	switch loss {
	case Prefix:
		done := rnd.IntN(len(n.pending) + 1)
		for _, w := range n.pending[:done] {
			n.data = w.apply(n.data)
		}
		if done < len(n.pending) && n.pending[done].size < 0 {
			w := n.pending[done]
			w.data = w.data[:rnd.IntN(len(w.data)+1)]
			n.data = w.apply(n.data)
		}
	case Reordered:
		for _, w := range n.pending {
			n.applySome(w, rnd)
		}
	}
	n.disk, n.pending = slices.Clone(n.data), nil
}

func (n *node) applySome(w write, rnd *rand.Rand) {
	if w.size >= 0 {
		if rnd.IntN(2) == 0 {
			n.data = w.apply(n.data)
		}
		return
	}
	for at := 0; at < len(w.data); {
		size := min(sector-int(w.off+int64(at))%sector, len(w.data)-at)
		if rnd.IntN(2) == 0 {
			part := write{w.off + int64(at), w.data[at : at+size], -1}
			n.data = part.apply(n.data)
		}
		at += size
	}
}

// apply does w to b, which it may change.
func (w *write) apply(b []byte) []byte {
	if w.size >= 0 {
		return resize(b, w.size)
	}
	b = resize(b, max(int64(len(b)), w.off+int64(len(w.data))))
	copy(b[w.off:], w.data)
	return b
}

func resize(b []byte, size int64) []byte {
	if size <= int64(len(b)) {
		return b[:size:size]
	}
	return append(b, make([]byte, size-int64(len(b)))...)
}

// Damage changes the bytes of a file, on disk and as it is seen.
func (f *FS) Damage(name string, change func(b []byte) []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.names[name]
	if n == nil {
		panic(fmt.Sprintf("no file %s", name))
	}
	n.data = change(slices.Clone(n.data))
	n.disk, n.pending = slices.Clone(n.data), nil
}

// Delete loses a file.
func (f *FS) Delete(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.names, name)
	delete(f.disk, name)
}

// Bytes returns a copy of a file.
func (f *FS) Bytes(name string) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := f.names[name]; n != nil {
		return slices.Clone(n.data)
	}
	return nil
}

// Clone copies the file system as it is, without faults.
func (f *FS) Clone() *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := New()
	for name, n := range f.names {
		c.names[name] = &node{data: slices.Clone(n.data), disk: slices.Clone(n.data)}
	}
	c.disk = maps.Clone(c.names)
	return c
}

func notExist(op, name string) error { return &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist} }

// Make implements journal.FS.
func (f *FS) Make() error { return nil }

// List implements journal.FS.
func (f *FS) List() ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(maps.Keys(f.names)), nil
}

// Open implements journal.FS.
func (f *FS) Open(name string) (journal.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.crashed {
		return nil, ErrCrashed
	}
	n := f.names[name]
	if n == nil {
		return nil, notExist("open", name)
	}
	return &file{f, n}, nil
}

// Create implements journal.FS.
func (f *FS) Create(name string) (journal.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.names[name] != nil {
		return nil, &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	return f.create(name)
}

// Update implements journal.FS.
func (f *FS) Update(name string) (journal.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := f.names[name]; n != nil && !f.crashed && !f.faults.ReadOnly {
		return &file{f, n}, nil
	}
	return f.create(name)
}

func (f *FS) create(name string) (journal.File, error) {
	if err := f.op(); err != nil {
		return nil, err
	}
	n := &node{}
	f.names[name] = n
	return &file{f, n}, nil
}

// Remove implements journal.FS.
func (f *FS) Remove(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.op(); err != nil {
		return err
	}
	if f.names[name] == nil {
		return notExist("remove", name)
	}
	delete(f.names, name)
	return nil
}

// SyncDir implements journal.FS.
func (f *FS) SyncDir() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.op(); err != nil {
		return err
	}
	if !f.faults.Lie {
		f.disk = maps.Clone(f.names)
	}
	return nil
}

// Lock implements journal.FS.
func (f *FS) Lock(string) (io.Closer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.crashed {
		return nil, ErrCrashed
	}
	if f.locks > 0 {
		return nil, journal.ErrLocked
	}
	if f.faults.ReadOnly {
		return nil, fmt.Errorf("lock: %w", syscall.EROFS)
	}
	f.locks++
	return &lock{f}, nil
}

type lock struct{ fs *FS }

func (l *lock) Close() error {
	l.fs.mu.Lock()
	defer l.fs.mu.Unlock()
	l.fs.locks--
	return nil
}

// Free implements journal.FS.
func (f *FS) Free() (free, total int64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.faults.Capacity == 0 {
		return 0, 0, errors.ErrUnsupported
	}
	return f.free(), f.faults.Capacity, nil
}

func (f *FS) free() int64 {
	free := f.faults.Capacity
	for _, n := range f.names {
		free -= int64(len(n.data))
	}
	return max(free, 0)
}

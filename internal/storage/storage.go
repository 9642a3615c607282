// Package storage is the one directory of a gateway for what outlives it: its lock, its clock, and the journals in it, each
// in a directory of its own.
//
//	lock      held while a gateway uses the directory (not on Windows)
//	clock     the last time that was believed, in two slots by turns
//	NAME/     the journal of that name
package storage

import (
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"

	"leafgate/journal"
)

// Setup is what a Storage needs besides its options.
type Setup struct {
	Log   *slog.Logger
	Disk  func(dir string) journal.FS // nil: [journal.Dir]
	Clock *journal.Clock              // told the last time that was believed, and asked for the next
}

// A Storage is a gateway's directory. Its methods may be called from any goroutine; a nil Storage holds nothing.
type Storage struct {
	setup Setup
	root  journal.FS

	wg   sync.WaitGroup // the keeper
	stop chan struct{}

	mu      sync.Mutex // protects the fields below
	options Options
	lock    interface{ Close() error } // nil: not started
	clock   clockFile
	opened  []opened // in the order they were opened
}

// opened is a journal that is open.
type opened struct {
	name    string
	journal *journal.Journal
	own     journal.Limits // as who opened it asked for
}

// New returns the storage that o speaks of, without touching it; nil: none.
func New(o Options, s Setup) *Storage {
	if o.Dir == "" {
		return nil
	}
	if s.Disk == nil {
		s.Disk = journal.Dir
	}
	root := s.Disk(o.Dir)
	return &Storage{setup: s, root: root, options: o, clock: clockFile{dir: root}, stop: make(chan struct{})}
}

// Dir is the directory; empty: there is none.
func (s *Storage) Dir() string {
	if s == nil {
		return ""
	}
	return s.Options().Dir
}

// Options are the present ones.
func (s *Storage) Options() Options {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.options
}

// Start makes the directory and locks it. It fails when another gateway has it; a directory that cannot be written is left
// to those who open journals in it.
func (s *Storage) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := makeDurable(s.options.Dir, s.root); err != nil {
		s.setup.Log.Error("store directory cannot be made", "dir", s.options.Dir, "err", err)
	}
	lock, err := s.root.Lock("lock")
	switch {
	case errors.Is(err, journal.ErrLocked):
		return fmt.Errorf("store %s: %w", s.options.Dir, err)
	case err != nil:
		s.setup.Log.Error("store directory cannot be locked", "dir", s.options.Dir, "err", err)
		lock = unlocked{}
	}
	s.lock = lock
	s.setup.Clock.Start(s.clock.read(s.setup.Log))
	s.wg.Go(s.keep)
	return nil
}

type unlocked struct{}

func (unlocked) Close() error { return nil }

// Open opens the journal called name, and makes it where there is none. What o leaves at zero, the configuration says: how
// and when it syncs, and its bounds. Failures and damage are in the log before o's callbacks hear of them. The storage
// closes the journal, after the modules have stopped. It may be called from a module's Start on.
func (s *Storage) Open(name string, o journal.Options) (*journal.Journal, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.lock == nil:
		return nil, errors.New("storage is not started")
	case !validName(name):
		return nil, fmt.Errorf("want lower-case letters, digits and _ as the name of a journal, got %q", name)
	case slices.ContainsFunc(s.opened, func(j opened) bool { return j.name == name }):
		return nil, fmt.Errorf("journal %s is open", name)
	}
	fs := s.setup.Disk(filepath.Join(s.options.Dir, name))
	if err := errors.Join(fs.Make(), s.root.SyncDir()); err != nil { // else a power cut may take all of it
		s.setup.Log.Error("directory of journal cannot be made", "journal", name, "err", err)
	}
	own := o.Limits
	s.configure(name, &o)
	j, err := journal.Open(fs, o)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", filepath.Join(s.options.Dir, name), err)
	}
	s.tell(name, j)
	s.opened = append(s.opened, opened{name, j, own})
	return j, nil
}

func validName(name string) bool {
	for _, c := range name {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return name != "" && name != "lock" && name != clockName
}

// configure sets what o leaves open. s.mu is held.
func (s *Storage) configure(name string, o *journal.Options) {
	c := &s.options
	if o.Sync == journal.Group {
		o.Sync, o.SyncInterval = c.Sync, c.SyncInterval
	}
	s.bound(&o.Limits)
	log := s.setup.Log.With("journal", name)
	failed, lost := o.Failed, o.Lost
	o.Failed = func(err error) {
		if err != nil {
			log.Error("nothing can be stored", "err", err)
		} else {
			log.Info("storing again")
		}
		if failed != nil {
			failed(err)
		}
	}
	o.Lost = func(l journal.Lost) {
		log.Error("journal is damaged", "lost", l.String())
		if lost != nil {
			lost(l)
		}
	}
}

// bound sets the bounds that are left open. s.mu is held.
func (s *Storage) bound(b *journal.Limits) {
	c := &s.options
	if b.WearBudget == 0 {
		b.WearBudget = c.WearBudget
	}
	if b.MinFree == 0 && b.MinFreeShare == 0 {
		b.MinFree, b.MinFreeShare = c.MinFree.Bytes, c.MinFree.Percent
	}
	if b.Bytes == 0 {
		b.Bytes, b.Refuse = s.quota(c.MaxBytes), true
	}
}

// quota is a in bytes. A volume whose size is not known has none in percent.
func (s *Storage) quota(a Amount) int64 {
	if a.Percent == 0 {
		return a.Bytes
	}
	_, total, err := s.root.Free()
	if err != nil {
		return 0
	}
	return a.of(total)
}

// tell says in the log what a journal was found like.
func (s *Storage) tell(name string, j *journal.Journal) {
	log, r := s.setup.Log.With("journal", name), j.Report()
	for _, l := range r.Lost {
		log.Warn("journal is damaged", "lost", l.String())
	}
	if r.LostMore > 0 {
		log.Warn("journal is damaged in more places", "number", r.LostMore)
	}
	if r.Unfixed != nil {
		log.Error("journal cannot be repaired", "err", r.Unfixed)
	}
	log.Info("journal is open", "sync", s.options.Sync, "records", r.Records, "bytes", r.Bytes, "segments", r.Segments,
		"clean", r.Clean || r.Records == 0, "took", r.Took)
}

// Journals yields those that are open, by name.
func (s *Storage) Journals() iter.Seq2[string, *journal.Journal] {
	return func(yield func(string, *journal.Journal) bool) {
		if s == nil {
			return
		}
		s.mu.Lock()
		all := slices.Clone(s.opened)
		s.mu.Unlock()
		for _, o := range all {
			if !yield(o.name, o.journal) {
				return
			}
		}
	}
}

// Close closes the journals, the last that was opened first, and gives the directory back.
func (s *Storage) Close() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	lock, all := s.lock, s.opened
	s.lock, s.opened = nil, nil
	s.mu.Unlock()
	if lock == nil {
		return nil
	}
	close(s.stop)
	s.wg.Wait()
	var errs []error
	for _, o := range slices.Backward(all) {
		if err := o.journal.Close(); err != nil {
			errs = append(errs, fmt.Errorf("journal %s: %w", o.name, err))
		}
	}
	if err := s.clock.write(s.setup.Clock.Now()); err != nil {
		errs = append(errs, fmt.Errorf("write clock: %w", err))
	}
	return errors.Join(append(errs, lock.Close())...)
}

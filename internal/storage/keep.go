package storage

import (
	"os"
	"path/filepath"
	"time"

	"leafgate/journal"
)

const (
	// retryEvery is how often a journal that failed is asked to try again.
	retryEvery = time.Second
	// clockEvery is how often the time is written down: what a board without a clock may be behind after a start.
	clockEvery = 10 * time.Minute
)

// keep is the keeper: it writes the time down, and has journals that failed try again when nobody writes.
func (s *Storage) keep() {
	retry := time.NewTicker(retryEvery)
	defer retry.Stop()
	clock := time.NewTicker(clockEvery)
	defer clock.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-retry.C:
			for _, j := range s.Journals() {
				if j.Stats().Failed != nil {
					_ = j.Sync() // what it says stands in Stats
				}
			}
		case <-clock.C:
			if err := s.clock.write(s.setup.Clock.Now()); err != nil {
				s.setup.Log.Warn("time cannot be written down", "err", err)
			}
		}
	}
}

// makeDurable makes the directory at path and syncs those above it that were made for it.
func makeDurable(path string, root journal.FS) error {
	if root != journal.Dir(path) {
		return root.Make() // who brings a disk sees to that
	}
	missing := path
	for missing != filepath.Dir(missing) {
		if _, err := os.Stat(missing); err == nil {
			break
		}
		missing = filepath.Dir(missing)
	}
	if err := root.Make(); err != nil {
		return err
	}
	for dir := path; dir != missing; {
		dir = filepath.Dir(dir)
		if err := journal.Dir(dir).SyncDir(); err != nil {
			return err
		}
	}
	return nil
}

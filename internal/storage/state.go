package storage

import (
	"errors"
	"fmt"

	"leafgate/journal"
)

// A State is what a storage is like at one moment.
type State struct {
	Options  Options
	Free     int64 // bytes of the volume that may still be written; -1: not known
	Total    int64 // bytes of the volume; -1: not known
	Reserve  int64 // bytes of it that are to stay free
	Journals []JournalState
}

// A JournalState is what a journal of a storage is like.
type JournalState struct {
	Name   string
	Bound  int64 // in bytes; 0: none
	Stats  journal.Stats
	Report *journal.Report // what was found when it was opened
}

// nearly is the share of a bound, in percent, from which on there is a warning.
const nearly = 90

// State looks at the storage; nil: there is none. It asks the volume, and does not wait for commits.
func (s *Storage) State() *State {
	if s == nil {
		return nil
	}
	st := &State{Options: s.Options(), Free: -1, Total: -1}
	if free, total, err := s.root.Free(); err == nil {
		st.Free, st.Total, st.Reserve = free, total, st.Options.MinFree.of(total)
	}
	for name, j := range s.Journals() {
		st.Journals = append(st.Journals, JournalState{Name: name, Bound: j.Limits().Bytes, Stats: j.Stats(), Report: j.Report()})
	}
	return st
}

// Failed says why something cannot be stored now; nil: everything can.
func (st *State) Failed() error {
	if st == nil {
		return nil
	}
	var errs []error
	for _, j := range st.Journals {
		if j.Stats.Failed != nil {
			errs = append(errs, fmt.Errorf("journal %s: %w", j.Name, j.Stats.Failed))
		}
	}
	if len(errs) == 0 && st.Free >= 0 && st.Free < st.Reserve {
		return fmt.Errorf("store: %w: %d bytes, %d are to stay", journal.ErrNoSpace, st.Free, st.Reserve)
	}
	return errors.Join(errs...)
}

// Warnings say what somebody should look at, although everything is stored: damage, and bounds that are nearly reached.
func (st *State) Warnings() (all []string) {
	if st == nil {
		return nil
	}
	for _, j := range st.Journals {
		if n := j.Damage(); n > 0 {
			all = append(all, fmt.Sprintf("journal %s: %d damaged or missing ranges: leafgate journal verify %s", j.Name, n, st.Options.Dir))
		}
		if j.Bound > 0 && j.Stats.Bytes/nearly >= j.Bound/100 {
			all = append(all, fmt.Sprintf("journal %s: %d bytes of at most %d are taken", j.Name, j.Stats.Bytes, j.Bound))
		}
	}
	return all
}

// Damage counts the ranges that were found damaged or missing, at the start and since.
func (j *JournalState) Damage() int64 { return j.Stats.Damaged + int64(j.Report.Damage()) }

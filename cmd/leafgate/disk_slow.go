//go:build slowdisk

package main

import (
	"time"

	"leafgate/journal"
)

// slowness is what each sync takes longer in a program that was built with the tag slowdisk, for measurements: about as long
// as on an SD card.
const slowness = 5 * time.Millisecond

// disk is the disk of the machine, slower.
func disk(dir string) journal.FS { return slowDir{journal.Dir(dir)} }

type slowDir struct{ journal.FS }

func (d slowDir) SyncDir() error {
	<-time.After(slowness)
	return d.FS.SyncDir()
}

func (d slowDir) Create(name string) (journal.File, error) { return slowed(d.FS.Create(name)) }
func (d slowDir) Update(name string) (journal.File, error) { return slowed(d.FS.Update(name)) }

func slowed(f journal.File, err error) (journal.File, error) {
	if err != nil {
		return nil, err
	}
	return slowFile{f}, nil
}

type slowFile struct{ journal.File }

func (f slowFile) Sync() error {
	<-time.After(slowness)
	return f.File.Sync()
}

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"leafgate/journal"
)

// backup copies a store, or one journal, while a gateway uses it or not.
func (c console) backup(from, to string) int {
	dirs, err := journals(from)
	if err != nil {
		return complain(c.err, exitRunTime, err)
	}
	if entries, err := os.ReadDir(to); err == nil && len(entries) > 0 {
		return complain(c.err, exitRunTime, fmt.Errorf("%s: want an empty directory", to))
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		return complain(c.err, exitRunTime, err)
	}
	code := exitClean
	for _, dir := range dirs {
		dest := to
		if dir != from {
			dest = filepath.Join(to, filepath.Base(dir))
		}
		report, err := journal.Copy(journal.Dir(dir), journal.Dir(dest))
		if err != nil {
			code = complain(c.err, exitRunTime, fmt.Errorf("%s: %w", dir, err))
			continue
		}
		fmt.Fprintf(c.out, "%s: %d records, %d bytes\n", dest, report.Records, report.Bytes)
		if report.Damage() == 0 {
			continue
		}
		for _, l := range report.Lost {
			fmt.Fprintf(c.out, "%s: %s\n", dest, l)
		}
		if code == exitClean {
			code = exitDamaged
		}
	}
	return code
}

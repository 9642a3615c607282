//go:build !slowdisk

package main

import "leafgate/journal"

// disk is where stores are: nil is the disk of the machine.
var disk func(dir string) journal.FS

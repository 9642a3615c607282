//go:build race

package leafnode

const raceEnabled = true

//go:build race

package natsproto

const raceEnabled = true

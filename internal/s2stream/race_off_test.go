//go:build !race

package s2stream_test

const raceEnabled = false

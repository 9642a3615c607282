//go:build !race

package netio

const RaceEnabled = false

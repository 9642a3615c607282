// Package peer runs servers and tools as processes, for tests and benchmarks: Leafgate itself, built from this checkout,
// and the programs that internal/tools/go.mod names, in the versions it names. None of them is built with -race.
package peer

//go:build !linux

package monitor

import "runtime/metrics"

// resident is what the runtime has from the system, in bytes: the nearest that every system knows.
func resident() int64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64() - s[1].Value.Uint64())
}

//go:build unix && !netio_blocking

package gatewaytest

// What a system with readiness events makes connections cost besides.
const (
	writerAllocs = 0
	parkedBytes  = 0
)

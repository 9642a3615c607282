//go:build !unix || netio_blocking

package gatewaytest

// What a system without readiness events makes connections cost besides, see internal/netio.
const (
	writerAllocs = 2       // publishers queue, so each burst starts a writer
	parkedBytes  = 4 << 10 // a Read is always under way and needs a buffer
)

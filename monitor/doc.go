// Package monitor answers questions about a gateway over HTTP, with nats-server's paths, names and types, so that the
// tools people have go on working.
package monitor

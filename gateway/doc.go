// Package gateway builds, runs, reloads and stops one instance of Leafgate from a configuration. It is the only package
// that knows all modules; nothing in it is shared between two gateways of one process.
package gateway

//go:build unix && !netio_blocking

package netio_test

const blocking = false

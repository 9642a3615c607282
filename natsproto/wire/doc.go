// Package wire is the text codec of the NATS client protocol: bytes in, values out. It knows no connection, no clock and
// no configuration.
//
// A client sends units. A unit is one line, and for PUB and HPUB the message behind it:
//
//	PUB subject [reply] SIZE\r\n payload \r\n
//	HPUB subject [reply] HEADERSIZE TOTALSIZE\r\n header payload \r\n
//	SUB subject [queue] sid\r\n
//	UNSUB sid [max]\r\n
//	CONNECT {json}\r\n   PING\r\n   PONG\r\n   +OK\r\n   -ERR text\r\n   INFO {json}\r\n
//
// Verbs are case-insensitive, arguments are separated by any number of spaces and tabs, and \n alone ends a line too.
// [Next] takes units off a buffer in place: slices of a [Unit] alias the input. The Append functions render what a
// server sends; they allocate only what dst lacks.
package wire

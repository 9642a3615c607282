// Package wire is the text codec of the protocol that servers speak over leaf node connections: bytes in, values out. It
// knows no connection, no clock and no configuration.
//
// After the greeting either side sends units. A unit is one line, and for LMSG and HMSG the message behind it:
//
//	LS+ subject\r\n   LS+ subject queue weight\r\n
//	LS- subject\r\n   LS- subject queue\r\n
//	LMSG subject SIZE\r\n payload \r\n
//	LMSG subject reply SIZE\r\n payload \r\n
//	LMSG subject + reply queue [queue ...] SIZE\r\n payload \r\n
//	LMSG subject | queue [queue ...] SIZE\r\n payload \r\n
//	HMSG like the four of LMSG, with HEADERSIZE TOTALSIZE in place of SIZE; the header stands before the payload
//	INFO {json}\r\n   CONNECT {json}\r\n   PING\r\n   PONG\r\n   +OK\r\n   -ERR 'text'\r\n
//
// Verbs are case-insensitive, arguments are separated by any number of spaces and tabs, and \n alone ends a line too.
// [Next] takes units off a buffer in place: slices of a [Unit] alias the input. The Append functions render what we send.
package wire

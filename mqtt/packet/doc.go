// Package packet is the codec of MQTT 3.1, 3.1.1 and 5.0: bytes in, values out. It knows no connection, no clock and no
// configuration.
//
// A packet is a fixed header and a body:
//
//	| type 4 bits | flags 4 bits | remaining length 1..4 bytes | body: remaining length bytes |
//
// [Next] takes packets off a buffer in place. Each kind of packet is a type with a Parse method that reads a body and an
// Append function that writes the whole packet. A client sends more than one server does and the reverse: Parse of
// [Publish], [Disconnect] and [Auth] reads what clients send, ParseServer what servers send; the other packets have one
// sender, or read the same from both.
//
// # Bytes
//
// Everything parsed aliases the body it was read from: it is read-only, and whoever keeps it longer than the body copies
// it. A []byte that is nil was absent; one that is empty was there. What a failed Parse leaves behind is undefined,
// unless its comment says otherwise. Append functions allocate only what dst lacks. Strings they are given hold at most
// 65,535 bytes; longer ones are cut.
//
// # Properties
//
// A field stands for each property of MQTT 5. Those that repeat, User Property and Subscription Identifier, stay in the
// property block as it came, field Raw, which is nil when it is empty, and a [Block] iterates over them. The Append
// functions take these two from Raw and everything else from the fields.
//
// # Errors
//
// Every violation is an [Error]: a [Reason], which MQTT 5 can tell the peer, and a text for the log. All of them are
// made once, so refusing a packet allocates nothing.
//
// The packets of a library that we looked at are decoded leniently, with one error for many clauses, and allocate; all of
// this is our own so that there is one error per clause, no allocation and one style.
package packet

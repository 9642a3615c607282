// Package s2stream is the stream format of S2, which extends the framing format of Snappy: bytes in, values out. It knows no
// connection and keeps nothing from chunk to chunk, so that idle connections own no buffer and no compressor.
//
// A stream is chunks. The first is an identifier, which may come again; what it holds is fixed:
//
//	ff 06 00 00 "S2sTwO"
//
// The others begin with their kind and the length of what follows, 3 bytes, the lowest first:
//
//	00 LENGTH checksum(4) block     block: its length unpacked as a varint, then packed
//	01 LENGTH checksum(4) bytes     not packed
//	80..fe LENGTH anything          to be skipped
//	02..7f                          an error
//
// The checksum is CRC-32C of the unpacked bytes, turned right by 15 bits, plus 0xa282ead8. A block unpacks to 4 MiB at most.
package s2stream

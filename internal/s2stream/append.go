package s2stream

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"

	"github.com/klauspost/compress/s2"
)

// A Level is how much work goes into packing.
type Level uint8

// The levels, each with more work than the one before.
const (
	Uncompressed Level = iota
	Fast
	Better
	Best
)

// Identifier is what a stream begins with.
const Identifier = "\xff\x06\x00\x00S2sTwO"

const (
	packed   = 0x00
	unpacked = 0x01
	reserved = 0x7f // the last kind that must not be skipped
	again    = 0xff // an identifier

	headSize = 4 // kind and length
	sumSize  = 4
)

// Room is how many bytes Append takes for n of plain, at most.
func Room(n int) int { return headSize + sumSize + s2.MaxEncodedLen(n) }

// Append appends plain, up to 4 MiB, as one chunk. Where dst has Room, nothing is allocated.
func Append(dst, plain []byte, l Level) []byte {
	at := len(dst)
	room := Room(len(plain))
	if cap(dst)-at < room {
		dst = append(make([]byte, 0, at+room), dst...)
	}
	dst = dst[:at+room]
	body := dst[at+headSize+sumSize:]
	kind, n := byte(packed), pack(body, plain, l)
	if n == 0 || n >= len(plain) {
		kind, n = unpacked, copy(body, plain)
	}
	putHead(dst[at:], kind, sumSize+n)
	binary.LittleEndian.PutUint32(dst[at+headSize:], checksum(plain))
	return dst[:at+headSize+sumSize+n]
}

// leastPacked is from how many bytes on packing is worth a try.
const leastPacked = 24

// pack packs plain to dst and says how long it is then; 0: it was not tried.
func pack(dst, plain []byte, l Level) int {
	if len(plain) < leastPacked {
		return 0
	}
	switch l {
	case Fast:
		return len(s2.Encode(dst, plain))
	case Better:
		return len(s2.EncodeBetter(dst, plain))
	case Best:
		return len(s2.EncodeBest(dst, plain))
	}
	return 0
}

func putHead(dst []byte, kind byte, n int) {
	dst[0], dst[1], dst[2], dst[3] = kind, byte(n), byte(n>>8), byte(n>>16)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(plain []byte) uint32 {
	return bits.RotateLeft32(crc32.Checksum(plain, castagnoli), -15) + 0xa282ead8
}

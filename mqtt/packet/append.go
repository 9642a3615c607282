package packet

import (
	"encoding/binary"
	"math"
	"slices"
)

// AppendString appends the length of s in two bytes, and s: a string or binary data.
func AppendString[T ~string | ~[]byte](dst []byte, s T) []byte {
	n := min(len(s), math.MaxUint16)
	return append(binary.BigEndian.AppendUint16(dst, uint16(n)), s[:n]...)
}

// insertLength puts the length of dst[at:] and of more bytes to come in front of dst[at:].
func insertLength(dst []byte, at, more int) []byte {
	var room [4]byte
	return slices.Insert(dst, at, AppendVarint(room[:0], len(dst)-at+more)...)
}

package wsframe

import (
	"encoding/binary"
	"math/bits"
)

// Mask masks b in place, or takes the mask off: both are the same. at is how many bytes of the payload came before b.
// RFC 6455, 5.3.
func Mask(b []byte, key [4]byte, at int64) {
	k := bits.RotateLeft32(binary.LittleEndian.Uint32(key[:]), -8*int(at&3))
	wide := uint64(k)<<32 | uint64(k)
	for len(b) >= 32 {
		for i := 0; i < 32; i += 8 {
			binary.LittleEndian.PutUint64(b[i:], binary.LittleEndian.Uint64(b[i:])^wide)
		}
		b = b[32:]
	}
	for len(b) >= 8 {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^wide)
		b = b[8:]
	}
	for i := range b {
		b[i] ^= byte(wide >> (8 * (i & 3)))
	}
}

package wsframe

import (
	"crypto/subtle"
	"encoding/binary"
	"math/bits"
)

// maskStep is how many bytes are masked at once where there are many.
const maskStep = 256

// Mask masks b in place, or takes the mask off: both are the same. at is how many bytes of the payload came before b.
// RFC 6455, 5.3.
func Mask(b []byte, key [4]byte, at int64) {
	k := bits.RotateLeft32(binary.LittleEndian.Uint32(key[:]), -8*int(at&3))
	wide := uint64(k)<<32 | uint64(k)
	if len(b) >= maskStep {
		var mask [maskStep]byte
		for i := 0; i < maskStep; i += 8 {
			binary.LittleEndian.PutUint64(mask[i:], wide)
		}
		for ; len(b) >= maskStep; b = b[maskStep:] {
			subtle.XORBytes(b, b[:maskStep], mask[:])
		}
	}
	for ; len(b) >= 8; b = b[8:] {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^wide)
	}
	for i := range b {
		b[i] ^= byte(wide >> (8 * (i & 3)))
	}
}

package packet

// MaxVarint is the largest variable byte integer, and so the largest remaining length: 256 MiB less one byte.
const MaxVarint = 1<<28 - 1

// varint reads the variable byte integer at the beginning of b, section 1.5.5; n is 0 when b does not hold all of it.
func varint(b []byte, v Version) (value uint32, n int, err *Error) {
	for n < len(b) {
		c := b[n]
		if n == 4 || n == 3 && c >= 0x80 {
			return 0, 0, errLength
		}
		value |= uint32(c&0x7f) << (7 * n)
		n++
		if c < 0x80 {
			if c == 0 && n > 1 && v == V5 { // [MQTT-1.5.5-1]; MQTT 3 has no such rule
				return 0, 0, errLongForm
			}
			return value, n, nil
		}
	}
	return 0, 0, nil
}

// AppendVarint appends a variable byte integer of 0 to [MaxVarint] in its shortest form. [MQTT-1.5.5-1]
func AppendVarint(dst []byte, value int) []byte {
	for value >= 0x80 {
		dst = append(dst, byte(value)|0x80)
		value >>= 7
	}
	return append(dst, byte(value))
}

// VarintLen is the number of bytes that [AppendVarint] appends.
func VarintLen(value int) int {
	n := 1
	for ; value >= 0x80; value >>= 7 {
		n++
	}
	return n
}

package wire

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

const (
	pubWord  = 'p' | 'u'<<8 | 'b'<<16 | ' '<<24
	hpubWord = 'h' | 'p'<<8 | 'u'<<16 | 'b'<<24
)

// canonical reads a PUB or HPUB line that is whole, has single blanks and ends in \r\n: what clients send. It reports
// false for every other line and for every mistake; u is undefined then.
func (u *Unit) canonical(b []byte) bool {
	if len(b) < len("PUB s 0\r\n") {
		return false
	}
	word := binary.LittleEndian.Uint32(b)
	switch {
	case word|0x00202020 == pubWord:
		return u.canonicalArgs(b, len("PUB "), PUB, 1)
	case word|0x20202020 == hpubWord && b[4] == ' ':
		return u.canonicalArgs(b, len("HPUB "), HPUB, 2)
	}
	return false
}

// canonicalArgs reads the arguments at b[at:], of which the last sizes are numbers.
func (u *Unit) canonicalArgs(b []byte, at int, v Verb, sizes int) bool {
	var end [4]int
	i, k := at, 0
	for {
		n := token(b[i:])
		if i += n; n == 0 || i+1 >= len(b) {
			return false
		}
		end[k] = i
		if k++; b[i] != ' ' {
			break
		}
		if i++; k == len(end) {
			return false
		}
	}
	if b[i] != '\r' || b[i+1] != '\n' {
		return false
	}
	u.Verb, u.Len, u.Line, u.Args, u.Reply, u.HeaderSize, u.Unclean = v, 0, i+2, nil, nil, 0, false
	u.Subject, u.Tail = b[at:end[0]], end[0]+1
	switch k - sizes {
	case 1:
	case 2:
		u.Reply = b[end[0]+1 : end[1]]
	default:
		return false
	}
	ok, okHeader := true, true
	u.Size, ok = number(b[end[k-2]+1 : end[k-1]])
	if v == HPUB {
		u.HeaderSize, okHeader = number(b[end[k-3]+1 : end[k-2]])
	}
	return ok && okHeader
}

// publish reads the arguments of PUB and HPUB in any spacing.
func (u *Unit) publish(args []byte) error {
	var f [5][]byte
	k, sizes := fields(args, f[:]), 1
	if u.Verb == HPUB {
		sizes = 2
	}
	switch k - sizes {
	case 1:
	case 2:
		u.Reply = f[1]
	default:
		return ErrArgs
	}
	var ok bool
	if u.Size, ok = number(f[k-1]); !ok {
		return ErrArgs
	}
	if u.Verb == HPUB {
		if u.HeaderSize, ok = number(f[k-2]); !ok {
			return ErrArgs
		}
	}
	u.Subject = f[0]
	u.Unclean = token(u.Subject) < len(u.Subject) || token(u.Reply) < len(u.Reply)
	return nil
}

// Fields splits b at spaces and tabs into at most len(f) fields and returns how many there are; len(f) also when there
// are more.
func fields(b []byte, f [][]byte) (n int) {
	for i := 0; n < len(f); n++ {
		for i < len(b) && isBlank(b[i]) {
			i++
		}
		if i == len(b) {
			break
		}
		at := i
		for i < len(b) && !isBlank(b[i]) {
			i++
		}
		f[n] = b[at:i:i]
	}
	return n
}

// maxDigits keeps sizes below a gigabyte, as the peer does, and any int able to hold one.
const maxDigits = 9

// number reads a decimal number.
func number(b []byte) (n int, ok bool) {
	if len(b) == 0 || len(b) > maxDigits {
		return 0, false
	}
	for _, c := range b {
		if c -= '0'; c > 9 {
			return 0, false
		}
		n = n*10 + int(c)
	}
	return n, true
}

// token returns how many bytes at the beginning of b are neither blanks nor control characters, eight at a time.
func token(b []byte) (n int) {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for ; n+8 <= len(b); n += 8 {
		x := binary.LittleEndian.Uint64(b[n:])
		del := x ^ ones*0x7f
		if m := ((x-ones*0x21)&^x | (del-ones)&^del) & highs; m != 0 {
			return n + bits.TrailingZeros64(m)>>3
		}
	}
	for n < len(b) && b[n] > ' ' && b[n] != 0x7f {
		n++
	}
	return n
}

// LastNumber reads the number that a line ends in: the size of the message behind a MSG or HMSG line.
func LastNumber(line []byte) (n int, ok bool) {
	line = bytes.TrimRight(line, "\r\n")
	return number(line[bytes.LastIndexByte(line, ' ')+1:])
}

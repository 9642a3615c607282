package journal

import "encoding/binary"

// A Decoder takes fields off B, for owners of records too; once one is short, it has failed, and what follows is empty.
type Decoder struct {
	B      []byte
	Failed bool
}

// Take takes n bytes, borrowed.
func (d *Decoder) Take(n uint64) []byte {
	if n > uint64(len(d.B)) {
		d.Failed, d.B = true, nil
		return nil
	}
	v := d.B[:n:n]
	d.B = d.B[n:]
	return v
}

// Byte takes one.
func (d *Decoder) Byte() byte {
	if v := d.Take(1); v != nil {
		return v[0]
	}
	return 0
}

// Int64 takes eight bytes, little-endian.
func (d *Decoder) Int64() int64 {
	if v := d.Take(8); v != nil {
		return int64(binary.LittleEndian.Uint64(v))
	}
	return 0
}

// Uvarint takes a number as encoding/binary writes it.
func (d *Decoder) Uvarint() uint64 {
	v, n := binary.Uvarint(d.B)
	if n <= 0 {
		d.Take(uint64(len(d.B)) + 1)
		return 0
	}
	d.Take(uint64(n))
	return v
}

// Bytes takes bytes behind their number, borrowed.
func (d *Decoder) Bytes() []byte { return d.Take(d.Uvarint()) }

package journal

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// A Record is what is appended and read. Of a record that was read, the bytes are borrowed: from a Reader until the next
// call, from Read they alias the caller's buffer, in callbacks until they return.
type Record struct {
	Seq  uint64 // where it stands, from 1; assigned by Append
	ID   uint64 // Seq as it was appended first: stays when compaction carries it over
	Time int64  // Unix nanoseconds; Append takes 0 as now, by a Clock. A mark has none
	Mark bool   // a small record: key and payload only

	Key     []byte // name or id of the stream it belongs to
	Subject []byte
	Header  []byte
	Payload []byte
}

// Carried says that r was copied from a segment that was to be given up. The order of records is that of their ID.
func (r *Record) Carried() bool { return r.ID != r.Seq }

// counts says whether r is taken as needed until it is released. A mark is not, unless it was worth to be carried over.
func (r *Record) counts() bool { return !r.Mark || r.Carried() }

// Part of the format.
const (
	frameSize = 10
	maxBody   = 64 << 20
	minBody   = 3

	kindMessage = 1
	kindMark    = 2
	kindCarried = 16
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errBody is what the decoder says; scanners turn it into a range that is lost.
var errBody = errors.New("record is damaged")

// bound is at least the bytes that r takes on disk.
func (r *Record) bound() int {
	return frameSize + 1 + 8 + 6*binary.MaxVarintLen32 + len(r.Key) + len(r.Subject) + len(r.Header) + len(r.Payload)
}

// appendTo appends the frame and body of r to b.
func (r *Record) appendTo(b []byte, salt uint32) []byte {
	start := len(b)
	b = append(b, make([]byte, frameSize)...)
	kind := byte(kindMessage)
	if r.Mark {
		kind = kindMark
	}
	if r.Carried() {
		kind |= kindCarried
	}
	b = binary.AppendUvarint(append(b, kind), r.Seq)
	if r.Carried() {
		b = binary.AppendUvarint(b, r.ID)
	}
	if r.Mark {
		b = appendBytes(b, r.Key)
	} else {
		b = binary.LittleEndian.AppendUint64(b, uint64(r.Time))
		b = appendBytes(appendBytes(appendBytes(b, r.Key), r.Subject), r.Header)
	}
	b = append(b, r.Payload...)
	seal(b[start:], salt)
	return b
}

func appendBytes(b, v []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(v))), v...)
}

// seal fills the frame in front of a body.
func seal(rec []byte, salt uint32) {
	binary.LittleEndian.PutUint32(rec[4:], uint32(len(rec)-frameSize))
	binary.LittleEndian.PutUint32(rec, checksum(rec, salt))
	binary.LittleEndian.PutUint16(rec[8:], frameSum(rec, salt))
}

func checksum(rec []byte, salt uint32) uint32 {
	return crc32.Update(crc32.Update(salt, castagnoli, rec[4:8]), castagnoli, rec[frameSize:])
}

func frameSum(rec []byte, salt uint32) uint16 {
	return uint16(crc32.Update(salt, castagnoli, rec[:8]) >> 16)
}

// frame reads how long the record at the beginning of b is with its frame; false: there is none.
func frame(b []byte, salt uint32) (size int, ok bool) {
	if len(b) < frameSize {
		return 0, false
	}
	n := binary.LittleEndian.Uint32(b[4:])
	if n < minBody || n > maxBody || binary.LittleEndian.Uint16(b[8:]) != frameSum(b, salt) {
		return 0, false
	}
	return frameSize + int(n), true
}

// decode reads the record rec with its frame. Its bytes alias rec.
func (r *Record) decode(rec []byte, salt uint32) error {
	if binary.LittleEndian.Uint32(rec) != checksum(rec, salt) {
		return errBody
	}
	d := Decoder{B: rec[frameSize:]}
	kind := d.Byte()
	*r = Record{Mark: kind&^kindCarried == kindMark, Seq: d.Uvarint()}
	r.ID = r.Seq
	if kind&kindCarried != 0 {
		r.ID = d.Uvarint()
	}
	if !r.Mark {
		r.Time = d.Int64()
	}
	r.Key = d.Bytes()
	if !r.Mark {
		r.Subject, r.Header = d.Bytes(), d.Bytes()
	}
	r.Payload = d.B
	if known := kind &^ kindCarried; d.Failed || known != kindMessage && known != kindMark || r.Seq == 0 || r.ID > r.Seq {
		return errBody
	}
	return nil
}

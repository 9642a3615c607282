package leafnode

import "encoding/binary"

// A backlog is the messages that wait for room on a link, oldest first. They are kept here and not in the socket, so that
// what is urgent never waits behind them, and that where there are too many the oldest can go. The link's out guards it.
type backlog struct {
	first, last *block
	spare       *block // of blockSize, unused
	spares      int
	msgs        int
	bytes       int64 // as they go over the link
}

// A block holds records: length, size and time, then the message as it goes over the link.
type block struct {
	next *block
	from int // what is before was taken
	buf  []byte
}

const (
	blockSize  = 64 << 10
	mostSpares = 4
	recordHead = 4 + 4 + 8
)

// A waiting is one message of the backlog.
type waiting struct {
	body []byte // as it goes over the link; borrowed until pop
	size int    // header and payload, as statistics count
	at   int64  // Unix nanoseconds when it was queued
}

// push copies w behind the others.
func (b *backlog) push(w waiting) {
	need := recordHead + len(w.body)
	if b.last == nil || cap(b.last.buf)-len(b.last.buf) < need {
		b.extend(need)
	}
	k := b.last
	k.buf = binary.LittleEndian.AppendUint32(k.buf, uint32(len(w.body)))
	k.buf = binary.LittleEndian.AppendUint32(k.buf, uint32(w.size))
	k.buf = binary.LittleEndian.AppendUint64(k.buf, uint64(w.at))
	k.buf = append(k.buf, w.body...)
	b.msgs++
	b.bytes += int64(len(w.body))
}

// extend adds a block that has room for a record of that many bytes.
func (b *backlog) extend(need int) {
	k := b.spare
	switch {
	case need > blockSize:
		k = &block{buf: make([]byte, 0, need)}
	case k == nil:
		k = &block{buf: make([]byte, 0, blockSize)}
	default:
		b.spare, k.next = k.next, nil
		b.spares--
	}
	if b.last == nil {
		b.first = k
	} else {
		b.last.next = k
	}
	b.last = k
}

// peek is the oldest message.
func (b *backlog) peek() (w waiting, ok bool) {
	k := b.first
	if k == nil {
		return w, false
	}
	head := k.buf[k.from:]
	n := int(binary.LittleEndian.Uint32(head))
	w.size = int(binary.LittleEndian.Uint32(head[4:]))
	w.at = int64(binary.LittleEndian.Uint64(head[8:]))
	w.body = head[recordHead : recordHead+n]
	return w, true
}

// pop takes the oldest message out; there is one.
func (b *backlog) pop() {
	k := b.first
	n := int(binary.LittleEndian.Uint32(k.buf[k.from:]))
	k.from += recordHead + n
	b.msgs--
	b.bytes -= int64(n)
	if k.from < len(k.buf) {
		return
	}
	if b.first = k.next; b.first == nil {
		b.last = nil
	}
	if cap(k.buf) == blockSize && b.spares < mostSpares {
		k.from, k.buf, k.next = 0, k.buf[:0], b.spare
		b.spare = k
		b.spares++
	}
}

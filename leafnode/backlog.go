package leafnode

import "sync"

// A backlog is the messages that have yet to go over a link, oldest first. They are kept here and not in the socket, so that
// what is urgent never waits behind them, and that where there are too many the oldest can go. The link's out guards it.
type backlog struct {
	pool        *sync.Pool // of blocks of blockSize that nobody uses, all links'; nil: none
	first, last *block
	msgs        int
	bytes       int64 // as they go over the link
}

// A block holds messages one behind the other, as they go over the link: many can go at once.
type block struct {
	next    *block
	buf     []byte
	records []record
	from    int // what is before was taken, of buf
	taken   int // and of records
}

// A record is one message in a block.
type record struct {
	bytes uint32 // as it goes over the link
	size  uint32 // header and payload, as statistics count
	at    int64  // Unix nanoseconds when it was queued
}

const (
	blockSize    = 64 << 10 // bytes, or one message
	blockRecords = 512
	newline      = "\r\n"
)

// push copies a message behind the others.
func (b *backlog) push(line, header, payload []byte, at int64) {
	n := len(line) + len(header) + len(payload) + len(newline)
	k := b.last
	if k == nil || cap(k.buf)-len(k.buf) < n || len(k.records) == cap(k.records) {
		k = b.extend(n)
	}
	k.buf = append(append(append(append(k.buf, line...), header...), payload...), newline...)
	k.records = append(k.records, record{uint32(n), uint32(len(header) + len(payload)), at})
	b.msgs++
	b.bytes += int64(n)
}

// extend adds a block that has room for n bytes.
func (b *backlog) extend(n int) *block {
	k := b.spare(n)
	if k == nil {
		k = &block{buf: make([]byte, 0, max(n, blockSize)), records: make([]record, 0, blockRecords)}
	}
	if b.last == nil {
		b.first = k
	} else {
		b.last.next = k
	}
	b.last = k
	return k
}

// spare is a block that nobody uses, if there is one and n bytes fit in.
func (b *backlog) spare(n int) *block {
	if n > blockSize || b.pool == nil {
		return nil
	}
	k, _ := b.pool.Get().(*block)
	return k
}

// A run is messages in a row. Its bytes are borrowed until the next call of skip.
type run struct {
	bytes []byte // as they go over the link
	msgs  int
	size  int64 // headers and payloads, as statistics count
}

// run is as many of the oldest messages, in one piece of memory, as have no more than room bytes; at least so many, if there
// are any.
func (b *backlog) run(room int64, least int) (r run) {
	k := b.first
	if k == nil {
		return r
	}
	n := int64(0)
	for _, m := range k.records[k.taken:] {
		if n+int64(m.bytes) > room && r.msgs >= least {
			break
		}
		n += int64(m.bytes)
		r.size += int64(m.size)
		r.msgs++
	}
	r.bytes = k.buf[k.from : k.from+int(n)]
	return r
}

// skip takes out what run answered.
func (b *backlog) skip(r run) {
	k := b.first
	if k == nil {
		return
	}
	k.from += len(r.bytes)
	k.taken += r.msgs
	b.msgs -= r.msgs
	b.bytes -= int64(len(r.bytes))
	if k.taken < len(k.records) {
		return
	}
	if b.first = k.next; b.first == nil {
		b.last = nil
	}
	if cap(k.buf) == blockSize && b.pool != nil {
		*k = block{buf: k.buf[:0], records: k.records[:0]}
		b.pool.Put(k)
	}
}

// since is when the oldest message was queued, Unix nanoseconds; 0: there is none.
func (b *backlog) since() int64 {
	if b.first == nil {
		return 0
	}
	return b.first.records[b.first.taken].at
}

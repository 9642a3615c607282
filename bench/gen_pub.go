package main

import "fmt"

const (
	// chunk is how many bytes one write offers at most, and about what a batch of messages fills.
	chunk = 32 << 10
	// ackWindow is how many messages of QoS 1 and 2 a publisher has unacknowledged at most, or fewer if they are large.
	ackWindow      = 100
	ackWindowBytes = 256 << 10
)

// A publisher writes its pre-encoded messages round and round. With QoS 1 and 2 its batch has each id that it
// uses equally often, and no id is used again before the server has acknowledged it.
type publisher struct {
	*conn
	flow    *flow
	buf     []byte // whole messages of wire bytes each
	wire    int
	off     int // where in buf the next write begins
	write   int // bytes per write
	bytes   int64
	blocked bool   // the kernel took nothing: wait for it to say so
	stamp   *stamp // verified mode: numbers the messages, nil otherwise
	ids     int64  // QoS 1 and 2: how many there are, 0 otherwise
	acked   int64  // messages that the server has acknowledged
}

// newPublisher encodes publisher id's batch. single writes one message per write.
func newPublisher(c *conn, id int, subjects [][]byte, size int, single bool) *publisher {
	return newWindowed(c, id, subjects, size, single, 0)
}

// newWindowed is newPublisher with so many messages of QoS 1 and 2 unacknowledged at most; 0: the default.
func newWindowed(c *conn, id int, subjects [][]byte, size int, single bool, window int) *publisher {
	m := unit{subject: subjects[0], payload: filler(size)}
	p := &publisher{conn: c, wire: len(c.d.Publish(nil, &m))}
	count := len(subjects)
	if c.d.QoS() > 0 {
		p.ids = int64(window)
		if window == 0 {
			p.ids = int64(max(min(ackWindow, ackWindowBytes/p.wire), 1))
		}
		count = rounds(int(p.ids), len(subjects))
	} else {
		for !single && (count+len(subjects))*p.wire <= chunk {
			count += len(subjects)
		}
	}
	p.stamp = newStamp(id, count)
	for i := range count {
		m.subject, m.id = subjects[i%len(subjects)], uint16(i+1)
		if p.ids > 0 {
			m.id = uint16(i%int(p.ids) + 1)
		}
		p.buf = c.d.Publish(p.buf, &m)
		p.stamp.at[i] = len(p.buf) - p.wire + payloadOffset(p.buf[len(p.buf)-p.wire:], m.payload)
	}
	p.write = max(chunk, p.wire)
	if single {
		p.write = p.wire
	}
	return p
}

// rounds is the least number of messages after which ids and subjects both begin anew.
func rounds(ids, subjects int) int {
	n := ids
	for n%subjects != 0 {
		n += ids
	}
	return n
}

// published is how many of p's messages go to subject i of n, by turns.
func (p *publisher) published(i, n int) int64 {
	sent := p.messages()
	return sent/int64(n) + min(1, max(0, sent%int64(n)-int64(i)))
}

func (p *publisher) messages() int64 { return p.bytes / int64(p.wire) }

func (p *publisher) rewind() {
	p.bytes, p.off, p.acked = 0, 0, 0
	if p.stamp != nil {
		p.stamp.next, p.stamp.applied = 0, false
	}
}

// ready reports whether a step would do something. What releases messages of QoS 2 waits behind a torn one, so that one
// may go on though the flow waits for them.
func (p *publisher) ready() bool {
	return !p.blocked && (p.room() > 0 && p.flow.open() || p.ids > 0 && p.torn())
}

// room is how many bytes may go before an id comes free.
func (p *publisher) room() int {
	if p.ids == 0 {
		return len(p.buf)
	}
	return int((p.acked+p.ids)*int64(p.wire) - p.bytes)
}

// step writes once.
func (p *publisher) step() error {
	if p.off == 0 && p.stamp != nil {
		p.stamp.apply(p.buf)
	}
	if len(p.out) > 0 && !p.torn() {
		if err := p.flush(); err != nil || len(p.out) > 0 {
			p.blocked = true
			return err
		}
	}
	return p.push(min(p.off+p.write, p.off+p.room(), len(p.buf)))
}

// torn reports whether the last write ended inside a message.
func (p *publisher) torn() bool { return p.bytes%int64(p.wire) != 0 }

// mend writes the rest of a torn message.
func (p *publisher) mend() error {
	return p.push(p.off + p.wire - int(p.bytes%int64(p.wire)))
}

// push offers buf up to end.
func (p *publisher) push(end int) error {
	n, err := send(p.fd, p.buf[p.off:end])
	if err == errAgain {
		p.blocked = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("publish on %s: %w: %w", p.name, errCut, err)
	}
	before := p.messages()
	p.bytes += int64(n)
	p.flow.sent += p.messages() - before
	if p.off += n; p.off == len(p.buf) {
		p.off = 0
		if p.stamp != nil {
			p.stamp.applied = false
		}
	}
	return nil
}

// wake is for when the socket has something to read or takes writes again.
func (p *publisher) wake() error {
	p.blocked = false
	if p.ids == 0 {
		return nil
	}
	for full := true; full; {
		var err error
		if full, err = p.read(p.acknowledged); err != nil {
			return err
		}
	}
	if p.torn() {
		return nil
	}
	return p.flush()
}

// acknowledged takes an acknowledgement. They come in the order of the messages [MQTT-4.6.0-2] [MQTT-4.6.0-3].
func (p *publisher) acknowledged(u *unit) error {
	if u.kind != settled {
		return fmt.Errorf("a publisher is sent what it did not subscribe to")
	}
	if want := uint16(p.acked%p.ids) + 1; u.id != want || p.acked >= p.messages() {
		return fmt.Errorf("acknowledgement of id %d, want %d of %d messages", u.id, p.acked+1, p.messages())
	}
	p.acked++
	return nil
}

package main

import "fmt"

// chunk is how many bytes one write offers at most, and about what a batch of messages fills.
const chunk = 32 << 10

// A publisher writes its pre-encoded messages round and round.
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
}

// newPublisher encodes publisher id's batch. single writes one message per write.
func newPublisher(c *conn, id int, subjects [][]byte, size int, single bool) *publisher {
	payload := filler(size)
	p := &publisher{conn: c}
	count := len(subjects)
	for p.wire = len(c.d.Publish(nil, subjects[0], nil, payload)); !single && (count+len(subjects))*p.wire <= chunk; {
		count += len(subjects)
	}
	p.stamp = newStamp(id, count)
	for i := range count {
		p.buf = c.d.Publish(p.buf, subjects[i%len(subjects)], nil, payload)
		p.stamp.at[i] = len(p.buf) - p.wire + payloadOffset(p.buf[len(p.buf)-p.wire:], payload)
	}
	p.write = max(chunk, p.wire)
	if single {
		p.write = p.wire
	}
	return p
}

func (p *publisher) messages() int64 { return p.bytes / int64(p.wire) }

func (p *publisher) rewind() {
	p.bytes, p.off = 0, 0
	if p.stamp != nil {
		p.stamp.next, p.stamp.applied = 0, false
	}
}

// ready reports whether a step would do something.
func (p *publisher) ready() bool { return !p.blocked && p.flow.open() }

// step writes once.
func (p *publisher) step() error {
	if p.off == 0 && p.stamp != nil {
		p.stamp.apply(p.buf)
	}
	return p.push(min(p.off+p.write, len(p.buf)))
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
	p.bytes += int64(n)
	if p.off += n; p.off == len(p.buf) {
		p.off = 0
		if p.stamp != nil {
			p.stamp.applied = false
		}
	}
	return nil
}

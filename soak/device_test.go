//go:build soak

package soak

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"leafgate/mqtt/packet"
)

// A device is an MQTT client with a session that stays. It comes back by itself, and what it has promised and was promised
// outlives its connections, as a client's own storage would.
type device struct {
	id, addr string
	conn     net.Conn
	r        *bufio.Reader
	known    bool // the server has said that it has the session, or must have it
	lost     int  // times it had not
}

var errGone = errors.New("connection is over")

// enter connects, for as long as it takes. False: ctx is over.
func (d *device) enter(ctx context.Context) bool {
	for ctx.Err() == nil {
		if d.tryEnter() == nil {
			return true
		}
		<-time.After(2 * time.Millisecond) // the server is on its way up
	}
	return false
}

func (d *device) tryEnter() error {
	conn, err := net.DialTimeout("tcp", d.addr, time.Second)
	if err != nil {
		return err
	}
	d.conn, d.r = conn, bufio.NewReaderSize(conn, 64<<10)
	c := packet.NewConnect(packet.V311, d.id)
	c.CleanStart = false
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err = conn.Write(packet.AppendConnect(nil, c)); err != nil {
		conn.Close()
		return err
	}
	t, body, err := d.read()
	if err != nil || t>>4 != byte(packet.CONNACK) || len(body) < 2 || body[1] != 0 {
		conn.Close()
		return fmt.Errorf("CONNACK %x: %w", body, errors.Join(err, errGone))
	}
	if d.known && body[0]&1 == 0 {
		d.lost++
	}
	return nil
}

// read reads one packet.
func (d *device) read() (first byte, body []byte, err error) {
	if first, err = d.r.ReadByte(); err != nil {
		return 0, nil, err
	}
	size, err := binary.ReadUvarint(d.r) // the remaining length is one of at most four bytes
	if err != nil || size > 1<<20 {
		return 0, nil, errors.Join(err, errGone)
	}
	body = make([]byte, size)
	_, err = io.ReadFull(d.r, body)
	return first, body, err
}

func (d *device) write(b []byte) error {
	_, err := d.conn.Write(b)
	return err
}

func ackOf(t packet.Type, id uint16) []byte {
	return packet.AppendAck(nil, t, packet.V311, id, packet.Success)
}

// A sender publishes numbered messages at one QoS, and remembers what was acknowledged.
type sender struct {
	device
	topic string
	qos   byte

	mu     sync.Mutex // protects the fields below
	next   int        // number of the next message
	acked  []bool     // by number
	flying map[uint16]int
	freed  map[uint16]bool // PUBREC came
	order  []uint16        // of flying
	last   uint16
}

const windowSize = 32

// run publishes until ctx is over, and then until all is acknowledged.
func (s *sender) run(ctx context.Context) {
	s.flying, s.freed = make(map[uint16]int), make(map[uint16]bool)
	for s.enter(context.Background()) {
		s.known = true
		err := s.again()
		for err == nil && (ctx.Err() == nil || len(s.flying) > 0) {
			if ctx.Err() == nil {
				err = s.fill()
			}
			if err == nil {
				err = s.hear()
			}
		}
		s.conn.Close()
		if err == nil {
			return
		}
	}
}

func (s *sender) publication(id uint16, dup bool) []byte {
	p := packet.Publish{Topic: []byte(s.topic), QoS: s.qos, ID: id, Dup: dup, Payload: fmt.Appendf(nil, "%s %d %0180d", s.id, s.flying[id], 0)}
	return packet.AppendPublish(nil, packet.V311, &p)
}

// again sends what was not acknowledged, in order.
func (s *sender) again() error {
	var b []byte
	for _, id := range s.order {
		if s.freed[id] {
			b = append(b, ackOf(packet.PUBREL, id)...)
		} else {
			b = append(b, s.publication(id, true)...)
		}
	}
	return s.write(b)
}

// fill sends new messages as far as the window goes.
func (s *sender) fill() error {
	var b []byte
	s.mu.Lock()
	for len(s.flying) < windowSize {
		for s.last++; s.last == 0 || s.has(s.last); s.last++ {
		}
		s.flying[s.last] = s.next
		s.order = append(s.order, s.last)
		s.acked = append(s.acked, false)
		s.next++
		b = append(b, s.publication(s.last, false)...)
	}
	s.mu.Unlock()
	return s.write(b)
}

func (s *sender) has(id uint16) bool { _, ok := s.flying[id]; return ok }

// hear takes one acknowledgement.
func (s *sender) hear() error {
	first, body, err := s.read()
	if err != nil || len(body) < 2 {
		return errors.Join(err, errGone)
	}
	id := binary.BigEndian.Uint16(body)
	n, ok := s.flying[id]
	switch packet.Type(first >> 4) {
	case packet.PUBACK:
		s.done(id, n, ok)
	case packet.PUBREC:
		if ok {
			s.mu.Lock()
			s.acked[n], s.freed[id] = true, true
			s.mu.Unlock()
		}
		return s.write(ackOf(packet.PUBREL, id))
	case packet.PUBCOMP:
		s.done(id, n, ok && s.freed[id])
	}
	return nil
}

func (s *sender) done(id uint16, n int, ok bool) {
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acked[n] = true
	delete(s.flying, id)
	delete(s.freed, id)
	for i, x := range s.order {
		if x == id {
			s.order = append(s.order[:i], s.order[i+1:]...)
			break
		}
	}
}

// A receiver counts what reaches a subscriber.
type receiver struct {
	device
	open map[uint16]bool // QoS 2 publications that were taken and not released

	mu     sync.Mutex // protects what follows
	counts map[string]map[int]int
	total  int
}

// subscribe makes the session.
func (v *receiver) subscribe(t *testing.T, filter string) {
	t.Helper()
	v.open, v.counts = make(map[uint16]bool), make(map[string]map[int]int)
	if err := v.tryEnter(); err != nil {
		t.Fatal(err)
	}
	s := packet.Subscribe{ID: 1}
	s.Add(filter, 2)
	if err := v.write(packet.AppendSubscribe(nil, packet.V311, &s)); err != nil {
		t.Fatal(err)
	}
	first, body, err := v.read()
	if err != nil || packet.Type(first>>4) != packet.SUBACK || body[2] != 2 {
		t.Fatalf("SUBACK: %x, %v", body, err)
	}
	v.known = true
	v.conn.Close()
}

// run receives until ctx is over.
func (v *receiver) run(ctx context.Context) {
	for v.enter(ctx) {
		conn := v.conn
		stop := context.AfterFunc(ctx, func() { conn.Close() })
		for v.take() == nil {
		}
		stop()
		conn.Close()
	}
}

func (v *receiver) take() error {
	_ = v.conn.SetDeadline(time.Now().Add(patience))
	first, body, err := v.read()
	if err != nil {
		return err
	}
	switch packet.Type(first >> 4) {
	case packet.PUBLISH:
		var p packet.Publish
		if err := p.ParseServer(first&15, body, packet.V311); err != nil {
			return err
		}
		if p.QoS == 1 {
			v.count(p.Payload)
			return v.write(ackOf(packet.PUBACK, p.ID))
		}
		if !v.open[p.ID] {
			v.open[p.ID] = true
			v.count(p.Payload)
		}
		return v.write(ackOf(packet.PUBREC, p.ID))
	case packet.PUBREL:
		id := binary.BigEndian.Uint16(body)
		delete(v.open, id)
		return v.write(ackOf(packet.PUBCOMP, id))
	}
	return nil
}

func (v *receiver) count(payload []byte) {
	f := strings.Fields(string(payload))
	n, _ := strconv.Atoi(f[1])
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.counts[f[0]] == nil {
		v.counts[f[0]] = make(map[int]int)
	}
	v.counts[f[0]][n]++
	v.total++
}

// behind says which acknowledged message of s has not arrived, or arrived too often.
func (v *receiver) behind(s *sender) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	missing, doubled := 0, 0
	for n, acked := range s.acked {
		switch got := v.counts[s.id][n]; {
		case got == 0 && acked:
			missing++
		case got > 1 && s.qos == 2:
			doubled++
		}
	}
	if missing+doubled > 0 {
		return fmt.Errorf("%s of %s: %d of %d are missing, %d doubled", v.id, s.id, missing, len(s.acked), doubled)
	}
	return nil
}

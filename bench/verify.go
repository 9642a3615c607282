package main

import (
	"bytes"
	"fmt"
	"strings"
)

// Every payload begins with a stamp: the publisher (4 hexadecimal digits) and its sequence (12). The rest is filler.
const (
	stampSize     = 16
	publisherSize = 4
	hexDigits     = "0123456789abcdef"
)

// filler is a payload of n bytes without a stamp.
func filler(n int) []byte {
	return bytes.Repeat([]byte("leafgate"), n/8+1)[:n]
}

// payloadOffset finds payload, which is the last thing but a tail of the encoded message.
func payloadOffset(encoded, payload []byte) int { return bytes.LastIndex(encoded, payload) }

// A stamp numbers the messages of a publisher's batch in place.
type stamp struct {
	publisher int
	at        []int // where in the batch each message's payload begins
	next      uint64
	applied   bool // this round of the batch has its numbers
}

func newStamp(publisher, messages int) *stamp {
	return &stamp{publisher: publisher, at: make([]int, messages)}
}

// apply gives the next numbers to the whole batch, once per round.
func (s *stamp) apply(batch []byte) {
	if s.applied {
		return
	}
	s.applied = true
	for _, at := range s.at {
		putStamp(batch[at:], s.publisher, s.next)
		s.next++
	}
}

func putStamp(b []byte, publisher int, sequence uint64) {
	putHex(b[:publisherSize], uint64(publisher))
	putHex(b[publisherSize:stampSize], sequence)
}

func putHex(b []byte, v uint64) {
	for i := len(b) - 1; i >= 0; i-- {
		b[i], v = hexDigits[v&15], v>>4
	}
}

func readStamp(b []byte) (publisher int, sequence uint64, err error) {
	if len(b) < stampSize {
		return 0, 0, fmt.Errorf("payload of %d bytes has no stamp", len(b))
	}
	p, ok1 := readHex(b[:publisherSize])
	sequence, ok2 := readHex(b[publisherSize:stampSize])
	if !ok1 || !ok2 {
		return 0, 0, fmt.Errorf("payload begins %q: no stamp", b[:stampSize])
	}
	return int(p), sequence, nil
}

func readHex(b []byte) (v uint64, ok bool) {
	for _, c := range b {
		i := strings.IndexByte(hexDigits, c)
		if i < 0 {
			return 0, false
		}
		v = v<<4 | uint64(i)
	}
	return v, true
}

// A ledger holds what one subscriber, or the members of one queue group together, must receive exactly once.
type ledger struct {
	seen       [][]uint64 // per publisher, a bit per sequence
	got        []int64    // per publisher
	duplicates int64
	reordered  int64
}

func newLedger(publishers int) *ledger {
	return &ledger{seen: make([][]uint64, publishers), got: make([]int64, publishers)}
}

// has reports whether a message was entered.
func (l *ledger) has(publisher int, sequence uint64) bool {
	word := sequence / 64
	return word < uint64(len(l.seen[publisher])) && l.seen[publisher][word]&(1<<(sequence%64)) != 0
}

// mark enters a message.
func (l *ledger) mark(publisher int, sequence uint64) {
	if l.has(publisher, sequence) {
		l.duplicates++
		return
	}
	word := sequence / 64
	for uint64(len(l.seen[publisher])) <= word {
		l.seen[publisher] = append(l.seen[publisher], 0)
	}
	l.seen[publisher][word] |= 1 << (sequence % 64)
	l.got[publisher]++
}

// verdict compares with what each publisher sent.
func (l *ledger) verdict(sent []int64, mayLose bool) error {
	var lost int64
	for p, n := range sent {
		lost += n - l.got[p]
	}
	if mayLose {
		lost = min(lost, 0)
	}
	var faults []string
	for _, f := range []struct {
		n    int64
		what string
	}{{lost, "lost"}, {l.duplicates, "duplicated"}, {l.reordered, "out of order"}} {
		if f.n != 0 {
			faults = append(faults, fmt.Sprintf("%d %s", f.n, f.what))
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return fmt.Errorf("messages: %s", strings.Join(faults, ", "))
}

// A checker is one subscriber's view of its ledger: order holds per publisher and subscriber.
type checker struct {
	ledger *ledger
	first  int     // number of the flow's first publisher
	last   []int64 // per publisher, the highest sequence
	tail   []byte  // what follows the stamp
}

func newChecker(l *ledger, first, size int) *checker {
	c := &checker{ledger: l, first: first, last: make([]int64, len(l.got)), tail: filler(size)[stampSize:]}
	for i := range c.last {
		c.last[i] = -1
	}
	return c
}

// message checks one message. Errors are for content; loss, order and duplicates are the ledger's verdict. A message that is
// marked as sent again may come twice with QoS 1, and late; with QoS 2 the client would not have to see it.
func (c *checker) message(u *unit) error {
	payload := u.payload
	p, sequence, err := readStamp(payload)
	if err != nil {
		return err
	}
	if p -= c.first; p < 0 || p >= len(c.last) {
		return fmt.Errorf("message of publisher %d went astray", p+c.first)
	}
	if sequence > 1<<32 || !bytes.Equal(payload[stampSize:], c.tail) {
		return fmt.Errorf("message %d of publisher %d came with another content", sequence, p+c.first)
	}
	if u.again && u.qos == 1 && c.ledger.has(p, sequence) {
		return nil
	}
	if int64(sequence) < c.last[p] {
		c.ledger.reordered++
	}
	c.last[p] = max(c.last[p], int64(sequence))
	c.ledger.mark(p, sequence)
	return nil
}

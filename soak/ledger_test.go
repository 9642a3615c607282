//go:build soak

package soak

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
)

// A ledger keeps what readers got of publishers' numbered messages. Numbers begin at 1.
type ledger struct {
	mu     sync.Mutex
	gaps   bool     // messages may be missing, never doubled or out of order
	last   [][]int  // by reader, by publisher
	faults []string // the first few
}

func newLedger(readers, publishers int, gaps bool) *ledger {
	l := &ledger{gaps: gaps, last: make([][]int, readers)}
	for i := range l.last {
		l.last[i] = make([]int, publishers)
	}
	return l
}

// message is what publisher sends as its nth; it checks itself.
func message(publisher, n int) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(publisher))
	b = binary.BigEndian.AppendUint32(b, uint32(n))
	for len(b) < 16+n%200 {
		b = append(b, byte(n+len(b)))
	}
	return b
}

func (l *ledger) take(reader int, m *nats.Msg) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(m.Data) < 16 {
		l.fault("reader %d: %d bytes", reader, len(m.Data))
		return
	}
	publisher, n := int(binary.BigEndian.Uint32(m.Data)), int(binary.BigEndian.Uint32(m.Data[4:]))
	if publisher >= len(l.last[reader]) || !slices.Equal(m.Data, message(publisher, n)) {
		l.fault("reader %d: message %d of %d is spoilt", reader, n, publisher)
		return
	}
	last := &l.last[reader][publisher]
	if n <= *last || !l.gaps && n != *last+1 {
		l.fault("reader %d: after %d of publisher %d came %d", reader, *last, publisher, n)
	}
	*last = n
}

func (l *ledger) fault(format string, args ...any) {
	if len(l.faults) < 10 {
		l.faults = append(l.faults, fmt.Sprintf(format, args...))
	}
}

// behind says who has not got what publisher sent up to its nth, or what is wrong.
func (l *ledger) behind(publisher, n int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for reader, last := range l.last {
		if last[publisher] < n {
			return fmt.Errorf("reader %d got %d of publisher %d's %d messages; %v", reader, last[publisher], publisher, n, l.faults)
		}
	}
	return nil
}

func (l *ledger) check(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.faults {
		t.Error(f)
	}
}

// A check that notices nothing is worth nothing.
func TestLedger(t *testing.T) {
	spoilt := message(0, 3)
	spoilt[15]++
	for _, row := range []struct {
		name   string
		gaps   bool
		came   [][]byte
		faults int
	}{
		{"all", false, [][]byte{message(0, 1), message(1, 1), message(0, 2)}, 0},
		{"lost", false, [][]byte{message(0, 1), message(0, 3)}, 1},
		{"lost, allowed", true, [][]byte{message(0, 1), message(0, 3)}, 0},
		{"doubled", true, [][]byte{message(0, 1), message(0, 1)}, 1},
		{"swapped", true, [][]byte{message(0, 2), message(0, 1)}, 1},
		{"spoilt", true, [][]byte{message(0, 1), spoilt}, 1},
		{"cut", true, [][]byte{message(0, 1)[:15]}, 1},
		{"of nobody", true, [][]byte{message(2, 1)}, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			l := newLedger(1, 2, row.gaps)
			for _, data := range row.came {
				l.take(0, &nats.Msg{Data: data})
			}
			if len(l.faults) != row.faults {
				t.Errorf("faults: %q, want %d", l.faults, row.faults)
			}
		})
	}
	if l := newLedger(2, 1, false); l.behind(0, 1) == nil || l.behind(0, 0) != nil {
		t.Error("readers that got nothing are not behind")
	}
}

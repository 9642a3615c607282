package netio

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/klauspost/compress/s2"

	"leafgate/core"
)

// A scripted lower end gives bytes in pieces, with pauses, and takes what it likes.
type scripted struct {
	in    []byte
	step  int
	pause bool // the next read finds nothing
	out   bytes.Buffer
	takes int // bytes a write may take; 0: everything
}

func (s *scripted) read(p []byte) (int, error) {
	if s.pause = !s.pause; s.pause {
		return 0, errWouldBlock
	}
	if len(s.in) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), s.step)], s.in)
	s.in = s.in[n:]
	return n, nil
}

func (s *scripted) write(p *chunks, q *queue, _, _ []byte) (queued, lent int, again bool, err error) {
	for k := q.first; k != nil; k = q.first {
		n := len(k.buf) - k.from
		if s.takes > 0 {
			n = min(n, s.takes)
		}
		s.out.Write(k.buf[k.from : k.from+n])
		q.skip(p, n)
		queued += n
		if s.takes > 0 && q.first != nil {
			return queued, 0, true, nil
		}
	}
	return queued, 0, false, nil
}

func (s *scripted) dirty() bool { return false }
func (s *scripted) sayEnd()     {}
func (s *scripted) drop()       {}

func newTestDriver(t testing.TB) *Driver {
	d := NewDriver(core.NewEngine(), DriverOptions{Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(d.Stop)
	return d
}

func s2Layer(d *Driver, below lower, level Level) *layer {
	f := &s2Filter{conn: &Conn{lis: &Listener{driver: d}, known: true}}
	f.level.Store(uint32(level))
	return &layer{filter: f, below: below, d: d}
}

// drain reads to the end, with buffers of size bytes.
func drain(l *layer, size int) (all []byte, err error) {
	p := make([]byte, size)
	for {
		n, err := l.read(p)
		all = append(all, p[:n]...)
		switch {
		case err == errWouldBlock:
			if cap(l.in) > carrySize && len(l.in)-l.from <= carrySize {
				return all, errors.New("it keeps a large buffer for little")
			}
		case err == io.EOF && l.cut():
			return all, io.ErrUnexpectedEOF
		case err == io.EOF:
			return all, nil
		case err != nil:
			return all, err
		}
	}
}

// TestLayerWrites: whatever is queued, lent or left over from before the layer goes out once, in order.
func TestLayerWrites(t *testing.T) {
	d := newTestDriver(t)
	r := rand.New(rand.NewPCG(3, 4))
	some := func() []byte { return bytes.Repeat([]byte{byte(r.Uint32())}, r.IntN(1<<r.IntN(18))) }
	for _, takes := range []int{0, 1, 1000} {
		s := &scripted{takes: takes}
		l := s2Layer(d, s, Fast)
		var q queue
		var want []byte
		for range r.IntN(3) {
			b := some()
			q.append(&d.chunks, b)
			want = append(want, b...)
		}
		l.clear = q.bytes
		clear := q.bytes
		for range 200 {
			if r.IntN(2) == 0 {
				b := some()
				q.append(&d.chunks, b)
				want = append(want, b...)
			}
			head, rest := some(), some()
			want = append(append(want, head...), rest...)
			had := q.bytes
			queued, lent, _, err := l.write(&d.chunks, &q, head, rest)
			if err != nil || q.bytes != had-queued {
				t.Fatal(queued, lent, q.bytes, err)
			}
			q.append(&d.chunks, head[min(lent, len(head)):])
			q.append(&d.chunks, rest[max(lent-len(head), 0):])
		}
		for q.bytes > 0 || l.dirty() {
			if _, _, _, err := l.write(&d.chunks, &q, nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		got := append([]byte{}, s.out.Next(clear)...)
		unpacked, err := io.ReadAll(s2.NewReader(&s.out))
		if got = append(got, unpacked...); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes of %d, %v", len(got), len(want), err)
		}
		l.drop()
	}
}

// TestLayerAllocs: nothing is allocated for what goes through, and nothing is kept between.
func TestLayerAllocs(t *testing.T) {
	if RaceEnabled {
		t.Skip("the race detector allocates")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // compressors keep their tables in pools that collections empty
	d := newTestDriver(t)
	head, rest := []byte(strings.Repeat("LMSG a.b 5\r\nhello\r\n", 20)), []byte(strings.Repeat("x", 1000))
	for _, level := range []Level{Uncompressed, Fast, Better, Best} {
		s := &scripted{step: 1 << 20}
		l := s2Layer(d, s, level)
		var packed []byte
		p := make([]byte, readSize)
		var q queue
		run := func() {
			for range 1000 {
				s.out.Reset()
				if _, _, _, err := l.write(&d.chunks, &q, head, rest); err != nil {
					t.Fatal(err)
				}
				packed = append(packed[:0], s.out.Bytes()...)
				s.in, s.pause = packed, true
				if n, err := l.read(p); n != len(head)+len(rest) || err != nil {
					t.Fatal(n, err)
				}
				if _, err := l.read(p); err != errWouldBlock || l.kept() != 0 {
					t.Fatal(err, l.kept())
				}
			}
		}
		run()
		if n := testing.AllocsPerRun(5, run); n > 0 {
			t.Errorf("level %d: %v allocations for 1,000 bursts there and back", level, n)
		}
	}
}

// FuzzCompressed: no bytes do more than end the connection, however they are cut, and what is good is what another reader
// of the format reads.
func FuzzCompressed(f *testing.F) {
	d := newTestDriver(f)
	for _, level := range []Level{Uncompressed, Fast} {
		s := &scripted{}
		l := s2Layer(d, s, level)
		for _, n := range []int{1, 100, 1000} {
			var q queue
			if _, _, _, err := l.write(&d.chunks, &q, bytes.Repeat([]byte("seed"), n), nil); err != nil {
				f.Fatal(err)
			}
		}
		f.Add(s.out.Bytes(), 7, 100)
	}
	f.Add([]byte("\xff\x06\x00\x00S2sTwO\xfe\x10\x00\x00abc"), 1, 1)
	f.Fuzz(func(t *testing.T, in []byte, step, size int) {
		var got [2][]byte
		var errs [2]error
		for i, s := range []*scripted{{in: in, step: 1 << 20}, {in: in, step: 1 + step&1023}} {
			l := s2Layer(d, s, Fast)
			l.filter.(*s2Filter).conn.known = false // smaller blocks
			got[i], errs[i] = drain(l, 64+size&0xffff)
			l.drop()
			if l.kept() != 0 {
				t.Error("a buffer is left")
			}
		}
		if !bytes.Equal(got[0], got[1]) || (errs[0] == nil) != (errs[1] == nil) {
			t.Errorf("whole: %d bytes, %v; in pieces: %d bytes, %v", len(got[0]), errs[0], len(got[1]), errs[1])
		}
		if errs[0] == nil {
			if other, err := io.ReadAll(s2.NewReader(bytes.NewReader(in), s2.ReaderMaxBlockSize(strangersBlock))); err != nil || !bytes.Equal(other, got[0]) {
				t.Errorf("we read %d bytes, others %d, %v", len(got[0]), len(other), err)
			}
		}
	})
}

package netio

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/klauspost/compress/flate"

	"leafgate/internal/wsframe"
)

func frameLayer(d *Driver, below lower, how Framing) *layer {
	f := &frameFilter{conn: &Conn{lis: &Listener{driver: d}, known: true}, how: &how}
	l := &layer{filter: f, below: below, d: d}
	f.layer = l
	return l
}

// packed is what the other side sends.
func frameOf(h wsframe.Header, payload string) []byte {
	b := []byte(payload)
	h.Payload = int64(len(b))
	wsframe.Mask(b, h.Key, 0)
	return append(h.Append(nil), b...)
}

func pack(t testing.TB, payload string) string {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, 6)
	if err == nil {
		_, err = io.WriteString(w, payload)
	}
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), flushed)
}

var framings = []Framing{{}, {Client: true}, {Unmasked: true}, {Client: true, Unmasked: true}, {Deflate: true}, {Client: true, Deflate: true}}

// TestFrames: what one side writes the other reads, whatever the pieces.
func TestFrames(t *testing.T) {
	d := newTestDriver(t)
	r := rand.New(rand.NewPCG(5, 6))
	for _, how := range framings {
		s := &scripted{takes: 1000}
		out := frameLayer(d, s, how)
		var want []byte
		var q queue
		for range 60 {
			b := bytes.Repeat([]byte{byte(r.Uint32())}, r.IntN(1<<r.IntN(19)))
			if r.IntN(2) == 0 {
				for i := range b {
					b[i] = byte(r.Uint32())
				}
			}
			want = append(want, b...)
			_, lent, _, err := out.write(&d.chunks, &q, b, nil)
			if err != nil {
				t.Fatal(err)
			}
			q.append(&d.chunks, b[lent:])
		}
		for q.bytes > 0 || out.dirty() {
			if _, _, _, err := out.write(&d.chunks, &q, nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		wire := bytes.Clone(s.out.Bytes())
		how.Client = !how.Client
		for _, step := range []int{1 << 20, 70_000, 1000, 7} {
			in := frameLayer(d, &scripted{in: bytes.Clone(wire), step: step}, how)
			got, err := drain(in, readSize)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%+v in steps of %d: %d bytes of %d, %v", how, step, len(got), len(want), err)
			}
			in.drop()
		}
	}
}

// TestFragments: control frames stand between fragments, compressed or not, and empty ones are nothing.
func TestFragments(t *testing.T) {
	d := newTestDriver(t)
	long := strings.Repeat("abc", 30_000)
	packed := pack(t, long)
	key := [4]byte{9, 8, 7, 6}
	frame := func(op wsframe.Opcode, fin, deflated bool, payload string) string {
		return string(frameOf(wsframe.Header{Op: op, Fin: fin, Deflated: deflated, Masked: true, Key: key}, payload))
	}
	all := frame(wsframe.Binary, false, false, "one ") + frame(wsframe.Ping, true, false, "?") + frame(wsframe.Continuation, false, false, "") +
		frame(wsframe.Continuation, true, false, "two ") + frame(wsframe.Binary, true, false, "") + frame(wsframe.Pong, true, false, "!") +
		frame(wsframe.Binary, false, true, packed[:5]) + frame(wsframe.Ping, true, false, "??") + frame(wsframe.Continuation, false, false, "") +
		frame(wsframe.Continuation, true, false, packed[5:]) + frame(wsframe.Binary, true, true, "") + frame(wsframe.Binary, true, true, "\x00") +
		frame(wsframe.Binary, true, true, pack(t, "end")) + frame(wsframe.Binary, true, false, "!") +
		frame(wsframe.Close, true, false, "\x03\xe9") + "what does not count"
	for _, step := range []int{1 << 20, 100, 1} {
		s := &scripted{in: []byte(all), step: step}
		l := frameLayer(d, s, Framing{Deflate: true})
		got, err := drain(l, readSize)
		if want := "one two " + long + "end!"; string(got) != want || err != nil {
			t.Errorf("in steps of %d: %d bytes of %d, %v", step, len(got), len(want), err)
		}
		l.sayEnd()
		if _, _, _, err := l.write(&d.chunks, &queue{}, nil, nil); err != nil || s.out.String() != "\x8a\x01?\x8a\x02??\x88\x02\x03\xe9" {
			t.Errorf("answered %q, %v", s.out.String(), err)
		}
		l.drop()
	}
}

func TestBadFrames(t *testing.T) {
	d := newTestDriver(t)
	bomb := pack(t, strings.Repeat("0", 5<<20))
	half := pack(t, strings.Repeat("0", 200<<10))
	masked := func(op wsframe.Opcode, payload string) wsframe.Header {
		return wsframe.Header{Op: op, Fin: true, Masked: true, Payload: int64(len(payload))}
	}
	deflated := func(payload string) string {
		h := masked(wsframe.Binary, payload)
		h.Deflated = true
		return string(frameOf(h, payload))
	}
	huge := wsframe.Header{Op: wsframe.Binary, Fin: true, Masked: true, Payload: 1<<63 - 1}
	for _, tc := range []struct {
		name, in string
		how      Framing
		stranger bool
		want     error
	}{
		{"not masked", "\x82\x01x", Framing{}, false, wsframe.ErrUnmasked},
		{"masked for a client", string(frameOf(masked(wsframe.Binary, "x"), "x")), Framing{Client: true}, false, wsframe.ErrMasked},
		{"not agreed", deflated(pack(t, "x")), Framing{}, false, wsframe.ErrNotAgreed},
		{"text", string(frameOf(masked(wsframe.Text, "x"), "x")), Framing{}, false, wsframe.ErrText},
		{"huge", string(huge.Append(nil)), Framing{}, false, wsframe.ErrTooLarge},
		{"larger than agreed", string(frameOf(masked(wsframe.Binary, "12345"), "12345")), Framing{Most: 4}, false, wsframe.ErrTooLarge},
		{"a stranger's", string(frameOf(masked(wsframe.Binary, half), strings.Repeat("x", 200<<10))), Framing{}, true, wsframe.ErrTooLarge},
		{"a bomb", deflated(bomb), Framing{Deflate: true}, false, wsframe.ErrTooLarge},
		{"a stranger's bomb", deflated(half), Framing{Deflate: true}, true, wsframe.ErrTooLarge},
		{"not packed", deflated("\xff\xff\xff\xff\xff"), Framing{Deflate: true}, false, wsframe.ErrNotDeflate},
		{"cut in a header", "\x82", Framing{}, false, io.ErrUnexpectedEOF},
		{"cut in a payload", "\x82\x85\x00\x00\x00\x00xxx", Framing{}, false, io.ErrUnexpectedEOF},
		{"cut in a message", "\x02\x81\x00\x00\x00\x00x", Framing{}, false, io.ErrUnexpectedEOF},
		{"between messages", "\x82\x81\x00\x00\x00\x00x", Framing{}, false, nil},
	} {
		for _, step := range []int{1 << 20, 1} {
			l := frameLayer(d, &scripted{in: []byte(tc.in), step: step}, tc.how)
			l.filter.(*frameFilter).conn.known = !tc.stranger
			if _, err := drain(l, readSize); !errors.Is(err, tc.want) {
				t.Errorf("%s: %v, want %v", tc.name, err, tc.want)
			}
			l.drop()
		}
	}
}

// TestPingFlood: who asks and does not read gets no answer any more, and the memory stays where it was.
func TestPingFlood(t *testing.T) {
	d := newTestDriver(t)
	ping := frameOf(wsframe.Header{Op: wsframe.Ping, Fin: true, Masked: true}, strings.Repeat("?", wsframe.MostControl))
	l := frameLayer(d, &scripted{in: bytes.Repeat(ping, 50_000), step: 1 << 20}, Framing{})
	if _, err := drain(l, readSize); err != nil {
		t.Fatal(err)
	}
	if n := l.sealed.bytes; n < mostAnswers || n > mostAnswers+200 {
		t.Errorf("%d bytes wait", n)
	}
	l.drop()
}

// TestFrameAllocs: nothing is allocated for what goes through, and nothing is kept between.
func TestFrameAllocs(t *testing.T) {
	if RaceEnabled {
		t.Skip("the race detector allocates")
	}
	d := newTestDriver(t)
	head, rest := []byte(strings.Repeat("MSG a.b 5\r\nhello\r\n", 20)), []byte(strings.Repeat("x", 1000))
	for _, how := range framings {
		s := &scripted{step: 1 << 20}
		l := frameLayer(d, s, how)
		other := how
		other.Client = !how.Client
		back := &scripted{step: 1 << 20}
		r := frameLayer(d, back, other)
		p := make([]byte, readSize)
		var wire []byte
		var q queue
		n := testing.AllocsPerRun(5, func() {
			for range 1000 {
				s.out.Reset()
				if _, _, _, err := l.write(&d.chunks, &q, head, rest); err != nil {
					t.Fatal(err)
				}
				wire = append(wire[:0], s.out.Bytes()...)
				back.in, back.pause = wire, true
				for got := 0; got < len(head)+len(rest); {
					n, err := r.read(p)
					if got += n; err != nil {
						t.Fatal(err)
					}
				}
				if _, err := r.read(p); err != errWouldBlock || r.kept() != 0 {
					t.Fatal(err, r.kept())
				}
			}
		})
		if n > 0 {
			t.Errorf("%+v: %v allocations for 1,000 messages", how, n)
		}
		l.drop()
		r.drop()
	}
}

// FuzzFrames: whatever comes costs an error at most, and is read the same in any pieces.
func FuzzFrames(f *testing.F) {
	for _, payload := range []string{"", "PING\r\n", strings.Repeat("x", 70_000)} {
		f.Add(frameOf(wsframe.Header{Op: wsframe.Binary, Fin: true, Masked: true, Key: [4]byte{1, 2, 3, 4}}, payload), uint8(3))
		f.Add(frameOf(wsframe.Header{Op: wsframe.Binary, Fin: true, Masked: true, Deflated: true}, pack(f, payload)), uint8(50))
	}
	f.Add([]byte("\x02\x80\x00\x00\x00\x00\x89\x80\x00\x00\x00\x00\x80\x80\x00\x00\x00\x00\x88\x80\x00\x00\x00\x00"), uint8(1))
	d := newTestDriver(f)
	f.Fuzz(func(t *testing.T, b []byte, step uint8) {
		read := func(step int) (string, error) {
			d.inflaters.free = nil // what a used one makes of an invalid message depends on those before
			l := frameLayer(d, &scripted{in: bytes.Clone(b), step: step}, Framing{Deflate: true, Inflated: 1 << 20})
			defer l.drop()
			got, err := drain(l, readSize)
			return string(got), err
		}
		whole, err := read(1 << 20)
		if parts, err2 := read(int(step) + 1); err == nil && (whole != parts || err2 != nil) {
			t.Fatalf("%d bytes, in parts %d, %v", len(whole), len(parts), err2)
		}
	})
}

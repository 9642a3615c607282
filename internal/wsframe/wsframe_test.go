package wsframe_test

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"leafgate/internal/wsframe"
)

// headers are one of each kind, and every border of the length's forms.
func headers() (all []wsframe.Header) {
	key := [4]byte{1, 2, 3, 4}
	for _, n := range []int64{0, 1, 125, 126, 127, 128, 65535, 65536, math.MaxInt64} {
		for _, masked := range []bool{false, true} {
			h := wsframe.Header{Op: wsframe.Binary, Fin: true, Payload: n, Masked: masked}
			if masked {
				h.Key = key
			}
			part, deflated, control := h, h, h
			part.Op, part.Fin = wsframe.Continuation, false
			deflated.Deflated = true
			if control.Op = wsframe.Ping; n <= wsframe.MostControl {
				all = append(all, control)
			}
			all = append(all, h, part, deflated)
		}
	}
	return all
}

func TestHeader(t *testing.T) {
	for _, want := range headers() {
		b := want.Append(nil)
		want.Len = len(b)
		for n := range b {
			if h, err := wsframe.Parse(b[:n]); h.Len != 0 || err != nil {
				t.Fatalf("%x of %x is %+v, %v", b[:n], b, h, err)
			}
		}
		if got, err := wsframe.Parse(append(b, "payload"...)); got != want || err != nil {
			t.Errorf("%x is %+v, %v, want %+v", b, got, err, want)
		}
		if len(b) > wsframe.MostHeader {
			t.Errorf("%+v has %d bytes", want, len(b))
		}
	}
}

func TestBadHeader(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		code     wsframe.Code
	}{
		{"reserved bit 2", "\xa2\x00", wsframe.ProtocolError},
		{"reserved bit 3", "\x92\x00", wsframe.ProtocolError},
		{"opcode 3", "\x83\x00", wsframe.ProtocolError},
		{"opcode 11", "\x8b\x00", wsframe.ProtocolError},
		{"ping in fragments", "\x09\x00", wsframe.ProtocolError},
		{"long ping", "\x89\x7e", wsframe.ProtocolError},
		{"very long close", "\x88\x7f", wsframe.ProtocolError},
		{"compressed pong", "\xca\x00", wsframe.ProtocolError},
		{"125 in 16 bits", "\x82\x7e\x00\x7d", wsframe.ProtocolError},
		{"65535 in 64 bits", "\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff", wsframe.ProtocolError},
		{"negative", "\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00", wsframe.ProtocolError},
		{"all bits", "\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff", wsframe.ProtocolError},
	} {
		h, err := wsframe.Parse([]byte(tc.in))
		var own *wsframe.Error
		if !errors.As(err, &own) || own.Code != tc.code {
			t.Errorf("%s: %+v, %v, want %d", tc.name, h, err, tc.code)
		}
	}
}

// TestMask against the sentence of the standard: octet i of the result is octet i xor octet i mod 4 of the key.
func TestMask(t *testing.T) {
	key := [4]byte{0x12, 0x34, 0x56, 0x78}
	plain := []byte(strings.Repeat("mask me, all of me; ", 32))
	want := bytes.Clone(plain)
	for i := range want {
		want[i] ^= key[i%4]
	}
	for cut := range plain {
		for _, size := range []int{0, 1, 2, 3, 5, 8, 63, 256, 257, 400} {
			got := bytes.Clone(plain)
			end := min(cut+size, len(got))
			wsframe.Mask(got[:cut], key, 0)
			wsframe.Mask(got[cut:end], key, int64(cut))
			wsframe.Mask(got[end:], key, int64(end))
			if !bytes.Equal(got, want) {
				t.Fatalf("cut at %d and %d: %x, want %x", cut, end, got, want)
			}
		}
	}
}

func TestClose(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		code     wsframe.Code
		reason   string
		bad      wsframe.Code
	}{
		{"nothing", "", wsframe.NoCode, "", 0},
		{"normal", "\x03\xe8", wsframe.Normal, "", 0},
		{"with a reason", "\x03\xe9bye", wsframe.GoingAway, "bye", 0},
		{"an application's", "\x0f\xa0", 4000, "", 0},
		{"half a code", "\x03", 0, "", wsframe.ProtocolError},
		{"999", "\x03\xe7", 0, "", wsframe.ProtocolError},
		{"reserved 1004", "\x03\xec", 0, "", wsframe.ProtocolError},
		{"no code on the wire", "\x03\xed", 0, "", wsframe.ProtocolError},
		{"abnormal on the wire", "\x03\xee", 0, "", wsframe.ProtocolError},
		{"TLS on the wire", "\x03\xf7", 0, "", wsframe.ProtocolError},
		{"2000", "\x07\xd0", 0, "", wsframe.ProtocolError},
		{"5000", "\x13\x88", 0, "", wsframe.ProtocolError},
		{"not UTF-8", "\x03\xe8\xff", 0, "", wsframe.InvalidPayload},
	} {
		code, reason, err := wsframe.ParseClose([]byte(tc.in))
		var own *wsframe.Error
		if errors.As(err, &own); tc.bad != 0 && (own == nil || own.Code != tc.bad) || tc.bad == 0 && err != nil {
			t.Errorf("%s: %v, want %d", tc.name, err, tc.bad)
		}
		if code != tc.code || string(reason) != tc.reason {
			t.Errorf("%s: %d %q, want %d %q", tc.name, code, reason, tc.code, tc.reason)
		}
		if got := wsframe.AppendClose(nil, tc.code, tc.reason); tc.bad == 0 && string(got) != tc.in {
			t.Errorf("%s: appended %q, want %q", tc.name, got, tc.in)
		}
	}
	for _, long := range []string{strings.Repeat("x", 200), strings.Repeat("€", 60)} {
		b := wsframe.AppendClose(nil, wsframe.Normal, long)
		if _, reason, err := wsframe.ParseClose(b); err != nil || len(b) > wsframe.MostControl || len(reason) < 120 {
			t.Errorf("a long reason became %q, %v", reason, err)
		}
	}
}

func TestSequence(t *testing.T) {
	frame := func(op wsframe.Opcode, fin bool, size int64) wsframe.Header {
		return wsframe.Header{Op: op, Fin: fin, Payload: size}
	}
	deflated := func(h wsframe.Header) wsframe.Header { h.Deflated = true; return h }
	const most = 100
	for _, tc := range []struct {
		name   string
		frames []wsframe.Header
		want   error
	}{
		{"whole ones", []wsframe.Header{frame(2, true, 100), frame(2, true, 100)}, nil},
		{"fragments", []wsframe.Header{frame(2, false, 50), frame(0, false, 0), frame(0, true, 50), frame(2, true, 100)}, nil},
		{"compressed", []wsframe.Header{deflated(frame(2, false, 50)), frame(0, true, 50)}, nil},
		{"continuation of nothing", []wsframe.Header{frame(2, true, 1), frame(0, true, 1)}, wsframe.ErrNoMessage},
		{"two at once", []wsframe.Header{frame(2, false, 1), frame(2, true, 1)}, wsframe.ErrUnfinished},
		{"text", []wsframe.Header{frame(1, true, 1)}, wsframe.ErrText},
		{"large", []wsframe.Header{frame(2, true, 101)}, wsframe.ErrTooLarge},
		{"very large", []wsframe.Header{frame(2, true, math.MaxInt64)}, wsframe.ErrTooLarge},
		{"large together", []wsframe.Header{frame(2, false, 60), frame(0, true, 41)}, wsframe.ErrTooLarge},
		{"without end", append([]wsframe.Header{frame(2, false, 1)}, make([]wsframe.Header, 65)...), wsframe.ErrTooManyParts},
	} {
		var s wsframe.Sequence
		var err error
		for _, h := range tc.frames {
			if err = s.Take(&h, most); err != nil {
				break
			}
			if s.Open() == h.Fin || h.Op == wsframe.Binary && s.Deflated() != h.Deflated {
				t.Errorf("%s: behind %+v it is %+v", tc.name, h, s)
			}
		}
		if !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, err, tc.want)
		}
	}
}

func TestHeaderAllocs(t *testing.T) {
	h := wsframe.Header{Op: wsframe.Binary, Fin: true, Masked: true, Payload: 70_000}
	b := make([]byte, 0, 64)
	if n := testing.AllocsPerRun(10, func() {
		for range 1000 {
			b = h.Append(b[:0])
			wsframe.Parse(b)
			wsframe.Mask(b, h.Key, 3)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzFrames: whatever comes ends in an error or is what would be written in its place.
func FuzzFrames(f *testing.F) {
	for _, h := range headers() {
		f.Add(append(h.Append(nil), "payload"...))
	}
	f.Add([]byte("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var s wsframe.Sequence
		for len(b) > 0 {
			h, err := wsframe.Parse(b)
			if err != nil || h.Len == 0 {
				return
			}
			if h.Payload < 0 || h.Len > len(b) {
				t.Fatalf("%x is %+v", b, h)
			}
			if again := h.Append(nil); !bytes.Equal(again, b[:h.Len]) {
				t.Fatalf("%x came back as %x", b[:h.Len], again)
			}
			b = b[h.Len:]
			n := min(int64(len(b)), h.Payload)
			wsframe.Mask(b[:n], h.Key, 0)
			if h.Op == wsframe.Close {
				wsframe.ParseClose(b[:n])
			}
			if b = b[n:]; !h.Op.Control() && s.Take(&h, 1<<20) != nil {
				return
			}
		}
	})
}

package s2stream_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/klauspost/compress/s2"

	"leafgate/internal/s2stream"
)

var levels = []s2stream.Level{s2stream.Uncompressed, s2stream.Fast, s2stream.Better, s2stream.Best}

func noise(n int) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// bodies are what is packed.
func bodies() [][]byte {
	return [][]byte{[]byte("x"), []byte("PING\r\n"), bytes.Repeat([]byte("LMSG a.b 5\r\nhello\r\n"), 50), make([]byte, 64<<10), noise(1000),
		noise(64 << 10), bytes.Repeat([]byte("0123456789"), 400_000)}
}

// TestAppend: any reader of the format reads what we write.
func TestAppend(t *testing.T) {
	for _, l := range levels {
		stream, want := []byte(s2stream.Identifier), []byte(nil)
		for _, b := range bodies() {
			before := len(stream)
			stream = s2stream.Append(stream, b, l)
			if n := len(stream) - before; n > s2stream.Room(len(b)) {
				t.Errorf("level %d: %d bytes became %d", l, len(b), n)
			}
			want = append(want, b...)
		}
		got, err := io.ReadAll(s2.NewReader(bytes.NewReader(stream)))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("level %d: %d bytes of %d, %v", l, len(got), len(want), err)
		}
		if l > s2stream.Uncompressed && len(stream) > len(want)/10 {
			t.Errorf("level %d: %d bytes became %d", l, len(want), len(stream))
		}
	}
}

// unpack reads a stream that comes in pieces of step bytes.
func unpack(in []byte, step, most int) (plain []byte, err error) {
	var have []byte
	for len(in) > 0 || len(have) > 0 {
		n := min(step, len(in))
		have, in = append(have, in[:n]...), in[n:]
		for {
			c, err := s2stream.Next(have, most)
			if err != nil {
				return plain, err
			}
			if c.Len == 0 || c.Len > len(have) {
				break
			}
			if !c.Skip && !c.Begin {
				dst := make([]byte, c.Plain)
				if err := c.Open(dst, have); err != nil {
					return plain, err
				}
				plain = append(plain, dst...)
			}
			have = have[c.Len:]
		}
		if len(in) == 0 && len(have) > 0 {
			return plain, io.ErrUnexpectedEOF
		}
	}
	return plain, nil
}

// TestNext: we read what any writer of the format writes.
func TestNext(t *testing.T) {
	for _, o := range [][]s2.WriterOption{{}, {s2.WriterUncompressed()}, {s2.WriterBetterCompression()}, {s2.WriterBestCompression()},
		{s2.WriterPadding(512)}, {s2.WriterAddIndex()}, {s2.WriterSnappyCompat()}, {s2.WriterBlockSize(4 << 20)}} {
		var stream bytes.Buffer
		var want []byte
		for _, b := range bodies() {
			w := s2.NewWriter(&stream, append(o, s2.WriterConcurrency(1))...)
			if _, err := w.Write(b); err != nil || w.Close() != nil {
				t.Fatal(err)
			}
			want = append(want, b...)
		}
		for _, step := range []int{13, 1 << 30} {
			got, err := unpack(stream.Bytes(), step, s2stream.MostPlain)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes of %d, %v", len(got), len(want), err)
			}
		}
	}
}

func TestWrong(t *testing.T) {
	good := s2stream.Append(nil, bytes.Repeat([]byte("good"), 100), s2stream.Fast)
	change := func(at int, to byte) string {
		b := bytes.Clone(good)
		b[at] = to
		return string(b)
	}
	for _, tc := range []struct {
		name, in string
		want     error
	}{
		{name: "good", in: string(good)},
		{name: "the identifier of snappy", in: "\xff\x06\x00\x00sNaPpY" + string(good)},
		{"text", "LS+ a\r\n", s2stream.ErrCorrupt},
		{"a reserved kind", "\x02\x00\x00\x00", s2stream.ErrCorrupt},
		{"another identifier", "\xff\x06\x00\x00S2sTwX", s2stream.ErrCorrupt},
		{"a short identifier", "\xff\x05\x00\x00S2sTw", s2stream.ErrCorrupt},
		{"no room for the checksum", "\x01\x03\x00\x00abc", s2stream.ErrCorrupt},
		{"no block", "\x00\x04\x00\x00abcd", s2stream.ErrCorrupt},
		{"an unpacked bomb", "\x01\x00\x00\x7f", s2stream.ErrTooLarge},
		{"a packed bomb", "\x00\x20\x00\x00abcd\xff\xff\xff\x7f", s2stream.ErrTooLarge},
		{"a length without end", "\x00\x20\x00\x00abcd\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", s2stream.ErrCorrupt},
		{"a length that is cut", "\x00\x05\x00\x00abcd\xff", s2stream.ErrCorrupt},
		{"a block longer than any content", "\x00\xff\xff\xff", s2stream.ErrTooLarge},
		{"another checksum", change(5, good[5]^1), s2stream.ErrCorrupt},
		{"another length", change(8, good[8]^1), s2stream.ErrCorrupt},
		{"garbage inside", change(len(good)-1, 0xff), s2stream.ErrCorrupt},
		{"cut", string(good[:len(good)-1]), io.ErrUnexpectedEOF},
	} {
		for _, step := range []int{1, 1 << 30} {
			if _, err := unpack([]byte(tc.in), step, s2stream.MostPlain); !errors.Is(err, tc.want) {
				t.Errorf("%s, %d bytes at a time: %v, want %v", tc.name, step, err, tc.want)
			}
		}
	}
	if _, err := unpack(good, 1<<30, 399); !errors.Is(err, s2stream.ErrTooLarge) {
		t.Errorf("400 bytes where 399 may be: %v", err)
	}
}

func TestAllocs(t *testing.T) {
	plain := []byte(strings.Repeat("LMSG a.b 5\r\nhello\r\n", 100))
	dst, back := make([]byte, 0, s2stream.Room(len(plain))), make([]byte, len(plain))
	for _, l := range levels {
		n := testing.AllocsPerRun(1, func() {
			for range 500 {
				b := s2stream.Append(dst, plain, l)
				c, err := s2stream.Next(b, len(plain))
				if err != nil || c.Open(back, b) != nil {
					t.Fatal(err)
				}
			}
		})
		if n > 0 && !raceEnabled { // with the detector, pools drop some of what they are given
			t.Errorf("level %d: %v allocations for 500 chunks there and back", l, n)
		}
	}
}

// FuzzNext: nothing panics, the bound holds, and what is good is what another reader reads.
func FuzzNext(f *testing.F) {
	for _, l := range levels {
		for _, b := range bodies()[:5] {
			f.Add(s2stream.Append([]byte(s2stream.Identifier), b, l), 3)
		}
	}
	f.Add([]byte("\xff\x06\x00\x00sNaPpY\xfe\x01\x00\x00x"), 1)
	f.Fuzz(func(t *testing.T, in []byte, step int) {
		const most = 1 << 16
		whole, err := unpack(in, 1<<30, most)
		pieces, err2 := unpack(in, 1+step&63, most)
		if !errors.Is(err2, err) || err == nil && !bytes.Equal(whole, pieces) {
			t.Errorf("whole: %d bytes, %v; in pieces: %d bytes, %v", len(whole), err, len(pieces), err2)
		}
		if err != nil || !bytes.HasPrefix(in, []byte(s2stream.Identifier)) {
			return
		}
		if other, err := io.ReadAll(s2.NewReader(bytes.NewReader(in))); err != nil || !bytes.Equal(whole, other) {
			t.Errorf("we read %d bytes, others %d, %v", len(whole), len(other), err)
		}
	})
}

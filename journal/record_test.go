package journal

import (
	"bytes"
	"io"
	"math"
	"testing"
	"time"
)

// Whatever a body says behind a crc that is right, it is a record that can be written again, or none.
func FuzzBody(f *testing.F) {
	for _, r := range []Record{
		{Seq: 1, ID: 1, Time: 1, Key: []byte("k"), Subject: []byte("a.b"), Header: []byte("h"), Payload: []byte("p")},
		{Seq: 900, ID: 7, Mark: true, Key: []byte("k"), Payload: []byte("p")}, {Seq: math.MaxUint64, ID: 1},
	} {
		f.Add(r.appendTo(nil, 7)[frameSize:])
	}
	f.Add([]byte{kindMessage, 1, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1})
	f.Fuzz(func(t *testing.T, body []byte) {
		rec := append(make([]byte, frameSize), body...)
		seal(rec, 7)
		var r, again Record
		if r.decode(rec, 7) != nil {
			return
		}
		if err := again.decode(r.appendTo(nil, 7), 7); err != nil || again.Seq != r.Seq || again.ID != r.ID || again.Mark != r.Mark ||
			again.Time != r.Time || !bytes.Equal(again.Key, r.Key) || !bytes.Equal(again.Subject, r.Subject) ||
			!bytes.Equal(again.Header, r.Header) || !bytes.Equal(again.Payload, r.Payload) {
			t.Errorf("%+v became %+v, %v", r, again, err)
		}
	})
}

// The format does not change unnoticed.
func TestFormat(t *testing.T) {
	r := Record{Seq: 300, ID: 2, Time: 3, Key: []byte("k"), Subject: []byte("a.b"), Header: []byte("h"), Payload: []byte("pay")}
	got := r.appendTo(nil, 0x01020304)
	const body = "\x11\xac\x02\x02\x03\x00\x00\x00\x00\x00\x00\x00\x01k\x03a.b\x01hpay"
	if string(got[frameSize:]) != body || string(got[4:8]) != "\x17\x00\x00\x00" {
		t.Errorf("message: % x", got)
	}
	mark := Record{Seq: 3, ID: 3, Mark: true, Key: []byte("k"), Payload: []byte("d")}
	if b := mark.appendTo(nil, 1); len(b) != 15 || string(b[frameSize:]) != "\x02\x03\x01kd" {
		t.Errorf("mark: % x", b)
	}
	if r.bound() < len(got) || r.decode(got, 5) == nil || r.decode(got, 0x01020304) != nil {
		t.Error("bound, or salt")
	}
	h := header{Version, 7, 8, 6, 2, 99}
	var h2 header
	if b := h.encode(); len(b) != headerSize || !h2.decode(b) || h2 != h {
		t.Errorf("header: %+v", h2)
	}
	hd := head{7, 1, 2, 3, 4, 5}
	var hd2 head
	if b := hd.encode(); len(b) != slotSize || !hd2.decode(b) || hd2 != hd {
		t.Errorf("head: %+v", hd2)
	}
}

// A scanner finds the same records whatever it reads at once.
func TestScannerChunks(t *testing.T) {
	var log []byte
	const n = 50
	for i := range n {
		r := Record{Seq: uint64(i) + 1, ID: uint64(i) + 1, Payload: bytes.Repeat([]byte{'x'}, i*13)}
		if log = r.appendTo(log, 7); i%10 == 3 {
			log = append(log, "garbage"...)
		}
	}
	for _, chunk := range []int{1, 2, 9, 10, 11, 100, 4096, 1 << 20} {
		sc := scanner{f: bytes.NewReader(log), salt: 7, end: int64(len(log)), limit: math.MaxUint64, chunk: chunk}
		var r Record
		seen, gaps := 0, int64(0)
		for sc.next(&r) != io.EOF {
			seen++
			gaps += sc.gap
		}
		if seen != n || gaps != 35 || sc.pos != int64(len(log)) {
			t.Errorf("chunk %d: %d records, %d bytes of garbage", chunk, seen, gaps)
		}
	}
}

func TestClock(t *testing.T) {
	wall, steady := time.Unix(1_800_000_000, 0), time.Duration(0)
	c := Clock{source: func() (time.Time, time.Duration) { return wall, steady }}
	known := wall.UnixNano()
	c.start(known)
	pass := func(d time.Duration) int64 {
		wall, steady = wall.Add(d), steady+d
		return c.now() - known
	}
	if got := pass(time.Hour); got != int64(time.Hour) {
		t.Errorf("after an hour: %v", time.Duration(got))
	}
	wall = wall.Add(1000 * time.Hour)
	if got := pass(time.Minute); got != int64(61*time.Minute) {
		t.Errorf("after a jump forward: %v", time.Duration(got))
	}
	wall = wall.Add(-1000 * time.Hour)
	if got := pass(time.Minute); got != int64(62*time.Minute) {
		t.Errorf("after the jump back: %v", time.Duration(got))
	}
	wall = wall.Add(1000 * time.Hour)
	pass(time.Minute)
	if got := pass(2 * time.Hour); got < int64(1000*time.Hour) {
		t.Errorf("after two steady hours: %v", time.Duration(got))
	}
	wall = wall.Add(-10_000 * time.Hour)
	was := c.now()
	if c.now() < was {
		t.Error("it went back")
	}
}

// A record that is carried over does not come before one that was appended meanwhile.
func TestLatestByID(t *testing.T) {
	for _, test := range []struct {
		name string
		seen []place
		want place
	}{
		{"in order", []place{{1, 1}, {2, 2}}, place{2, 2}},
		{"carried", []place{{1, 1}, {1, 3}}, place{1, 3}},
		{"overtaken", []place{{1, 1}, {2, 2}, {1, 3}}, place{2, 2}},
		{"both carried", []place{{2, 2}, {1, 3}, {2, 4}}, place{2, 4}},
	} {
		j := &Journal{latest: map[string]place{}}
		for _, p := range test.seen {
			j.noteLatest(&Record{ID: p.id, Seq: p.seq, Key: []byte("k"), Subject: []byte("s")})
		}
		if got := j.latest["\x01ks"]; got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

// Certificates are judged by the machine's clock, unless nobody has set it since the start.
func TestClockValid(t *testing.T) {
	known := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name       string
		wall, want time.Time
	}{
		{"in time", known.Add(time.Hour), known.Add(time.Hour)},
		{"1970", time.Unix(10, 0), known},
		{"back a day", known.Add(-24 * time.Hour), known.Add(-24 * time.Hour)},
		{"long away", known.Add(1000 * time.Hour), known.Add(1000 * time.Hour)},
	} {
		c := NewClock(func() (time.Time, time.Duration) { return test.wall, 0 })
		c.Start(known)
		if got := c.Valid(); !got.Equal(test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
	if got := time.Since((*Clock)(nil).Valid()); got < 0 || got > time.Minute {
		t.Errorf("without a clock: %v ago", got)
	}
}

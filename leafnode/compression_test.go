package leafnode

import (
	"errors"
	"strings"
	"testing"
	"time"

	"leafgate/internal/netio"
	"leafgate/leafnode/wire"
)

// TestAgree: what comes of what either side says.
func TestAgree(t *testing.T) {
	const none, off, accept, auto, fast, best = notSupported, isOff, isAccept, isAuto, "s2_fast", "s2_best"
	for _, tc := range []struct{ ours, theirs, want string }{
		{none, "", none}, {none, off, none}, {none, auto, none}, {none, accept, none},
		{off, "", none}, {off, off, off}, {off, auto, off}, {off, accept, off},
		{accept, "", none}, {accept, none, none}, {accept, off, off}, {accept, accept, off}, {accept, auto, fast}, {accept, best, best},
		{accept, "s2_uncompressed", "s2_uncompressed"},
		{fast, "", none}, {fast, none, none}, {fast, off, off}, {fast, accept, fast}, {fast, best, fast}, {fast, auto, fast},
		{auto, "", none}, {auto, off, off}, {auto, accept, auto}, {auto, fast, auto}, {auto, auto, auto},
	} {
		c := compression{mode: tc.ours}
		if got, err := c.agree(tc.theirs); err != nil || got != tc.want {
			t.Errorf("%s with %q: %q, %v, want %q", tc.ours, tc.theirs, got, err, tc.want)
		}
	}
	c := compression{mode: accept}
	if _, err := c.agree("zip"); err == nil || !strings.Contains(err.Error(), "zip") {
		t.Errorf("with zip: %v", err)
	}
}

// TestLevels: which level auto takes at which round trip.
func TestLevels(t *testing.T) {
	const ms = time.Millisecond
	for _, tc := range []struct {
		thresholds []time.Duration
		want       map[time.Duration]netio.Level
	}{
		{defaultThresholds, map[time.Duration]netio.Level{0: netio.Uncompressed, 10 * ms: netio.Uncompressed, 11 * ms: netio.Fast, 51 * ms: netio.Better, 101 * ms: netio.Best}},
		{[]time.Duration{0, 0, 20 * ms, 30 * ms}, map[time.Duration]netio.Level{1: netio.Better, 20 * ms: netio.Better, 21 * ms: netio.Best, 31 * ms: netio.Best}},
		{[]time.Duration{10 * ms}, map[time.Duration]netio.Level{1: netio.Uncompressed, time.Hour: netio.Uncompressed}},
		{[]time.Duration{10 * ms, 20 * ms}, map[time.Duration]netio.Level{1: netio.Uncompressed, time.Hour: netio.Fast}},
	} {
		c := compression{mode: isAuto, thresholds: tc.thresholds}
		for rtt, want := range tc.want {
			if got := c.at(isAuto, rtt); got != want {
				t.Errorf("%v at %v: %v, want %v", tc.thresholds, rtt, got, want)
			}
		}
	}
	c := compression{mode: isAuto, thresholds: defaultThresholds}
	for i, mode := range levels {
		if got := c.at(mode, time.Hour); got != netio.Level(i) {
			t.Errorf("%s is level %v", mode, got)
		}
	}
}

// negotiated is a link whose hub is greeted with that wish, before its answer.
func negotiated(t *testing.T, c compression, theirs string) *bench {
	t.Helper()
	b := newBenchWith(t, greeting, func(l *link) *wire.Connect {
		l.opts.compression, l.info.Compression = c, theirs
		connect := &wire.Connect{}
		if err := l.negotiate(connect, false); err != nil {
			t.Fatal(err)
		}
		return connect
	})
	return b
}

// TestNegotiation: INFO in clear, then everything compressed, beginning with the hub's INFO.
func TestNegotiation(t *testing.T) {
	auto := compression{mode: isAuto, thresholds: defaultThresholds}
	b := negotiated(t, auto, "s2_fast")
	if got := b.conn.text(); !strings.HasPrefix(got, "INFO {") || !strings.Contains(got, `"compression":"s2_auto"`) || strings.Contains(got, "CONNECT") || !b.conn.compressed {
		t.Errorf("begins with %q", got)
	}
	if err := b.feed("INFO {\"client_id\":1}\r\n", 7); err != nil {
		t.Fatal(err)
	}
	if got := b.conn.text(); !strings.HasPrefix(got, "CONNECT {") || !strings.Contains(got, `"compress_mode":"s2_best"`) { // it began long ago
		t.Errorf("goes on with %q", got)
	}
	if err := b.feed(joined, 7); err != nil || b.link.ep.Load() == nil {
		t.Errorf("does not come in: %v", err)
	}
	b.link.repack(time.Millisecond)
	if b.conn.level != netio.Uncompressed || b.link.packing.said() != "s2_uncompressed" {
		t.Errorf("level %v, %s near by", b.conn.level, b.link.packing.said())
	}
	b.link.repack(20 * time.Millisecond)
	if b.conn.level != netio.Fast || b.link.packing.said() != "s2_fast" {
		t.Errorf("level %v, %s further away", b.conn.level, b.link.packing.said())
	}
	b.close(nil)

	b = negotiated(t, auto, "")
	if got := b.conn.text(); !strings.HasPrefix(got, "CONNECT {") || !strings.Contains(got, `"compress_mode":"not supported"`) || b.conn.compressed {
		t.Errorf("with an old server: %q", got)
	}
	b.close(nil)

	b = negotiated(t, compression{mode: "s2_best"}, "accept")
	if got := b.conn.text(); !strings.Contains(got, `"compression":"s2_best"`) {
		t.Errorf("with one that accepts: %q", got)
	}
	b.link.repack(time.Millisecond)
	if got := b.link.packing.said(); got != "s2_best" {
		t.Errorf("a level that was configured becomes %s", got)
	}
	b.close(nil)
}

// TestBadNegotiation: what a hub may not say while compression is agreed on.
func TestBadNegotiation(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"interest", "LS+ a\r\n", "before INFO"},
		{"a message", "LMSG a 0\r\n\r\n", "before INFO"},
		{"another nonce", "INFO {\"nonce\":\"other\"}\r\n", "nonce has changed"},
		{"no JSON", "INFO {\r\n", "not valid JSON"},
	} {
		b := negotiated(t, compression{mode: "s2_fast"}, "s2_fast")
		err := b.feed(tc.in, 100)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: ends with %v, want %s", tc.name, err, tc.want)
		}
		b.close(err)
	}
	b := negotiated(t, compression{mode: "s2_fast"}, "s2_fast")
	if _, err := b.link.Tick(nil, b.conn.tick); !errors.Is(err, errNoInfo) {
		t.Errorf("silence: %v", err)
	}
	b.close(nil)
}

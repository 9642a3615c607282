package main

import (
	"bufio"
	"bytes"
	endian "encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leafgate/gateway/gatewaytest"
)

// A device is an MQTT 3.1.1 client, as little as it takes.
type device struct {
	net.Conn
	r *bufio.Reader
}

func packet(first byte, body ...[]byte) []byte {
	var all []byte
	for _, b := range body {
		all = append(all, b...)
	}
	return append([]byte{first, byte(len(all))}, all...) // short ones only
}

func text(s string) []byte { return append(endian.BigEndian.AppendUint16(nil, uint16(len(s))), s...) }

func connect(t *testing.T, addr net.Addr, id string, clean byte) *device {
	t.Helper()
	c, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	d := &device{c, bufio.NewReader(c)}
	d.say(t, packet(0x10, text("MQTT"), []byte{4, clean << 1, 0, 0}, text(id)))
	d.expect(t, 0x20)
	return d
}

func (d *device) say(t *testing.T, b []byte) {
	t.Helper()
	if _, err := d.Write(b); err != nil {
		t.Error(err)
	}
}

// read returns the next packet.
func (d *device) read() (first byte, body []byte, err error) {
	var head [2]byte
	if _, err = io.ReadFull(d.r, head[:]); err == nil {
		body = make([]byte, head[1])
		_, err = io.ReadFull(d.r, body)
	}
	return head[0], body, err
}

func (d *device) expect(t *testing.T, first byte) {
	t.Helper()
	if got, _, err := d.read(); err != nil || got != first {
		t.Fatalf("got %#x, %v, want %#x", got, err, first)
	}
}

// A backup is made while devices publish. A gateway that is started on it has every message that was acknowledged before.
func TestBackupOfGateway(t *testing.T) {
	dir, to := filepath.Join(t.TempDir(), "store"), filepath.Join(t.TempDir(), "copy")
	conf := func(dir string) string { return fmt.Sprintf("store_dir: %q\nmqtt { listen: \"127.0.0.1:-1\" }", dir) }
	g := gatewaytest.Start(t, conf(dir))
	away := connect(t, g.Addr("mqtt")[0], "away", 0)
	away.say(t, packet(0x82, []byte{0, 1}, text("a"), []byte{1}))
	away.expect(t, 0x90)
	away.say(t, packet(0xe0))

	var told atomic.Int64 // messages that were acknowledged
	var wg sync.WaitGroup
	stop := make(chan struct{})
	pub := connect(t, g.Addr("mqtt")[0], "pub", 1)
	wg.Go(func() {
		for n := int64(1); ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			pub.say(t, packet(0x32, text("a"), []byte{0, 1}, []byte(strconv.FormatInt(n, 10))))
			if first, _, err := pub.read(); err != nil || first != 0x40 {
				t.Errorf("got %#x, %v", first, err)
				return
			}
			told.Store(n)
		}
	})
	for deadline := time.Now().Add(time.Minute); told.Load() < 200; <-time.After(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("too slow")
		}
	}
	want := told.Load()
	code, out, errs := typed(journalCommand, "", "backup", dir, to)
	close(stop)
	wg.Wait()
	if code != exitClean || errs != "" {
		t.Fatalf("exit code %d, %q, %s", code, errs, out)
	}
	if code, out, errs := typed(journalCommand, "", "verify", to); code != exitClean {
		t.Errorf("exit code %d, %q, %s", code, errs, out)
	}

	g = gatewaytest.Start(t, conf(to))
	away = connect(t, g.Addr("mqtt")[0], "away", 0)
	for n := int64(1); n <= want; n++ {
		first, body, err := away.read()
		if err != nil || first&0xf0 != 0x30 || string(body[5:]) != strconv.FormatInt(n, 10) {
			t.Fatalf("message %d of %d: %#x %q, %v", n, want, first, body, err)
		}
		away.say(t, packet(0x40, body[3:5]))
	}
}

// A gateway starts on a damaged store, says so where people look, and serves the rest.
func TestGatewayOnDamagedStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	conf := fmt.Sprintf("store_dir: %q\nhttp: \"127.0.0.1:-1\"\nmqtt { listen: \"127.0.0.1:-1\" }", dir)
	t.Run("before", func(t *testing.T) {
		g := gatewaytest.Start(t, conf)
		away := connect(t, g.Addr("mqtt")[0], "away", 0)
		away.say(t, packet(0x82, []byte{0, 1}, text("a"), []byte{1}))
		away.expect(t, 0x90)
		away.say(t, packet(0xe0))
		pub := connect(t, g.Addr("mqtt")[0], "pub", 1)
		for range 100 {
			pub.say(t, packet(0x32, text("a"), []byte{0, 1}, []byte("0123456789")))
			pub.expect(t, 0x40)
		}
	})
	change(t, firstSegment(t, filepath.Join(dir, "mqtt")), func(b []byte) []byte { b[len(b)/2] ^= 1; return b })
	if code, out, _ := typed(journalCommand, "", "verify", dir); code != exitDamaged {
		t.Errorf("exit code %d, %s", code, out)
	}
	g := gatewaytest.Start(t, conf)
	res, err := http.Get("http://" + g.Addr("monitor")[0].String() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || !bytes.Contains(body, []byte(`"degraded"`)) || !bytes.Contains(body, []byte("journal mqtt: 1 damaged")) {
		t.Errorf("%d %s, %v", res.StatusCode, body, err)
	}
	away, got := connect(t, g.Addr("mqtt")[0], "away", 0), 0
	away.say(t, packet(0xc0))
	for got < 95 { // one record is lost, with what the frontend put into it
		first, body, err := away.read()
		if err != nil {
			t.Fatalf("after %d messages: %v", got, err)
		}
		if first&0xf0 == 0x30 {
			got++
			away.say(t, packet(0x40, body[3:5]))
		}
	}
}

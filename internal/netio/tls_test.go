package netio_test

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leafgate/internal/netio"
)

// certificate is self-signed and new.
func certificate(t testing.TB, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	x := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, x, x, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func tlsConfig(t testing.TB) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{certificate(t, "one")}}
}

// secure starts TLS as a client.
func (c *client) secure(version uint16) *client {
	c.t.Helper()
	x := tls.Client(c.Conn, &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version})
	if err := x.Handshake(); err != nil {
		c.t.Fatal(err)
	}
	c.Conn, c.r = x, bufio.NewReader(x)
	return c
}

const hello = "hello\r\n"

func helloServer(t *testing.T, o *netio.TLSOptions) *server {
	o.Config = tlsConfig(t)
	s := newServer(t, netio.DriverOptions{})
	s.hello = hello
	return s.listen(netio.ListenOptions{TLS: o})
}

func TestTLSModes(t *testing.T) {
	for _, v := range []struct {
		name    string
		o       netio.TLSOptions
		plain   bool // the client stays in clear
		silent  bool // the client waits for the greeting
		wantTLS bool
		inClear bool // the greeting
	}{
		{name: "upgrade", silent: true, wantTLS: true, inClear: true},
		{name: "upgrade or plain, tls", o: netio.TLSOptions{AllowPlain: true}, silent: true, wantTLS: true, inClear: true},
		{name: "upgrade or plain, plain", o: netio.TLSOptions{AllowPlain: true}, silent: true, plain: true, inClear: true},
		{name: "first", o: netio.TLSOptions{First: true}, wantTLS: true},
		{name: "first or plain, tls", o: netio.TLSOptions{First: true, AllowPlain: true}, wantTLS: true},
		{name: "first or plain, plain", o: netio.TLSOptions{First: true, AllowPlain: true}, plain: true, inClear: true},
		{name: "first with wait, tls", o: netio.TLSOptions{First: true, Wait: patience}, wantTLS: true},
		{name: "first with wait, silent", o: netio.TLSOptions{First: true, Wait: 20 * time.Millisecond}, silent: true, wantTLS: true, inClear: true},
		{name: "first with wait or plain, silent", o: netio.TLSOptions{First: true, Wait: 20 * time.Millisecond, AllowPlain: true}, silent: true, plain: true, inClear: true},
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(fmt.Sprint(v.name, " ", tls.VersionName(version)), func(t *testing.T) {
				v.o.Timeout = patience
				s := helloServer(t, &v.o)
				c := s.dialOnly()
				if v.plain && !v.silent {
					c.send(frame('E', "early"))
				}
				if v.inClear {
					c.wantText(hello)
				}
				if !v.plain {
					c.secure(version)
				}
				if !v.inClear {
					c.wantText(hello)
				}
				if v.plain && !v.silent {
					c.want('E', "early")
				}
				c.x = s.session()
				c.echo("x")
				c.echo(strings.Repeat("y", 300<<10))
				state := c.x.conn.TLS()
				if (state != nil) != v.wantTLS || state != nil && state.Version != version {
					t.Errorf("state %v", state)
				}
				c.send(frame('X', "bye"))
				c.want('X', "bye")
				c.wantEnd()
			})
		}
	}
}

// Bytes that tls has read along with others are not forgotten.
func TestTLSManyRecordsAtOnce(t *testing.T) {
	s := helloServer(t, &netio.TLSOptions{First: true})
	raw := s.dialOnly()
	gather := &gatherer{Conn: raw.Conn}
	c := &client{t: t, Conn: gather}
	c.secure(tls.VersionTLS13)
	c.wantText(hello)
	gather.hold = true
	for i := range 50 {
		c.send(frame('E', strings.Repeat("z", i*100)))
	}
	raw.send(gather.held)
	for i := range 50 {
		c.want('E', strings.Repeat("z", i*100))
	}
}

// A gatherer keeps what is written.
type gatherer struct {
	net.Conn
	hold bool
	held []byte
}

func (g *gatherer) Write(b []byte) (int, error) {
	if !g.hold {
		return g.Conn.Write(b)
	}
	g.held = append(g.held, b...)
	return len(b), nil
}

// TLS records cut at every byte.
func TestTLSByteByByte(t *testing.T) {
	s := helloServer(t, &netio.TLSOptions{First: true})
	raw := s.dialOnly()
	gather := &gatherer{Conn: raw.Conn}
	c := &client{t: t, Conn: gather}
	c.secure(tls.VersionTLS13)
	c.wantText(hello)
	gather.hold = true
	c.send(frame('E', "one"), frame('E', "two"))
	for i := range gather.held {
		raw.send(gather.held[i : i+1])
	}
	c.want('E', "one")
	c.want('E', "two")
}

func TestTLSContentAndOrder(t *testing.T) {
	const pubs, dests, each = 3, 4, 400
	s := helloServer(t, &netio.TLSOptions{})
	dial := func() *client {
		c := s.dial()
		c.wantText(hello)
		return c.secure(tls.VersionTLS13)
	}
	var subs, senders []*client
	for range dests {
		subs = append(subs, dial().subscribe("s"))
	}
	for range pubs {
		senders = append(senders, dial())
	}
	var sending sync.WaitGroup
	sending.Add(pubs)
	together(pubs+dests, func(i int) {
		if i < pubs {
			defer sending.Done()
			for n := range each {
				senders[i].Write(publish("s", message(i, n)))
			}
			return
		}
		if i%2 == 0 {
			sending.Wait()
		}
		var next [pubs]int
		for range pubs * each {
			_, body, err := subs[i-pubs].next()
			if err != nil {
				t.Error(err)
				return
			}
			p := int(body[0])
			if !bytes.Equal(body, message(p, next[p])) {
				t.Errorf("destination %d: publisher %d's %dth is not what was sent", i, p, next[p])
				return
			}
			next[p]++
		}
	})
}

func TestTLSSlowConsumer(t *testing.T) {
	s := helloServer(t, &netio.TLSOptions{})
	c := s.dial()
	c.wantText(hello)
	c.secure(tls.VersionTLS12).subscribe("s")
	sent, _ := fill(t, c, 4<<20)
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(c.r, got); err != nil || !bytes.Equal(got, sent) {
		t.Errorf("what was queued is not what comes, %v", err)
	}
	until(t, "nothing is queued", func() bool { return s.driver.Queued() == 0 })
	fill(t, c, 4<<20)
	c.x.conn.Evict(io.ErrClosedPipe)
	if err := c.x.cause(); err != io.ErrClosedPipe {
		t.Errorf("cause %v", err)
	}
}

// Certificates change without a new listener, by either way.
func TestTLSReload(t *testing.T) {
	var current atomic.Pointer[tls.Config]
	current.Store(tlsConfig(t))
	conf := &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return current.Load(), nil }}
	s := newServer(t, netio.DriverOptions{}).listen(netio.ListenOptions{TLS: &netio.TLSOptions{Config: conf, First: true}})
	name := func() string {
		c := s.dialOnly().secure(tls.VersionTLS13)
		c.echo("x")
		return c.Conn.(*tls.Conn).ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	if got := name(); got != "one" {
		t.Errorf("certificate %q", got)
	}
	current.Store(&tls.Config{Certificates: []tls.Certificate{certificate(t, "two")}})
	if got := name(); got != "two" {
		t.Errorf("certificate %q", got)
	}
	s.lis.Update(netio.ListenOptions{TLS: &netio.TLSOptions{First: true,
		Config: &tls.Config{Certificates: []tls.Certificate{certificate(t, "three")}}}})
	if got := name(); got != "three" {
		t.Errorf("certificate %q", got)
	}
}

// A log is written to from goroutines of the server.
type syncLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *syncLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *syncLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Plain text to a TLS port and TLS to a plain one end with a clear word, and nobody else notices.
func TestTLSMismatch(t *testing.T) {
	t.Run("plain text after the greeting", func(t *testing.T) {
		s := helloServer(t, &netio.TLSOptions{})
		good := s.dial()
		good.wantText(hello)
		good.secure(tls.VersionTLS13)
		c := s.dial()
		c.wantText(hello)
		c.send([]byte("CONNECT {}\r\nPING\r\n"))
		if err := c.x.cause(); !errors.Is(err, netio.ErrTLSHandshake) {
			t.Errorf("cause %v", err)
		}
		good.echo("x")
	})
	t.Run("plain text instead of the handshake", func(t *testing.T) {
		log := &syncLog{}
		s := newServer(t, netio.DriverOptions{Log: slog.New(slog.NewTextHandler(log, nil))})
		s.listen(netio.ListenOptions{TLS: &netio.TLSOptions{Config: tlsConfig(t), First: true}})
		c := s.dialOnly()
		c.send([]byte("CONNECT {}\r\nPING\r\n"))
		io.Copy(io.Discard, c)
		until(t, "the log says so", func() bool { return strings.Contains(log.String(), "tls handshake failed") })
	})
	t.Run("nothing queued goes out in clear", func(t *testing.T) {
		s := newServer(t, netio.DriverOptions{})
		s.onNew = func(c *netio.Conn) { c.TickAt(time.Now()) }
		s.onTick = func(c *netio.Conn, _ time.Time) (time.Time, error) {
			c.Append([]byte("secret"))
			return time.Time{}, nil
		}
		s.hello = hello
		s.listen(netio.ListenOptions{TLS: &netio.TLSOptions{Config: tlsConfig(t), Timeout: patience}})
		c := s.dial()
		until(t, "it ticks", func() bool { return c.x.ticks.Load() == 1 })
		// Either the tick came before the greeting was written, or what it said was never.
		c.wantText(hello)
		until(t, "the greeting is out", func() bool { return c.x.conn.Written() >= int64(len(hello)) })
		early := c.x.conn.Written() > int64(len(hello))
		c.x.conn.Append([]byte("secret"))
		c.send([]byte("CONNECT {}\r\nPING\r\n"))
		rest, _ := io.ReadAll(c.r)
		if n := bytes.Count(rest, []byte("secret")); n > btoi(early) {
			t.Errorf("%d of two went out: %q", n, rest)
		}
	})
	t.Run("nothing at all", func(t *testing.T) {
		s := helloServer(t, &netio.TLSOptions{Timeout: 20 * time.Millisecond})
		c := s.dial()
		c.wantText(hello)
		if err := c.x.cause(); !errors.Is(err, netio.ErrTLSHandshake) {
			t.Errorf("cause %v", err)
		}
		io.Copy(io.Discard, c)
	})
	t.Run("tls to a plain port", func(t *testing.T) {
		s := newServer(t, netio.DriverOptions{})
		s.onNew = func(c *netio.Conn) { c.TickAt(time.Now().Add(20 * time.Millisecond)) }
		s.onTick = func(*netio.Conn, time.Time) (time.Time, error) { return time.Time{}, errFrame } // the session's deadline
		s.listen(netio.ListenOptions{})
		c := s.dial()
		err := tls.Client(c.Conn, &tls.Config{InsecureSkipVerify: true}).Handshake()
		if err == nil {
			t.Error("shook hands")
		}
		if err := c.x.cause(); err != errFrame {
			t.Errorf("cause %v", err)
		}
	})
	t.Run("client certificate is missing", func(t *testing.T) {
		conf := tlsConfig(t)
		conf.ClientAuth = tls.RequireAnyClientCert
		s := newServer(t, netio.DriverOptions{})
		s.hello = hello
		s.listen(netio.ListenOptions{TLS: &netio.TLSOptions{Config: conf}})
		c := s.dial()
		c.wantText(hello)
		x := tls.Client(c.Conn, &tls.Config{InsecureSkipVerify: true})
		x.Write(make([]byte, 1000)) // with TLS 1.3 the client learns it only when it reads
		_, err := x.Read(make([]byte, 1))
		if err == nil || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("the client hears %v", err)
		}
		if err := c.x.cause(); !errors.Is(err, netio.ErrTLSHandshake) {
			t.Errorf("cause %v", err)
		}
	})
}

// A stop does not wait for handshakes.
func TestStopDuringOpening(t *testing.T) {
	s := helloServer(t, &netio.TLSOptions{Timeout: time.Hour})
	c := s.dial()
	c.wantText(hello)
	s.lis.Stop(patience)
	if err := c.x.cause(); !errors.Is(err, netio.ErrServerStopped) {
		t.Errorf("cause %v", err)
	}
}

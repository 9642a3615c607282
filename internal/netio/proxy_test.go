package netio_test

import (
	"crypto/tls"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"leafgate/internal/netio"
)

const (
	sig      = "\r\n\r\n\x00\r\nQUIT\n"
	proxied4 = sig + "\x21\x11\x00\x0c\x0a\x00\x00\x01\x0a\x00\x00\x02\x1f\x90\x10\x92"
	proxied6 = sig + "\x21\x21\x00\x24" +
		"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" +
		"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02" + "\x00\x50\x10\x92"
)

var proxyCases = []struct {
	name, in string
	addr     string // empty: the sender's own
	err      string
	part     bool // not whole
}{
	{name: "v1 tcp4", in: "PROXY TCP4 192.0.2.1 192.0.2.2 56324 4222\r\n", addr: "192.0.2.1:56324"},
	{name: "v1 tcp6", in: "PROXY TCP6 2001:db8::1 2001:db8::2 56324 4222\r\n", addr: "[2001:db8::1]:56324"},
	{name: "v1 unknown", in: "PROXY UNKNOWN\r\n"},
	{name: "v1 unknown with more", in: "PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"},
	{name: "v1 longest", in: "PROXY UNKNOWN " + strings.Repeat("f", 107-16) + "\r\n"},
	{name: "v1 too long", in: "PROXY UNKNOWN " + strings.Repeat("f", 107-15) + "\r\n", err: "too long"},
	{name: "v1 without end", in: "PROXY TCP4 " + strings.Repeat("1", 500), err: "too long"},
	{name: "v1 no cr", in: "PROXY TCP4 192.0.2.1 192.0.2.2 56324 4222\n", err: "malformed"},
	{name: "v1 two spaces", in: "PROXY TCP4 192.0.2.1  192.0.2.2 56324 4222\r\n", err: "malformed"},
	{name: "v1 wrong family", in: "PROXY TCP6 192.0.2.1 192.0.2.2 56324 4222\r\n", err: "malformed"},
	{name: "v1 udp", in: "PROXY UDP4 192.0.2.1 192.0.2.2 56324 4222\r\n", err: "malformed"},
	{name: "v1 lower case", in: "proxy TCP4 192.0.2.1 192.0.2.2 56324 4222\r\n", err: "malformed"},
	{name: "v1 zone", in: "PROXY TCP6 fe80::1%eth0 2001:db8::2 56324 4222\r\n", err: "malformed"},
	{name: "v1 port sign", in: "PROXY TCP4 192.0.2.1 192.0.2.2 +1 4222\r\n", err: "malformed"},
	{name: "v1 port zeros", in: "PROXY TCP4 192.0.2.1 192.0.2.2 01 4222\r\n", err: "malformed"},
	{name: "v1 port range", in: "PROXY TCP4 192.0.2.1 192.0.2.2 65536 4222\r\n", err: "malformed"},
	{name: "v1 bad destination", in: "PROXY TCP4 192.0.2.1 x 1 4222\r\n", err: "malformed"},
	{name: "v2 tcp4", in: proxied4, addr: "10.0.0.1:8080"},
	{name: "v2 tcp6", in: proxied6, addr: "[2001:db8::1]:80"},
	{name: "v2 tlvs", in: sig + "\x21\x11\x00\x0f\x0a\x00\x00\x01\x0a\x00\x00\x02\x1f\x90\x10\x92\x04\x00\x00", addr: "10.0.0.1:8080"},
	{name: "v2 local", in: sig + "\x20\x00\x00\x00"},
	{name: "v2 local with address", in: sig + "\x20\x11\x00\x0c\x0a\x00\x00\x01\x0a\x00\x00\x02\x1f\x90\x10\x92"},
	{name: "v2 unspecified", in: sig + "\x21\x00\x00\x00"},
	{name: "v2 short address", in: sig + "\x21\x11\x00\x04\x0a\x00\x00\x01", err: "malformed"},
	{name: "v2 udp", in: sig + "\x21\x12\x00\x0c\x0a\x00\x00\x01\x0a\x00\x00\x02\x1f\x90\x10\x92", err: "malformed"},
	{name: "v2 version 3", in: sig + "\x31\x11\x00\x0c\x0a\x00\x00\x01\x0a\x00\x00\x02\x1f\x90\x10\x92", err: "malformed"},
	{name: "v2 command 2", in: sig + "\x22\x11\x00\x0c\x0a\x00\x00\x01\x0a\x00\x00\x02\x1f\x90\x10\x92", err: "malformed"},
	{name: "v2 huge", in: sig + "\x21\x11\xff\xff", err: "too long"},
	{name: "v2 part", in: proxied4[:20], part: true},
	{name: "v1 part", in: "PROX", part: true},
	{name: "nothing", part: true},
	{name: "something else", in: "CONNECT {}\r\n", err: "malformed"},
	{name: "tls", in: "\x16\x03\x01", err: "malformed"},
}

func TestProxyHeader(t *testing.T) {
	for _, v := range proxyCases {
		t.Run(v.name, func(t *testing.T) {
			const behind = "PING\r\n"
			addr, n, err := netio.Proxy([]byte(v.in + behind[:len(behind)*btoi(!v.part && v.err == "")]))
			switch {
			case v.err != "":
				if err == nil || !strings.Contains(err.Error(), v.err) || addr != "" {
					t.Errorf("got %q, %v", addr, err)
				}
				return
			case v.part && (n != 0 || err != nil):
				t.Errorf("got %d, %v", n, err)
			case !v.part && (n != len(v.in) || err != nil || addr != v.addr):
				t.Errorf("got %q, %d of %d, %v", addr, n, len(v.in), err)
			}
			for i := range v.in { // every beginning is one
				if addr, n, err := netio.Proxy([]byte(v.in[:i])); addr != "" || n != 0 || err != nil {
					t.Fatalf("after %d bytes: %q, %d, %v", i, addr, n, err)
				}
			}
		})
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func FuzzProxyHeader(f *testing.F) {
	for _, v := range proxyCases {
		f.Add([]byte(v.in))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		addr, n, err := netio.Proxy(b)
		switch {
		case n > len(b) || n > 2<<10:
			t.Fatalf("%d of %d bytes", n, len(b))
		case n == 0 && err == nil && len(b) >= 2<<10:
			t.Fatal("asks for more than a header may have")
		case err != nil && (n != 0 || addr != ""):
			t.Fatalf("%q, %d with %v", addr, n, err)
		}
		if addr != "" {
			if a, err := netip.ParseAddrPort(addr); err != nil || a.Addr().Zone() != "" || a.Addr().Is4In6() {
				t.Fatalf("address %q, %v", addr, err)
			}
		}
		if n > 0 { // what stands behind does not matter
			if again, m, err := netio.Proxy(append(b[:n:n], "x"...)); again != addr || m != n || err != nil {
				t.Fatalf("with more behind: %q, %d, %v", again, m, err)
			}
		}
	})
}

func TestProxyConnections(t *testing.T) {
	here, elsewhere := netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("192.0.2.0/24")
	for _, v := range []struct {
		name    string
		trusted []netip.Prefix
		in      string
		addr    string // empty: the socket's
		refused bool
	}{
		{name: "anybody", in: proxied4, addr: "10.0.0.1:8080"},
		{name: "trusted", trusted: []netip.Prefix{elsewhere, here}, in: "PROXY TCP4 192.0.2.1 192.0.2.2 56324 4222\r\n", addr: "192.0.2.1:56324"},
		{name: "unknown", in: "PROXY UNKNOWN\r\n"},
		{name: "stranger", trusted: []netip.Prefix{elsewhere}, in: proxied4, refused: true},
		{name: "malformed", in: "PROXY TCP4 x\r\n", refused: true},
		{name: "none", in: string(frame('E', "x")), refused: true},
	} {
		for _, secure := range []bool{false, true} {
			t.Run(v.name, func(t *testing.T) {
				log := &syncLog{}
				s := newServer(t, netio.DriverOptions{Log: slog.New(slog.NewTextHandler(log, nil))})
				o := netio.ListenOptions{Proxy: true, ProxyTrusted: v.trusted}
				if secure {
					o.TLS = &netio.TLSOptions{Config: tlsConfig(t), First: true}
				}
				s.listen(o)
				c := s.dialOnly()
				own := c.LocalAddr().String()
				if v.refused {
					c.Write([]byte(v.in))
					io.Copy(io.Discard, c)
					until(t, "the log says so", func() bool { return strings.Contains(log.String(), netio.ErrProxyHeader.Error()) })
					return
				}
				if secure {
					c.send([]byte(v.in))
					c.secure(tls.VersionTLS13)
				} else {
					c.send([]byte(v.in[:5]))
					c.send(append([]byte(v.in[5:]), frame('E', "same packet")...))
					c.want('E', "same packet")
				}
				c.x = s.session()
				c.echo("x")
				want := v.addr
				if want == "" {
					want = own
				}
				if got := c.x.conn.RemoteAddr().String(); got != want {
					t.Errorf("remote %s, want %s", got, want)
				}
			})
		}
	}
}

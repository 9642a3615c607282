package netio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	proxyTime = 5 * time.Second // by when the header must be there
	proxyMost = 2 << 10         // bytes of a header, TLVs included
	proxyV1   = 107             // bytes of a version 1 header at most, CR LF included
)

// proxySignature begins a version 2 header.
const proxySignature = "\r\n\r\n\x00\r\nQUIT\n"

var (
	errProxyTrust  = errors.New("sender is not trusted")
	errProxySyntax = errors.New("malformed")
	errProxyLong   = errors.New("too long")
)

// readProxyHeader takes the header off the connection; what came behind it is read later.
func (c *Conn) readProxyHeader(trusted []netip.Prefix) error {
	if len(trusted) > 0 && !slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(c.remote.Addr()) }) {
		return errProxyTrust
	}
	if err := c.deadline(time.Now().Add(proxyTime)); err != nil {
		return err
	}
	buf := make([]byte, 0, 256)
	for {
		addr, n, err := parseProxy(buf)
		if err != nil {
			return err
		}
		if n > 0 {
			if addr.IsValid() {
				c.client.Store(&addr)
			}
			if n < len(buf) {
				c.sock.early = buf[n:]
			}
			return c.deadline(time.Time{})
		}
		buf = slices.Grow(buf, 64)
		got, err := c.sock.net.Read(buf[len(buf):cap(buf)])
		if buf = buf[:len(buf)+got]; got == 0 && err != nil {
			return err
		}
	}
}

// parseProxy reads a header of version 1 or 2 at the front of b. n 0 without error: it is not whole yet. An invalid addr
// is one that the proxy does not tell, so that the sender's own holds.
func parseProxy(b []byte) (addr netip.AddrPort, n int, err error) {
	v2, v1 := min(len(b), len(proxySignature)), min(len(b), len("PROXY "))
	switch {
	case string(b[:v2]) == proxySignature[:v2]:
		return parseProxyV2(b)
	case string(b[:v1]) == "PROXY "[:v1]:
		return parseProxyV1(b)
	}
	return addr, 0, errProxySyntax
}

// parseProxyV1 reads "PROXY TCP4 source destination sourceport destinationport\r\n".
func parseProxyV1(b []byte) (addr netip.AddrPort, n int, err error) {
	end := bytes.IndexByte(b[:min(len(b), proxyV1)], '\n')
	switch {
	case end < 0 && len(b) >= proxyV1:
		return addr, 0, errProxyLong
	case end < 0:
		return addr, 0, nil
	case b[end-1] != '\r':
		return addr, 0, errProxySyntax
	}
	f := strings.Split(string(b[:end-1]), " ")
	if len(f) >= 2 && f[1] == "UNKNOWN" {
		return addr, end + 1, nil
	}
	if len(f) != 6 {
		return addr, 0, errProxySyntax
	}
	addr, err = proxyAddr(f[1], f[2], f[4])
	if err == nil {
		_, err = proxyAddr(f[1], f[3], f[5])
	}
	if err != nil {
		return netip.AddrPort{}, 0, err
	}
	return addr, end + 1, nil
}

func proxyAddr(family, host, port string) (a netip.AddrPort, err error) {
	ip, err := netip.ParseAddr(host)
	p, err2 := strconv.ParseUint(port, 10, 16)
	right := family == "TCP4" && ip.Is4() || family == "TCP6" && ip.Is6() && ip.Zone() == ""
	if err != nil || err2 != nil || !right || strconv.FormatUint(p, 10) != port {
		return a, fmt.Errorf("%w address", errProxySyntax)
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(p)), nil
}

// parseProxyV2 reads the binary header: signature, version and command, family, length, addresses, TLVs.
func parseProxyV2(b []byte) (addr netip.AddrPort, n int, err error) {
	const fixed = len(proxySignature) + 4
	if len(b) < fixed {
		return addr, 0, nil
	}
	command, family := b[fixed-4], b[fixed-3]
	n = fixed + int(binary.BigEndian.Uint16(b[fixed-2:]))
	switch {
	case n > proxyMost:
		return addr, 0, errProxyLong
	case command != 0x20 && command != 0x21:
		return addr, 0, errProxySyntax
	case len(b) < n:
		return addr, 0, nil
	}
	body := b[fixed:n]
	switch {
	case command == 0x20, family == 0x00: // the proxy's own, or not told
		return addr, n, nil
	case family == 0x11 && len(body) >= 12:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(body)), binary.BigEndian.Uint16(body[8:])), n, nil
	case family == 0x21 && len(body) >= 36:
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(body)).Unmap(), binary.BigEndian.Uint16(body[32:])), n, nil
	}
	return addr, 0, errProxySyntax
}

package websocket

import (
	"bufio"
	"bytes"
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

// FuzzRequest: whatever a stranger asks for, the answer is one of the routes, an origin counts only if it is allowed, and an
// address only if a proxy of ours gives it.
func FuzzRequest(f *testing.F) {
	for _, s := range []string{
		"GET / HTTP/1.1\r\nHost: gw\r\n\r\n",
		"GET /a/mqtt/ HTTP/1.1\r\nHost: gw:80\r\nOrigin: http://gw\r\nSec-WebSocket-Protocol: mqttv3.1, x\r\nCookie: u=a; p=\"b\"\r\n\r\n",
		"GET /leafnode HTTP/1.1\r\nHost: [::1]\r\nOrigin: https://[::1]:443\r\nX-Forwarded-For: 1.2.3.4, [::2]:5, 10.0.0.1\r\n\r\n",
		"GET * HTTP/1.1\r\nHost: gw\r\nSec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=\"10\", x;y=z\r\n\r\n",
	} {
		f.Add([]byte(s))
	}
	allowed, _ := parseOrigin("https://app.example")
	o := &options{sameOrigin: true, origins: []origin{allowed}, userCookie: "u", passCookie: "p",
		forwardedTrusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(b)))
		if err != nil {
			return
		}
		if to := routeOf(r); to.module != natsModule && to.module != mqttModule && to.module != leafModule {
			t.Errorf("route %+v", to)
		}
		if said := r.Header.Get("Origin"); o.allows(r) && said != "" && !strings.EqualFold(strings.TrimSuffix(strings.TrimSuffix(said, "/"), ":443"), "https://app.example") {
			t.Errorf("origin %q is allowed for %q", said, r.Host)
		}
		if a, ok := o.forwarded(netip.MustParseAddr("9.9.9.9"), r.Header); ok {
			t.Errorf("a stranger says %v", a)
		}
		if a, ok := o.forwarded(netip.MustParseAddr("10.0.0.2"), r.Header); ok && (!a.IsValid() || a.Addr().Zone() != "") {
			t.Errorf("address %v", a)
		}
		refuseWindows(r.Header)
		for _, line := range r.Header["Sec-Websocket-Extensions"] {
			for offer := range strings.SplitSeq(line, ",") {
				if asks, bits := window(offer); asks && bits != "15" {
					t.Errorf("offer %q is left", offer)
				}
			}
		}
		o.given(r)
	})
}

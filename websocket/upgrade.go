package websocket

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/gorilla/websocket"

	"leafgate/internal/netio"
	"leafgate/internal/reason"
	"leafgate/module"
)

// upgrade answers the request and hands the connection over, or refuses.
func (h *handshake) upgrade(r *http.Request) error {
	o := h.module.opts.Load()
	if client, ok := o.forwarded(h.conn.RemoteAddr().Addr(), r.Header); ok {
		h.conn.Behind(client)
	}
	if h.module.env.Memory.Refuse() {
		return h.busy()
	}
	to := routeOf(r)
	carried := h.module.carried[to.module]
	if carried == nil {
		return h.refuse(http.StatusNotFound, fmt.Sprintf("%s is not served here", to.name))
	}
	headers := o.headers.Clone()
	unmasked := to.module == leafModule && strings.EqualFold(r.Header.Get(noMasking), "true")
	if unmasked {
		headers.Set(noMasking, "true")
	}
	refuseWindows(r.Header)
	w := &response{conn: h.conn}
	u := websocket.Upgrader{Subprotocols: to.subprotocols, CheckOrigin: o.allows, EnableCompression: o.compression,
		ReadBufferSize: 1, WriteBufferSize: 1}
	if _, err := u.Upgrade(w, r, headers); err != nil {
		return w.end(reason.ProtocolViolation)
	}
	given := o.given(r)
	h.conn.Append(w.raw)
	h.conn.Frame(o.framing(bytes.Contains(w.raw, []byte("\r\nSec-WebSocket-Extensions: ")), unmasked))
	h.module.upgraded.Add(1)
	h.conn.Become(func(c *netio.Conn) netio.Session { return carried.NewSession(c, given) })
	return nil
}

// noMasking is how leaf nodes agree that what is masked for the sake of proxies need not be: TLS is around it.
const noMasking = "Nats-No-Masking"

// refuseWindows takes offers of compression away that ask for a window smaller than all: they would have to be kept.
// RFC 7692, 7.1.2.1.
func refuseWindows(h http.Header) {
	const name = "Sec-Websocket-Extensions"
	var kept []string
	for _, line := range h[name] {
		for offer := range strings.SplitSeq(line, ",") {
			if asks, bits := window(offer); !asks || bits == "15" {
				kept = append(kept, offer)
			}
		}
	}
	if h.Del(name); len(kept) > 0 {
		h.Set(name, strings.Join(kept, ","))
	}
}

// window says whether an offer asks for a window of the server's, and for which.
func window(offer string) (asks bool, bits string) {
	for param := range strings.SplitSeq(offer, ";") {
		name, value, _ := strings.Cut(param, "=")
		if strings.EqualFold(strings.TrimSpace(name), "server_max_window_bits") {
			return true, strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return false, ""
}

// Names of the modules whose protocols are carried.
const (
	natsModule = "natsproto"
	mqttModule = "mqtt"
	leafModule = "leafnode"
)

// A route is where a request goes to.
type route struct {
	module, name string
	subprotocols []string
}

var (
	toNATS = route{module: natsModule, name: "NATS"}
	toMQTT = route{mqttModule, "MQTT", []string{"mqtt", "mqttv3.1"}} // [MQTT-6.0.0-3] [MQTT-6.0.0-4]
	toLeaf = route{module: leafModule, name: "leaf nodes"}
)

// routeOf reads what the client wants: MQTT says so by its subprotocol, on any path; else the end of the path counts.
func routeOf(r *http.Request) route {
	wants := websocket.Subprotocols(r)
	mqtt := slices.ContainsFunc(wants, func(p string) bool { return slices.Contains(toMQTT.subprotocols, p) })
	switch path := strings.TrimSuffix(r.URL.Path, "/"); {
	case mqtt, strings.HasSuffix(path, "/mqtt"):
		return toMQTT
	case strings.HasSuffix(path, "/leafnode"):
		return toLeaf
	}
	return toNATS
}

// given reads what the cookies show; nil: nothing.
func (o *options) given(r *http.Request) *module.Given {
	g := module.Given{User: cookie(r, o.userCookie), Pass: cookie(r, o.passCookie), Token: cookie(r, o.tokenCookie)}
	if g == (module.Given{}) {
		return nil
	}
	return &g
}

func cookie(r *http.Request, name string) string {
	if name == "" {
		return ""
	}
	c, err := r.Cookie(name)
	if err != nil { // there is none
		return ""
	}
	return c.Value
}

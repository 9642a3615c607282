package natsproto

import (
	"bytes"
	"encoding/json"
	"net"
	"strconv"

	"leafgate/core"
	"leafgate/natsproto/wire"
)

// requestInfo is the header field by which a service of another account learns who asks. Nobody but the gateway sets it.
const requestInfo = "Nats-Request-Info"

// An asker is what requestInfo says.
type asker struct {
	Host    string `json:"host,omitempty"`
	ID      uint64 `json:"id,omitempty"`
	Account string `json:"acc"`
	User    string `json:"user,omitempty"`
	Name    string `json:"name,omitempty"`
	Server  string `json:"server,omitempty"`
	Kind    string `json:"kind,omitempty"`
	Type    string `json:"client_type,omitempty"`
}

// introduce appends header with who asks: the account, and where that is shared the peer.
func (f *frontend) introduce(dst, header []byte, from *core.Endpoint, share bool) []byte {
	a := asker{Account: from.Account().Name()}
	if share {
		p := from.Peer()
		a.ID, a.User, a.Name, a.Type = p.ID, from.Identity().User, p.Name, p.Protocol
		a.Server, a.Kind = f.env.Server.Name, "Client"
		a.Host, _, _ = net.SplitHostPort(p.Remote)
	}
	text, err := json.Marshal(a)
	if err != nil { // strings only: names that are not UTF-8 are mended
		text = []byte(strconv.Quote(a.Account))
	}
	dst = appendWithout(dst, header, requestInfo)
	return append(append(append(append(dst, requestInfo...), ": "...), text...), "\r\n\r\n"...)
}

// appendWithout appends a header block but for its fields of that name and its end.
func appendWithout(dst, header []byte, name string) []byte {
	if len(header) == 0 {
		return append(dst, wire.StatusLine+"\r\n"...)
	}
	for line := range bytes.SplitAfterSeq(bytes.TrimSuffix(header, []byte("\r\n")), []byte("\r\n")) {
		key, _, found := bytes.Cut(line, []byte(":"))
		if !found || !bytes.EqualFold(bytes.TrimSpace(key), []byte(name)) {
			dst = append(dst, line...)
		}
	}
	return dst
}

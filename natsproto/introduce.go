package natsproto

import (
	"bytes"
	"encoding/json"
	"time"

	"leafgate/core"
	"leafgate/natsproto/wire"
)

// requestInfo is the header field by which a service of another account learns who asks. Nobody but the gateway sets it.
const requestInfo = "Nats-Request-Info"

// An asker is what requestInfo says. The account and the time to it and back are always told.
type asker struct {
	Start   *time.Time    `json:"start,omitempty"`
	Host    string        `json:"host,omitempty"`
	ID      uint64        `json:"id,omitempty"`
	Account string        `json:"acc"`
	Service string        `json:"svc,omitempty"`
	User    string        `json:"user,omitempty"`
	Name    string        `json:"name,omitempty"`
	Lang    string        `json:"lang,omitempty"`
	Version string        `json:"ver,omitempty"`
	RTT     time.Duration `json:"rtt,omitempty"`
	Server  string        `json:"server,omitempty"`
	Kind    string        `json:"kind,omitempty"`
	Type    string        `json:"client_type,omitempty"`
}

// introduce appends header with who asks: the account, and where that is shared the peer.
func (f *frontend) introduce(dst, header []byte, who core.Asking) []byte {
	text, err := json.Marshal(f.asker(who))
	if err != nil { // a clock beyond the year 9999: names that are not UTF-8 are mended
		text = []byte("{}")
	}
	dst = appendWithout(dst, header, requestInfo)
	return append(append(append(append(dst, requestInfo...), ": "...), text...), "\r\n\r\n"...)
}

func (f *frontend) asker(who core.Asking) *asker {
	details := who.From.Details()
	a := &asker{Account: who.From.Account().Name(), Service: who.Through, RTT: details.RTT}
	if who.Share || who.ShareServer {
		a.Server = f.env.Server.Name
	}
	if !who.Share {
		return a
	}
	p := who.From.Peer()
	if !details.Start.IsZero() {
		a.Start = &details.Start
	}
	a.ID, a.User, a.Name, a.Type, a.Kind = p.ID, who.From.Identity().User, p.Name, p.Protocol, "Client"
	a.Lang, a.Version = details.Lang, details.Version
	if at := who.From.RemoteAddr(); at.IsValid() {
		a.Host = at.Addr().String()
	}
	return a
}

// appendWithout appends a header block but for its fields of that name and its end. A line ends with a carriage return, a
// line feed or both, as clients read it in all of these ways; and the block does not end before its end.
func appendWithout(dst, header []byte, name string) []byte {
	if !bytes.HasPrefix(header, []byte(wire.StatusLine)) {
		dst = append(dst, wire.StatusLine+"\r\n"...)
	}
	for line := range bytes.FieldsFuncSeq(header, func(r rune) bool { return r == '\r' || r == '\n' }) {
		if key, _, _ := bytes.Cut(line, []byte(":")); !bytes.EqualFold(bytes.TrimSpace(key), []byte(name)) {
			dst = append(append(dst, line...), "\r\n"...)
		}
	}
	return dst
}

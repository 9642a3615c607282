package wire

import (
	"encoding/json"
	"fmt"
)

// A Greeting is the body of INFO as the side says it that was connected to: first of all, as the answer to CONNECT, and when
// something has changed.
type Greeting struct {
	ServerID      string   `json:"server_id"`
	ServerName    string   `json:"server_name"`
	Version       string   `json:"version"`
	Proto         int      `json:"proto"`
	Go            string   `json:"go"`
	Host          string   `json:"host"`
	Port          int      `json:"port"`
	Headers       bool     `json:"headers"`
	AuthRequired  bool     `json:"auth_required,omitempty"`
	TLSRequired   bool     `json:"tls_required,omitempty"`
	TLSVerify     bool     `json:"tls_verify,omitempty"`
	MaxPayload    int      `json:"max_payload"`
	ClientID      uint64   `json:"client_id"` // not 0: by this and the next field a leaf node port is known
	LeafnodeURLs  []string `json:"leafnode_urls"`
	WSConnectURLs []string `json:"ws_connect_urls,omitempty"` // in place of those, for who has come by WebSocket
	Nonce         string   `json:"nonce,omitempty"`
	Compression   string   `json:"compression,omitempty"`     // what this side would like; empty: it knows nothing of it
	InfoOnConnect bool     `json:"info_on_connect,omitempty"` // the answer to CONNECT comes
	ConnectInfo   bool     `json:"connect_info,omitempty"`    // this is it
	RemoteAccount string   `json:"remote_account,omitempty"`
	Import        *Rights  `json:"import,omitempty"` // what the other side may subscribe to; nil: everything
	Export        *Rights  `json:"export,omitempty"` // what it may publish to; nil: everything
	LameDuck      bool     `json:"ldm,omitempty"`    // it should go elsewhere
}

// AppendGreeting appends the INFO line.
func AppendGreeting(dst []byte, g *Greeting) []byte {
	if g.LeafnodeURLs == nil {
		g.LeafnodeURLs = []string{}
	}
	return appendJSON(dst, "INFO ", g)
}

// appendJSON appends a line of a verb and its body, which can always be encoded: it is made of strings, numbers and bools.
func appendJSON(dst []byte, verb string, body any) []byte {
	text, err := json.Marshal(body)
	if err != nil {
		panic("wire: " + verb + "cannot be encoded: " + err.Error())
	}
	return append(append(append(dst, verb...), text...), newline...)
}

// Parse reads the argument of CONNECT. It keeps no reference to b.
func (c *Connect) Parse(b []byte) error {
	if err := json.Unmarshal(b, c); err != nil {
		return fmt.Errorf("%w: CONNECT is not valid JSON", ErrArgs) // what JSON says quotes the text
	}
	return nil
}

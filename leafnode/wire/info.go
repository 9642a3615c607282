package wire

import (
	"encoding/json"
	"fmt"
)

// An Info is the body of the other side's INFO.
type Info struct {
	ServerID      string    `json:"server_id"`
	ServerName    string    `json:"server_name"`
	Version       string    `json:"version"`
	ClientID      uint64    `json:"client_id"`
	LeafnodeURLs  *[]string `json:"leafnode_urls"`   // nil: not a leaf node port
	WebURLs       []string  `json:"ws_connect_urls"` // the same for WebSocket
	Headers       bool      `json:"headers"`
	MaxPayload    int       `json:"max_payload"`
	Nonce         string    `json:"nonce"`
	TLSRequired   bool      `json:"tls_required"`
	Cluster       string    `json:"cluster"`
	Domain        string    `json:"domain"`
	InfoOnConnect bool      `json:"info_on_connect"` // another INFO comes when CONNECT was accepted
	ConnectInfo   bool      `json:"connect_info"`    // this is it
	RemoteAccount string    `json:"remote_account"`
	Compression   string    `json:"compression"` // what the other side would like; empty: it knows nothing of it
	Import        *Rights   `json:"import"`      // what the leaf may subscribe to; nil: everything
	Export        *Rights   `json:"export"`      // what it may publish to; nil: everything
}

// Rights are patterns. Without Allow everything is allowed that is not denied.
type Rights struct {
	Allow []string `json:"allow"`
	Deny  []string `json:"deny"`
}

// Parse reads the argument of INFO. It keeps no reference to b.
func (i *Info) Parse(b []byte) error {
	if err := json.Unmarshal(b, i); err != nil {
		return fmt.Errorf("%w: INFO is not valid JSON", ErrArgs) // what JSON says quotes the text
	}
	return nil
}

// Connect is the body of CONNECT.
type Connect struct {
	Version       string   `json:"version"`
	Nkey          string   `json:"nkey,omitempty"`
	JWT           string   `json:"jwt,omitempty"`
	Sig           string   `json:"sig,omitempty"`
	User          string   `json:"user,omitempty"`
	Pass          string   `json:"pass,omitempty"`
	Token         string   `json:"auth_token,omitempty"`
	ServerID      string   `json:"server_id"`
	Name          string   `json:"name"`
	Cluster       string   `json:"cluster,omitempty"`
	Headers       bool     `json:"headers"`
	DenyPub       []string `json:"deny_pub,omitempty"` // what the other side need not send
	Compression   string   `json:"compress_mode"`
	RemoteAccount string   `json:"remote_account,omitempty"` // ours
	Protocol      int      `json:"protocol,omitempty"`
	Hub           bool     `json:"is_hub,omitempty"`  // who dials takes the part of the hub
	Isolate       bool     `json:"isolate,omitempty"` // interest of other leaves need not be told
	Lang          string   `json:"lang,omitempty"`    // of clients only
	Gateway       string   `json:"gateway,omitempty"` // of gateways between clusters only
}

// AppendConnect appends the CONNECT line.
func AppendConnect(dst []byte, c *Connect) []byte {
	return appendJSON(dst, "CONNECT ", c)
}

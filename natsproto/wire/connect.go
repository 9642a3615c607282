package wire

import "encoding/json"

// Connect is the body of CONNECT.
type Connect struct {
	Verbose      bool   `json:"verbose"`
	Pedantic     bool   `json:"pedantic"`
	Echo         bool   `json:"echo"`
	Protocol     int    `json:"protocol"`
	Headers      bool   `json:"headers"`
	NoResponders bool   `json:"no_responders"`
	Name         string `json:"name"`
	Lang         string `json:"lang"`
	Version      string `json:"version"`
	User         string `json:"user"`
	Pass         string `json:"pass"`
	Token        string `json:"auth_token"`
	NKey         string `json:"nkey"`
	Sig          string `json:"sig"`
	JWT          string `json:"jwt"`
	Account      string `json:"account"`
	NewAccount   bool   `json:"new_account"`
}

// NewConnect is what a client that says nothing asks for.
func NewConnect() Connect { return Connect{Verbose: true, Pedantic: true, Echo: true} }

// Parse reads the argument of CONNECT. Keys that are absent leave their fields as they are, keys it does not know are
// passed over. It keeps no reference to b.
func (c *Connect) Parse(b []byte) error { return json.Unmarshal(b, c) }

package wire

import "encoding/json"

// An Offer is the body of INFO as the side says it that has connected, to agree on compression: it is the last in clear.
type Offer struct {
	ServerID    string `json:"server_id"`
	ServerName  string `json:"server_name"`
	Version     string `json:"version"`
	Headers     bool   `json:"headers"`
	ClientID    uint64 `json:"client_id"`
	Compression string `json:"compression"`
}

// AppendOffer appends the INFO line.
func AppendOffer(dst []byte, o *Offer) []byte {
	body, err := json.Marshal(o)
	if err != nil {
		panic("wire: INFO cannot be encoded: " + err.Error()) // strings, numbers and bools always can
	}
	return append(append(append(dst, "INFO "...), body...), newline...)
}

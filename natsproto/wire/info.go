package wire

import "encoding/json"

// Info is the body of INFO. Fields that are left out when empty mean nothing to clients then.
type Info struct {
	ServerID      string   `json:"server_id"`
	ServerName    string   `json:"server_name"`
	Version       string   `json:"version"`
	Proto         int      `json:"proto"`
	GitCommit     string   `json:"git_commit,omitempty"`
	Go            string   `json:"go"`
	Host          string   `json:"host"`
	Port          int      `json:"port"`
	Headers       bool     `json:"headers"`
	AuthRequired  bool     `json:"auth_required,omitempty"`
	TLSRequired   bool     `json:"tls_required,omitempty"`
	TLSVerify     bool     `json:"tls_verify,omitempty"`
	TLSAvailable  bool     `json:"tls_available,omitempty"`
	MaxPayload    int      `json:"max_payload"`
	ClientID      uint64   `json:"client_id,omitempty"`
	ClientIP      string   `json:"client_ip,omitempty"`
	Nonce         string   `json:"nonce,omitempty"`
	ConnectURLs   []string `json:"connect_urls,omitempty"`
	LameDuck      bool     `json:"ldm,omitempty"`
	ConnectInfo   bool     `json:"connect_info,omitempty"`
	RemoteAccount string   `json:"remote_account,omitempty"`
	System        bool     `json:"acc_is_sys,omitempty"` // the account is that of servers and their operators
}

// AppendInfo appends the INFO line. The blank before its end is what every server sends.
func AppendInfo(dst []byte, i *Info) []byte {
	body, err := json.Marshal(i)
	if err != nil {
		panic("wire: INFO cannot be encoded: " + err.Error()) // strings, numbers and bools always can
	}
	dst = append(dst, "INFO "...)
	dst = append(dst, body...)
	return append(dst, " \r\n"...)
}

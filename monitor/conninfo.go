package monitor

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"strings"
	"time"

	"leafgate/auth"
	"leafgate/core"
	"leafgate/module"
)

// connInfo is a connection in /connz.
type connInfo struct {
	CID          uint64      `json:"cid"`
	Kind         string      `json:"kind,omitempty"`
	Type         string      `json:"type,omitempty"`
	IP           string      `json:"ip"`
	Port         int         `json:"port"`
	Start        time.Time   `json:"start"`
	LastActivity time.Time   `json:"last_activity"`
	Stop         time.Time   `json:"stop,omitzero"`
	Reason       string      `json:"reason,omitempty"`
	RTT          string      `json:"rtt,omitempty"`
	Uptime       string      `json:"uptime"`
	Idle         string      `json:"idle"`
	Pending      int64       `json:"pending_bytes"`
	InMsgs       int64       `json:"in_msgs"`
	OutMsgs      int64       `json:"out_msgs"`
	InBytes      int64       `json:"in_bytes"`
	OutBytes     int64       `json:"out_bytes"`
	NumSubs      int         `json:"subscriptions"`
	Name         string      `json:"name,omitempty"`
	Lang         string      `json:"lang,omitempty"`
	Version      string      `json:"version,omitempty"`
	TLSVersion   string      `json:"tls_version,omitempty"`
	TLSCipher    string      `json:"tls_cipher_suite,omitempty"`
	TLSPeers     []peerCert  `json:"tls_peer_certs,omitempty"`
	User         string      `json:"authorized_user,omitempty"`
	Account      string      `json:"account,omitempty"`
	Subs         []string    `json:"subscriptions_list,omitempty"`
	SubsDetail   []subDetail `json:"subscriptions_list_detail,omitempty"`
	NameTag      string      `json:"name_tag,omitempty"` // of the account
	MQTTClient   string      `json:"mqtt_client,omitempty"`
}

// A peerCert is a certificate that the client has shown.
type peerCert struct {
	Subject string `json:"subject,omitempty"`
	SPKI    string `json:"spki_sha256,omitempty"`
	SHA256  string `json:"cert_sha256,omitempty"`
}

// subDetail is a subscription in full.
type subDetail struct {
	Account    string `json:"account,omitempty"`
	AccountTag string `json:"account_tag,omitempty"`
	Subject    string `json:"subject"`
	Queue      string `json:"qgroup,omitempty"`
	SID        string `json:"sid"`
	Msgs       int64  `json:"msgs"`
	Max        int64  `json:"max,omitempty"`
	CID        uint64 `json:"cid"`
}

// connShow is how much of connections is shown.
type connShow struct{ auth, list, detail bool }

func (show connShow) info(c *module.Conn, now time.Time) connInfo {
	until := now
	if !c.Stop.IsZero() {
		until = c.Stop
	}
	i := connInfo{
		CID: c.ID, Kind: c.Kind, Type: c.Type, Start: c.Start.UTC(), LastActivity: c.LastActivity.UTC(), Stop: c.Stop.UTC(),
		Reason: c.Reason.String(), RTT: roundTrip(c.RTT), Uptime: uptime(until.Sub(c.Start)), Idle: uptime(until.Sub(c.LastActivity)),
		Pending: c.Pending, InMsgs: c.Stats.InMsgs, OutMsgs: c.Stats.OutMsgs, InBytes: c.Stats.InBytes,
		OutBytes: c.Stats.OutBytes, NumSubs: c.Stats.Subscriptions, Name: c.Name, Lang: c.Lang, Version: c.Version,
		MQTTClient: c.MQTTClient,
	}
	if c.Remote.IsValid() {
		i.IP, i.Port = c.Remote.Addr().String(), int(c.Remote.Port())
	}
	if show.auth {
		i.User, i.Account = c.User, tagOf(c.Account)
		i.NameTag = i.Account
	}
	show.tls(&i, c.TLS)
	show.subs(&i, c.Endpoint)
	return i
}

// tagOf is how an account is named where the default one is not.
func tagOf(account string) string {
	if account == auth.DefaultAccount {
		return ""
	}
	return account
}

func (show connShow) tls(i *connInfo, s *tls.ConnectionState) {
	if s == nil {
		return
	}
	i.TLSVersion = strings.TrimPrefix(tls.VersionName(s.Version), "TLS ")
	i.TLSCipher = tls.CipherSuiteName(s.CipherSuite)
	if !show.auth {
		return
	}
	for _, c := range s.PeerCertificates {
		spki, whole := sha256.Sum256(c.RawSubjectPublicKeyInfo), sha256.Sum256(c.Raw)
		i.TLSPeers = append(i.TLSPeers, peerCert{c.Subject.String(), hex.EncodeToString(spki[:]), hex.EncodeToString(whole[:])})
	}
}

func (show connShow) subs(i *connInfo, ep *core.Endpoint) {
	if ep == nil || !show.list && !show.detail {
		return
	}
	for s := range ep.Subscriptions() {
		if show.detail {
			i.SubsDetail = append(i.SubsDetail, detailOf(s, i.CID))
		} else {
			i.Subs = append(i.Subs, s.Subject)
		}
	}
}

// detailOf describes a subscription of connection cid.
func detailOf(s *core.Subscription, cid uint64) subDetail {
	d := subDetail{Subject: s.Subject, Queue: s.Queue, Msgs: s.Delivered(), Max: int64(s.Max()), CID: cid}
	if named, ok := s.Tag.(interface{ SID() string }); ok {
		d.SID = named.SID()
	}
	return d
}

// roundTrip leaves out what a clock cannot know.
func roundTrip(d time.Duration) string {
	if d > time.Microsecond && d < time.Millisecond {
		d = d.Truncate(time.Microsecond)
	}
	return d.String()
}

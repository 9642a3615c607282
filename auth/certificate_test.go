package auth_test

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"leafgate/auth"
	"leafgate/config"
)

// shown is a connection whose client has shown cert, and somebody known has signed it.
func shown(cert *x509.Certificate) *tls.ConnectionState {
	chain := []*x509.Certificate{cert}
	return &tls.ConnectionState{HandshakeComplete: true, PeerCertificates: chain, VerifiedChains: [][]*x509.Certificate{chain}}
}

// subject writes a name as it stands in a certificate: relative names from the root on, each "OID=value" or several of
// these with "+" between.
func subject(t *testing.T, relative ...string) []byte {
	t.Helper()
	var sequence pkix.RDNSequence
	for _, r := range relative {
		var set pkix.RelativeDistinguishedNameSET
		for part := range strings.SplitSeq(r, "+") {
			oid, value, _ := strings.Cut(part, "=")
			var id asn1.ObjectIdentifier
			for number := range strings.SplitSeq(oid, ".") {
				var n int
				if _, err := fmt.Sscan(number, &n); err != nil {
					t.Fatal(err)
				}
				id = append(id, n)
			}
			set = append(set, pkix.AttributeTypeAndValue{Type: id, Value: value})
		}
		sequence = append(sequence, set)
	}
	raw, err := asn1.Marshal(sequence)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

const (
	cn    = "2.5.4.3="
	c     = "2.5.4.6="
	o     = "2.5.4.10="
	ou    = "2.5.4.11="
	dc    = "0.9.2342.19200300.100.1.25="
	email = "1.2.840.113549.1.9.1="
)

// mapped says which of users a certificate with that subject stands for; empty: none.
func mapped(t *testing.T, raw []byte, users ...string) string {
	t.Helper()
	var list strings.Builder
	for _, u := range users {
		fmt.Fprintf(&list, "{ user: '%s' }\n", u)
	}
	conf := parse(t, "authorization { users: [ "+list.String()+" ] }\ntls { verify_and_map: true }")
	rules := auth.New(newEngine(t), conf).Rules(conf)
	if err := conf.Finish(); err != nil {
		t.Fatal(err)
	}
	cr := auth.Credentials{TLS: shown(&x509.Certificate{RawSubject: raw})}
	id, err := rules.Authenticate(&cr)
	if err != nil {
		denied(t, id, err, cr)
		return ""
	}
	return id.User
}

// TestCertMapDN: a certificate stands for exactly the name in it.
func TestCertMapDN(t *testing.T) {
	simple := subject(t, c+"DE", o+"Acme", ou+"field", cn+"gate 7")
	multi := subject(t, o+"Acme", ou+"field+"+cn+"gate")
	domain := subject(t, dc+"com", dc+"example", ou+"field", cn+"gate")
	tests := []struct {
		name string
		raw  []byte
		user string
		is   bool
	}{
		{"as it is", simple, "CN=gate 7,OU=field,O=Acme,C=DE", true},
		{"blanks around", simple, " CN = gate 7 , OU= field,O=Acme , C=DE ", true},
		{"types in lower case", simple, "cn=gate 7,ou=field,o=Acme,c=DE", true},
		{"types as numbers", simple, "2.5.4.3=gate 7,OID.2.5.4.11=field,O=Acme,C=DE", true},
		{"from the root on", simple, "C=DE,O=Acme,OU=field,CN=gate 7", true},
		{"any order", simple, "O=Acme,CN=gate 7,C=DE,OU=field", true},
		{"escaped", simple, `CN=gate\ 7,OU=fi\65ld,O=Acme,C=DE`, true},
		{"value in another case", simple, "CN=Gate 7,OU=field,O=Acme,C=DE", false},
		{"two blanks", simple, "CN=gate  7,OU=field,O=Acme,C=DE", false},
		{"beginning only", simple, "CN=gate 7,OU=field,O=Acme", false},
		{"end only", simple, "OU=field,O=Acme,C=DE", false},
		{"more than there is", simple, "CN=gate 7,OU=field,OU=field,O=Acme,C=DE", false},
		{"attribute under another type", simple, "CN=field,OU=gate 7,O=Acme,C=DE", false},
		{"wildcard", simple, "CN=*,OU=field,O=Acme,C=DE", false},
		{"relative names joined", simple, "CN=gate 7+OU=field,O=Acme,C=DE", false},
		{"the value alone", simple, "gate 7", false},

		{"multi-value", multi, "CN=gate+OU=field,O=Acme", true},
		{"multi-value, other order", multi, "OU=field+CN=gate,O=Acme", true},
		{"multi-value, taken apart", multi, "CN=gate,OU=field,O=Acme", false},
		{"multi-value, one missing", multi, "CN=gate,O=Acme", false},
		{"multi-value, doubled", multi, "CN=gate+CN=gate,O=Acme", false},
		{"doubled in the certificate", subject(t, ou+"a+"+ou+"b+"+ou+"b"), "OU=a+OU=a+OU=b", false},
		{"repeated in the certificate", subject(t, ou+"a", ou+"a", ou+"b"), "OU=a,OU=b,OU=b", false},

		{"domain", domain, "CN=gate,OU=field,DC=example,DC=com", true},
		{"domain, from the root on", domain, "CN=gate,OU=field,DC=com,DC=example", true},
		{"domain, shorter", domain, "CN=gate,OU=field,DC=com", false},

		{"comma in a value", subject(t, o+"Acme, Inc.", cn+"a"), `CN=a,O=Acme\, Inc.`, true},
		{"comma that makes two", subject(t, cn+"a,O=Acme"), "CN=a,O=Acme", false},
		{"comma in a value, read as two", subject(t, o+"Acme", cn+"a"), `CN=a\,O=Acme`, false},
		{"quotation mark", subject(t, cn+`a"`), `CN=a\"`, true},
		{"equals sign", subject(t, cn+"a=b"), "CN=a=b", true},
		{"blank at the end", subject(t, cn+"a "), `CN=a\ `, true},
		{"blank at the end, not escaped", subject(t, cn+"a "), "CN=a ", false},
		{"text beyond ASCII", subject(t, cn+"Überlandwerk"), `CN=\C3\9Cberlandwerk`, true},

		{"attribute that x509 leaves out", subject(t, cn+"a", email+"a@b.c"), "CN=a", false},
		{"the same, named", subject(t, cn+"a", email+"a@b.c"), "emailAddress=a@b.c,CN=a", true},
		{"attribute of a strange type", subject(t, cn+"a", "1.2.3.4=x"), "CN=a", false},
		{"the same, by number", subject(t, cn+"a", "1.2.3.4=x"), "1.2.3.4=x,CN=a", true},
		{"empty subject", subject(t), "CN=a", false},
		{"no subject", nil, "CN=a", false},
		{"garbage", []byte{0x30, 0x80, 1}, "CN=a", false},
		{"garbage behind", append(subject(t, cn+"a"), 0), "CN=a", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := mapped(t, tt.raw, "other", tt.user); (got == tt.user) != tt.is || got != "" && got != tt.user {
				t.Errorf("mapped to %q, want %v for %q", got, tt.is, tt.user)
			}
		})
	}
	raw := subject(t, ou+"a", ou+"b", ou+"c")
	if got := mapped(t, raw, "OU=a,OU=c,OU=b", "OU=c,OU=b,OU=a"); got != "OU=c,OU=b,OU=a" {
		t.Errorf("the order of the certificate: %q", got)
	}
	if got := mapped(t, raw, "OU=a,OU=c,OU=b", "OU=a,OU=b,OU=c"); got != "" {
		t.Errorf("two users with the name in other orders: %q", got)
	}
}

// TestCertMap goes through the names of a certificate in their order, and what else a client may send.
func TestCertMap(t *testing.T) {
	uri, err := url.Parse("spiffe://acme/gate")
	if err != nil {
		t.Fatal(err)
	}
	full := &x509.Certificate{EmailAddresses: []string{"no@b.c", "a@b.c"}, DNSNames: []string{"gate.acme"}, URIs: []*url.URL{uri},
		RawSubject: subject(t, o+"Acme", cn+"gate")}
	without := func(strip func(*x509.Certificate)) *tls.ConnectionState {
		cert := *full
		strip(&cert)
		return shown(&cert)
	}
	text := `authorization { users: [
		{ user: "a@b.c" }, { user: "gate.acme" }, { user: "spiffe://acme/gate" }, { user: "CN=gate,O=Acme", connection_types: [MQTT] }
		{ user: secret.acme, password: "` + hash(t, "apple") + `" }, { user: ann, password: apple }, { nkey: UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4 } ] }
no_auth_user: ann
tls { verify_and_map: true }
other {}`
	conf := parse(t, text)
	a := auth.New(newEngine(t), conf)
	rules, other := a.Rules(conf), a.Rules(conf.Block("other"))
	if err := conf.Finish(); err != nil {
		t.Fatal(err)
	}
	noEmail := func(c *x509.Certificate) { c.EmailAddresses = nil }
	noDNS := func(c *x509.Certificate) { noEmail(c); c.DNSNames = nil }
	noURI := func(c *x509.Certificate) { noDNS(c); c.URIs = nil }
	secret := func(c *x509.Certificate) { noURI(c); c.DNSNames = []string{"unknown", "secret.acme"} }
	unverified := shown(full)
	unverified.VerifiedChains = nil
	tests := []struct {
		name  string
		rules *auth.Rules
		c     auth.Credentials
		user  string
	}{
		{"email", rules, auth.Credentials{TLS: shown(full)}, "a@b.c"},
		{"DNS name", rules, auth.Credentials{TLS: without(noEmail)}, "gate.acme"},
		{"URI", rules, auth.Credentials{TLS: without(noDNS)}, "spiffe://acme/gate"},
		{"subject", rules, auth.Credentials{Protocol: auth.ProtocolMQTT, TLS: without(noURI)}, "CN=gate,O=Acme"},
		{"subject by another protocol", rules, auth.Credentials{Protocol: auth.ProtocolNATS, TLS: without(noURI)}, ""},
		{"another user name beside", rules, auth.Credentials{User: "ann", Pass: "x", TLS: shown(full)}, "a@b.c"},
		{"not verified", rules, auth.Credentials{TLS: unverified}, ""},
		{"no certificate, right password", rules, auth.Credentials{User: "ann", Pass: "apple"}, ""},
		{"no certificate, no credentials", rules, auth.Credentials{}, ""},
		{"unknown certificate, no credentials", rules, auth.Credentials{TLS: shown(&x509.Certificate{RawSubject: subject(t, cn+"x")})}, ""},
		{"no certificate, key", rules, auth.Credentials{Nkey: "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4", Nonce: "n", Sig: "s"}, ""},
		{"password too", rules, auth.Credentials{Pass: "apple", TLS: without(secret)}, "secret.acme"},
		{"wrong password", rules, auth.Credentials{Pass: "pear", TLS: without(secret)}, ""},
		{"listener that does not map", other, auth.Credentials{User: "ann", Pass: "apple", TLS: shown(full)}, "ann"},
		{"certificate user without one", other, auth.Credentials{User: "a@b.c"}, ""},
		{"no_auth_user", other, auth.Credentials{}, "ann"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id, err := tt.rules.Authenticate(&tt.c)
			if tt.user == "" {
				denied(t, id, err, tt.c)
			} else if err != nil || id.User != tt.user {
				t.Errorf("Authenticate = %+v, %v; want %s", id, err, tt.user)
			}
		})
	}
	if id, err := rules.Anonymous(&auth.Credentials{TLS: shown(full)}); err == nil || !rules.Required() {
		t.Errorf("without CONNECT: %+v, required %v", id, rules.Required())
	}
}

func FuzzDN(f *testing.F) {
	for _, seed := range []string{"CN=a", "CN=a+OU=b,O=c", `CN=a\,b`, `CN=\C3\9C`, "1.2=x", "CN=#04", "CN=", "=", ",", `CN=a\`, "CN=a,"} {
		f.Add(seed)
	}
	raw := func(t *testing.T) []byte { return subject(t, cn+"a") }
	f.Fuzz(func(t *testing.T, user string) {
		if strings.ContainsAny(user, "'\x00\r\n") || user == "" {
			return
		}
		conf, err := config.Parse("test.conf", "authorization { users: [ { user: '"+user+"' } ] }\ntls { verify_and_map: true }")
		if err != nil {
			return
		}
		rules := auth.New(newEngine(t), conf).Rules(conf)
		id, err := rules.Authenticate(&auth.Credentials{TLS: shown(&x509.Certificate{RawSubject: raw(t)})})
		if err == nil && !strings.HasSuffix(strings.TrimRight(user, " "), "a") && !strings.HasSuffix(user, `\61`) {
			t.Errorf("%q is %+v", user, id)
		}
	})
}

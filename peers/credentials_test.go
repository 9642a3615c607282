package peers

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"leafgate/internal/peer"
)

func TestGoNkey(t *testing.T) {
	var keys [2]nkeys.KeyPair
	var public [2]string
	for i := range keys {
		var err error
		keys[i], err = nkeys.CreateUser()
		must(t, err)
		public[i], err = keys[i].PublicKey()
		must(t, err)
	}
	config := fmt.Sprintf(`authorization { users: [
		{ nkey: %s, permissions { publish: mine, subscribe: mine } }, { user: ann, password: apple } ] }`, public[0])
	onEach(t, config, func(t *testing.T, s *peer.Server) {
		back := make(chan struct{}, 1)
		nc := connect(t, s, nats.Nkey(public[0], keys[0].Sign), nats.MaxReconnects(-1), nats.ReconnectWait(1),
			nats.ReconnectHandler(func(*nats.Conn) { back <- struct{}{} }), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
		connect(t, s, nats.UserInfo("ann", "apple"))
		for name, options := range map[string][]nats.Option{
			"another key":      {nats.Nkey(public[1], keys[1].Sign)},
			"another signer":   {nats.Nkey(public[0], keys[1].Sign)},
			"another nonce":    {nats.Nkey(public[0], func([]byte) ([]byte, error) { return keys[0].Sign([]byte("abc")) })},
			"cut short":        {nats.Nkey(public[0], func(n []byte) ([]byte, error) { b, err := keys[0].Sign(n); return b[:63], err })},
			"key as user name": {nats.UserInfo(public[0], "")},
			"nothing":          {},
		} {
			if _, err := nats.Connect(s.URL, append(options, nats.Timeout(patience))...); !errors.Is(err, nats.ErrAuthorization) {
				t.Errorf("%s: %v", name, err)
			}
		}
		s.Stop()
		s.Restart()
		await(t, "reconnect with another nonce", back)
		sub, err := nc.SubscribeSync("mine")
		must(t, err)
		must(t, nc.Publish("other", nil))
		must(t, nc.Publish("mine", nil))
		_, err = sub.NextMsg(patience)
		must(t, err)
		if err := nc.LastError(); err == nil || !strings.Contains(err.Error(), `Permissions Violation for Publish to "other"`) {
			t.Errorf("publishing elsewhere: %v", err)
		}
	})
}

// certificateUsers are whom the certificates of TestGoCertificateUsers are for.
var certificateUsers = []string{
	"a@b.c", "gate.acme", "spiffe://acme/gate", "CN=one,OU=field,O=Acme", "O=Acme,OU=field,CN=reversed", "OU=field+CN=multi,O=Acme",
	`CN=comma\, inside,O=Acme`, "CN=domain,DC=example,DC=com", "CN=mail", "CN=strange", "CN=two", "OU=b,OU=a,CN=both", "cn=lower,o=Acme",
}

// certificateCases say whom a subject, or other names, stand for. Where Leafgate does not agree, ours says what it answers.
func certificateCases() []struct {
	name     string
	template *x509.Certificate
	user     string
	ours     string // "-": nobody; empty: the same
} {
	type attribute = pkix.AttributeTypeAndValue
	cn := func(v string) attribute { return attribute{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: v} }
	o := func(v string) attribute { return attribute{Type: asn1.ObjectIdentifier{2, 5, 4, 10}, Value: v} }
	ou := func(v string) attribute { return attribute{Type: asn1.ObjectIdentifier{2, 5, 4, 11}, Value: v} }
	dc := func(v string) attribute {
		return attribute{Type: asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 25}, Value: v}
	}
	email := attribute{Type: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}, Value: "x@y.z"}
	strange := attribute{Type: asn1.ObjectIdentifier{1, 2, 3, 4}, Value: "x"}
	subject := func(sets ...[]attribute) *x509.Certificate {
		var sequence pkix.RDNSequence
		for _, s := range sets {
			sequence = append(sequence, s)
		}
		raw, _ := asn1.Marshal(sequence)
		return &x509.Certificate{RawSubject: raw}
	}
	set := func(all ...attribute) []attribute { return all }
	uri, _ := url.Parse("spiffe://acme/gate")
	return []struct {
		name     string
		template *x509.Certificate
		user     string
		ours     string
	}{
		{"email", &x509.Certificate{EmailAddresses: []string{"x@y.z", "a@b.c"}, DNSNames: []string{"gate.acme"}}, "a@b.c", ""},
		{"DNS name", &x509.Certificate{EmailAddresses: []string{"x@y.z"}, DNSNames: []string{"gate.acme"}, URIs: []*url.URL{uri}}, "gate.acme", ""},
		{"URI", &x509.Certificate{DNSNames: []string{"x"}, URIs: []*url.URL{uri}}, "spiffe://acme/gate", ""},
		{"subject", subject(set(o("Acme")), set(ou("field")), set(cn("one"))), "CN=one,OU=field,O=Acme", ""},
		{"subject, from the root on", subject(set(cn("one")), set(ou("field")), set(o("Acme"))), "CN=one,OU=field,O=Acme", ""},
		{"user from the root on", subject(set(o("Acme")), set(ou("field")), set(cn("reversed"))), "O=Acme,OU=field,CN=reversed", ""},
		{"names behind others", &x509.Certificate{DNSNames: []string{"x"}, RawSubject: subject(set(o("Acme")), set(ou("field")), set(cn("one"))).RawSubject},
			"CN=one,OU=field,O=Acme", ""},
		{"another case", subject(set(o("acme")), set(ou("field")), set(cn("one"))), "", ""},
		{"types in lower case", subject(set(o("Acme")), set(cn("lower"))), "cn=lower,o=Acme", ""},
		{"one less", subject(set(ou("field")), set(cn("one"))), "", ""},
		{"one more", subject(set(o("Acme")), set(ou("field")), set(ou("field")), set(cn("one"))), "", ""},
		{"several in one", subject(set(o("Acme")), set(ou("field"), cn("multi"))), "OU=field+CN=multi,O=Acme", ""},
		{"several, apart", subject(set(o("Acme")), set(ou("field")), set(cn("multi"))), "", ""},
		{"comma", subject(set(o("Acme")), set(cn("comma, inside"))), `CN=comma\, inside,O=Acme`, ""},
		{"domain", subject(set(dc("com")), set(dc("example")), set(cn("domain"))), "CN=domain,DC=example,DC=com", ""},
		{"repeated", subject(set(ou("a")), set(ou("b")), set(cn("both"))), "OU=b,OU=a,CN=both", ""},
		{"repeated twice", subject(set(ou("a")), set(ou("a")), set(cn("both"))), "", ""},
		{"unknown", subject(set(cn("nobody"))), "", ""},
		// What the peer does not know in a subject it leaves out, and the certificate stands for somebody else.
		{"email in the subject", subject(set(email), set(cn("mail"))), "CN=mail", "-"},
		{"strange attribute", subject(set(strange), set(cn("strange"))), "CN=strange", "-"},
	}
}

func TestGoCertificateUsers(t *testing.T) {
	a := newAuthority(t)
	var users strings.Builder
	for i, u := range certificateUsers {
		fmt.Fprintf(&users, "{ user: '%s', permissions { publish: 'is.%d' } }\n", u, i)
	}
	config := fmt.Sprintf("authorization { users: [ %s { user: other, password: apple } ] }\n"+
		"tls { cert_file: %q, key_file: %q, ca_file: %q, verify_and_map: true, timeout: 5 }", users.String(), a.server, a.serverKey, a.ca)
	certs := make(map[string]tls.Certificate)
	for _, c := range certificateCases() {
		certs[c.name] = a.sign(c.template)
	}
	onEach(t, config, func(t *testing.T, s *peer.Server) {
		for _, c := range certificateCases() {
			want := c.user
			if s.Name == "leafgate" && c.ours == "-" {
				want = ""
			}
			cert := certs[c.name]
			if got := certificateUser(t, s, nats.Secure(a.client(&cert))); got != want {
				t.Errorf("%s: %q, want %q", c.name, got, want)
			}
		}
		one := certs["subject"]
		if got := certificateUser(t, s, nats.Secure(a.client(&one)), nats.UserInfo("other", "")); got != "CN=one,OU=field,O=Acme" {
			t.Errorf("with another user name: %q", got)
		}
		if nc, err := nats.Connect(s.URL, nats.Secure(a.client(nil)), nats.UserInfo("other", "apple"), nats.Timeout(patience)); err == nil {
			nc.Close()
			t.Error("no certificate, a right password, and the client comes in")
		}
	})
}

// certificateUser is who a client becomes, found out by what it may publish; empty: it does not come in.
func certificateUser(t *testing.T, s *peer.Server, options ...nats.Option) string {
	t.Helper()
	denied := make(chan error, len(certificateUsers)+1)
	nc, err := nats.Connect(s.URL, append(options, nats.Timeout(patience), nats.NoReconnect(),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { denied <- err }))...)
	if errors.Is(err, nats.ErrAuthorization) {
		return ""
	}
	must(t, err)
	defer nc.Close()
	left := make(map[string]string)
	for i, u := range certificateUsers {
		subject := fmt.Sprintf("is.%d", i)
		left[fmt.Sprintf("%q", subject)] = u
		must(t, nc.Publish(subject, nil))
	}
	for len(left) > 1 {
		text := await(t, "permission error", denied).Error()
		delete(left, text[strings.LastIndexByte(text[:len(text)-1], '"'):])
	}
	for _, u := range left {
		return u
	}
	return ""
}

// A device with a certificate needs neither name nor password, and what its client id is changes nothing.
func TestMQTTGoCertificateUsers(t *testing.T) {
	a := newAuthority(t)
	config := fmt.Sprintf(`authorization { users: [
		{ user: "CN=gate", permissions { publish: "mqtt:gate/{{clientid}}/#", subscribe: "mqtt:gate/#" }, connection_types: [MQTT] }
		{ user: "CN=app", connection_types: [STANDARD] } ] }
	mqtt { listen: "127.0.0.1:$MQTT_PORT", tls { cert_file: %q, key_file: %q, ca_file: %q, verify_and_map: true } }`, a.server, a.serverKey, a.ca)
	gate := a.sign(&x509.Certificate{Subject: pkix.Name{CommonName: "gate"}})
	app := a.sign(&x509.Certificate{Subject: pkix.Name{CommonName: "app"}})
	s := peer.Start(t, "leafgate", config)
	for _, d := range dialects() {
		t.Run(d.name, func(t *testing.T) {
			sub := d.dial(t, s, mqttOptions{id: "sub", tls: a.client(&gate)})
			sub.subscribe(1, "gate/+/x")
			pub := d.dial(t, s, mqttOptions{id: "7", tls: a.client(&gate)})
			pub.publish(mqttMessage{topic: "gate/7/x", payload: "hello", qos: 1})
			want(t, sub, mqttMessage{topic: "gate/7/x", payload: "hello", qos: 1})
		})
	}
	for name, config := range map[string]*tls.Config{"none": a.client(nil), "not for MQTT": a.client(&app)} {
		if err := paho3Connect(s, mqttOptions{id: "x", tls: config}); err == nil {
			t.Errorf("%s: comes in", name)
		}
	}
}

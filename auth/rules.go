package auth

import (
	"crypto/tls"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"leafgate/config"
	"leafgate/core"
)

// Credentials are what a peer says of itself, and where it comes from.
type Credentials struct {
	Protocol string // one of those that connection types stand for, such as ProtocolNATS
	ClientID string // what a peer of MQTT calls its session, given by itself or by the gateway; empty: it has none
	User     string
	Pass     string
	Token    string
	Nkey     string // the public key of a user
	Sig      string // Nonce signed with it, in base64
	Nonce    string // what the peer was given to sign; empty: nothing
	Remote   netip.AddrPort
	TLS      *tls.ConnectionState // nil: plain
	By       time.Time            // when an answer is too late; zero: two seconds from now
}

func (c *Credentials) empty() bool { return c.User == "" && c.Pass == "" && c.Token == "" }

// silent: c says nothing that counts here.
func (r *Rules) silent(c *Credentials) bool { return c.empty() && (c.Nkey == "" || !r.Nonce()) }

// Rules say who may come in through a listener. They never change; all methods may be called from any goroutine.
type Rules struct {
	authority *Authority
	source    *config.Block
	timeout   time.Duration

	tenants  *tenants
	defaults *core.PermissionDef // of members without rights of their own, or nil

	open    *member            // who everybody is, where nothing is required
	token   *member            // who knows the token, or nil
	users   map[string]*member // by name
	nkeys   map[string]*member // by public key
	certs   *certificates      // of clients, where they say who comes; nil: they do not
	mapped  *atomic.Bool       // certificates say who comes on some listener with these users
	noAuth  *member            // who a peer without credentials is, or nil
	decoy   *member            // checked in place of a user that does not exist, or nil
	members map[*core.Identity]bool
}

// Required says whether a peer must authenticate before anything else.
func (r *Rules) Required() bool { return r.open == nil && (r.noAuth == nil || r.certs != nil) }

// AuthRequired says whether there are credentials to check at all, whatever no_auth_user says.
func (r *Rules) AuthRequired() bool { return r.open == nil }

// Nonce says whether peers have to be given something to sign.
func (r *Rules) Nonce() bool { return len(r.nkeys) > 0 }

// Timeout is how long a peer may take to authenticate; 0 leaves it to the listener.
func (r *Rules) Timeout() time.Duration { return r.timeout }

// Plain says whether a password or token stands in the configuration in clear.
func (r *Rules) Plain() bool {
	if r.token != nil && r.token.secret.plain() {
		return true
	}
	for _, m := range r.users {
		if m.secret.plain() && !m.secret.none {
			return true
		}
	}
	return false
}

// Valid says whether somebody authenticated earlier, perhaps under older rules, may stay: the same user with the same
// credentials and rights.
func (r *Rules) Valid(id *core.Identity) bool {
	return id != nil && (r.members[id] || r.members[id.Base])
}

// Anonymous returns who a peer is that goes ahead without authenticating, or an error that wraps ErrDenied. Of c, only
// the protocol and the client id count.
func (r *Rules) Anonymous(c *Credentials) (*core.Identity, error) {
	m := r.member("")
	if m == nil || r.certs != nil {
		return nil, fmt.Errorf("%w: no credentials", ErrDenied)
	}
	return m.admit(c)
}

// Lookup returns the identity that a user with a client id would get now by a protocol, for what a peer has left behind:
// nothing checks credentials. user is that of an earlier Identity; empty: who Anonymous would say. False: nobody may be
// that now.
func (r *Rules) Lookup(protocol, user, clientID string) (*core.Identity, bool) {
	m := r.member(user)
	if m == nil {
		return nil, false
	}
	id, err := m.admit(&Credentials{Protocol: protocol, ClientID: clientID})
	return id, err == nil
}

// member finds whom an identity with that user belongs to, or nil.
func (r *Rules) member(user string) *member {
	switch {
	case r.open != nil:
		return r.open
	case user == "":
		return r.noAuth
	case r.token != nil && user == tokenUser:
		return r.token
	case r.users[user] != nil:
		return r.users[user]
	default:
		return r.nkeys[user]
	}
}

// Authenticate returns who a peer is, or an error that wraps ErrDenied and holds no secret. The same member with the same
// client id gets the same identity for as long as that is in use. It may take long, where a password is stored as a bcrypt
// hash: call it where blocking hurts nobody. The error wraps ErrBusy too where there was no time for that.
func (r *Rules) Authenticate(c *Credentials) (*core.Identity, error) {
	switch {
	case r.open != nil || r.noAuth != nil && r.certs == nil && r.silent(c):
		return r.Anonymous(c)
	case r.Nonce() && c.Nkey != "":
		return r.byNkey(c)
	case r.certs != nil:
		return r.byCertificate(c)
	}
	return r.bySecret(c)
}

// Slow says whether Authenticate may take long with c: it would have to check a bcrypt hash. It is quick itself.
func (r *Rules) Slow(c *Credentials) bool {
	if r.open != nil || r.certs != nil || r.Nonce() && c.Nkey != "" || r.noAuth != nil && r.silent(c) {
		return false
	}
	m, _, _ := r.candidate(c)
	if m == nil {
		m = r.decoy
	}
	return m != nil && !m.secret.plain()
}

// bySecret lets in who knows a password or the token.
func (r *Rules) bySecret(c *Credentials) (*core.Identity, error) {
	m, given, reason := r.candidate(c)
	if m == nil {
		if r.decoy != nil { // take as long as for a user that exists
			if _, err := r.check(r.decoy, given, c.By); err != nil {
				return nil, fmt.Errorf("%w: %w", ErrDenied, err)
			}
		}
		return nil, fmt.Errorf("%w: %s", ErrDenied, reason)
	}
	ok, err := r.check(m, given, c.By)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrDenied, err)
	case !ok:
		return nil, fmt.Errorf("%w: wrong credentials for %q", ErrDenied, m.identity.User)
	case m.secret.none && r.mapped.Load():
		return nil, fmt.Errorf("%w: %q needs a client certificate", ErrDenied, m.identity.User)
	}
	return m.admit(c)
}

// candidate finds whom c claims to be, and the secret that has to prove it. The reason never repeats what the peer sent:
// people type passwords into user fields.
func (r *Rules) candidate(c *Credentials) (m *member, given, reason string) {
	switch {
	case c.empty():
		return nil, "", "no credentials"
	case r.token != nil:
		return r.token, c.Token, ""
	case c.User == "":
		return nil, c.Pass, "no user name"
	}
	if m = r.users[c.User]; m == nil {
		return nil, c.Pass, "unknown user"
	}
	return m, c.Pass, ""
}

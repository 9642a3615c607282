package auth

import (
	"encoding/base64"
	"fmt"

	"github.com/nats-io/nkeys"

	"leafgate/config"
	"leafgate/core"
)

// addNkey takes a user who proves itself with a signature.
func (r *Rules) addNkey(b *config.Block, d *definition) {
	key := b.String("", "nkey")
	switch {
	case d.User != "":
		b.Errorf("nkey", "cannot stand beside a user")
	case d.Secret != "":
		b.Errorf("nkey", "cannot stand beside a password")
	case !nkeys.IsValidPublicUserKey(key): // not quoted: it may be a seed, put here by mistake
		b.Errorf("nkey", "not the public key of a user, which begins with U")
	case r.nkeys[key] != nil:
		b.Errorf("nkey", "%q is there twice", key)
	default:
		d.Kind, d.User = kindNkey, key
		r.nkeys[key] = r.authority.member(b, "nkey", d)
	}
}

// byNkey lets in who signs the nonce with the key of a user.
func (r *Rules) byNkey(c *Credentials) (*core.Identity, error) {
	m := r.nkeys[c.Nkey]
	switch {
	case m == nil:
		return nil, fmt.Errorf("%w: unknown nkey", ErrDenied)
	case m == r.noAuth: // who needs no credentials needs no signature either
	case !m.signed(c.Nonce, c.Sig):
		return nil, fmt.Errorf("%w: no signature of the nonce by %q", ErrDenied, m.identity.User)
	}
	return m.admit(c)
}

// signed says whether sig is m's signature of nonce. A nonce that was not given out can have been signed at any time.
func (m *member) signed(nonce, sig string) bool {
	if nonce == "" || sig == "" {
		return false
	}
	raw, err := base64.RawURLEncoding.DecodeString(sig)
	if err != nil {
		if raw, err = base64.StdEncoding.DecodeString(sig); err != nil {
			return false
		}
	}
	return m.key.Verify([]byte(nonce), raw) == nil
}

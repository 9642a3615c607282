package leafnode

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"os"

	"github.com/nats-io/nkeys"

	"leafgate/leafnode/wire"
)

// creds are what a credentials file holds.
type creds struct {
	jwt string
	key nkeys.KeyPair
}

func readCreds(file string) (*creds, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read credentials: %w", err)
	}
	defer clear(text)
	c := &creds{}
	if c.jwt, err = nkeys.ParseDecoratedJWT(text); err == nil {
		c.key, err = nkeys.ParseDecoratedNKey(text)
	}
	if err != nil { // not wrapped: it must not quote what may be a secret
		return nil, fmt.Errorf("read credentials: %s is no credentials file", file)
	}
	return c, nil
}

// prove adds to c what shows who we are to the server at u, which said nonce. Files are read anew each time.
func (o *remoteOptions) prove(c *wire.Connect, u *url.URL, nonce string) error {
	switch {
	case o.creds != "":
		file, err := readCreds(o.creds)
		if err != nil {
			return err
		}
		defer file.key.Wipe()
		c.JWT = file.jwt
		return sign(c, file.key, nonce)
	case o.seed != "":
		key, err := nkeys.FromSeed([]byte(o.seed))
		if err != nil {
			return fmt.Errorf("read nkey: %w", err)
		}
		defer key.Wipe()
		if c.Nkey, err = key.PublicKey(); err != nil {
			return fmt.Errorf("read nkey: %w", err)
		}
		return sign(c, key, nonce)
	}
	if u.User != nil {
		pass, has := u.User.Password()
		if c.User, c.Pass = u.User.Username(), pass; !has {
			c.Token = c.User
		}
	}
	return nil
}

func sign(c *wire.Connect, key nkeys.KeyPair, nonce string) error {
	sig, err := key.Sign([]byte(nonce))
	if err != nil {
		return fmt.Errorf("sign nonce: %w", err)
	}
	c.Sig = base64.RawURLEncoding.EncodeToString(sig)
	return nil
}

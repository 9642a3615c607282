package natsproto

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
)

// nonceBytes make the 15 characters that clients expect.
const nonceBytes = 11

// nonce is what the client has to sign who has an nkey; empty: nobody here has one. It is made anew each time it is needed,
// from a random key that ends with the process: idle clients keep none, and nobody can tell the next one.
func (s *session) nonce() string {
	if !s.lis.opts.Load().rules.Nonce() {
		return ""
	}
	h := hmac.New(sha256.New, s.lis.module.nonces[:])
	h.Write(binary.BigEndian.AppendUint64(nil, s.conn.ID()))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:nonceBytes])
}

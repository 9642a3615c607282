package tlsconf

import (
	"crypto/tls"
	"log/slog"
	"time"

	"leafgate/config"
)

// A Client is the TLS side of an outgoing link. Its methods may be called from any goroutine.
type Client struct {
	Timeout time.Duration // for the handshake
	First   bool          // handshake before the other side's greeting

	source *source
}

// ReadClient reads b, the tls block of an outgoing link; nil without one. Errors collect in b. What files do later goes to
// log, and that the other side is not checked.
func ReadClient(b *config.Block, log *slog.Logger, now func() time.Time) *Client {
	if b == nil {
		return nil
	}
	c := &Client{Timeout: readTimeout(b), First: b.Bool(false, firstNames...)}
	b.Unsupported("only for listeners", "verify", "verify_and_map", "verify_cert_and_check_known_urls", "crl_file",
		"pinned_certs", "connection_rate_limit")
	refuse(b)
	c.source = newSource(b, log, now)
	c.source.forPeer = true
	c.source.caFile = b.String("", "ca_file")
	if c.source.base.InsecureSkipVerify = b.Bool(false, "insecure"); c.source.base.InsecureSkipVerify {
		log.Warn("tls: insecure is set: anybody may pass for the other side", "at", b.Pos("insecure"))
	}
	if b.Has("cert_file") || b.Has("key_file") || b.Has("certs", "certificates") {
		c.source.readPairs(b)
	}
	c.source.first(b)
	return c
}

// Config is what to connect with now, to a server of that name. The caller owns it.
func (c *Client) Config(server string) *tls.Config {
	conf := c.source.material().config.Clone()
	conf.ServerName = server
	return conf
}

// Expires is when the first of the certificates that the other side is shown expires; zero: it is shown none.
func (c *Client) Expires() time.Time { return c.source.material().expires }

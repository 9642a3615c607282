package netio

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// An Upgrade begins a WebSocket as a client. RFC 6455, 4.1.
type Upgrade struct {
	Host   string // as the request says it, with the port if it is not the usual one
	Path   string // with its slash
	Secure bool   // TLS is below

	// What is asked for, and then, before the greeting is taken, what was agreed on: with Client set, Unmasked and Deflate are
	// wishes.
	Framing
}

// ErrUpgrade: the other side does not speak WebSocket, or not as it should.
var ErrUpgrade = errors.New("no websocket")

const (
	// deflateOffer asks for messages that need nothing of those before. RFC 7692, 7.1.1.
	deflateOffer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

	noMasking = "Nats-No-Masking" // servers of NATS do without masks, if both sides agree

	acceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" // RFC 6455, 1.3
)

// upgrade makes a WebSocket of the connection.
func (b *opening) upgrade() error {
	u := b.o.WebSocket
	var random [16]byte
	rand.Read(random[:])
	key := base64.StdEncoding.EncodeToString(random[:])
	answer, err := b.ask(u.request(key), b.o.Greeting)
	if err == nil {
		err = u.agree(answer, key)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUpgrade, err)
	}
	b.top = b.c.frames(&u.Framing)
	b.top.below = b
	return nil
}

func (u *Upgrade) request(key string) *http.Request {
	to := &url.URL{Scheme: "http", Host: u.Host, Path: u.Path}
	if u.Secure {
		to.Scheme = "https"
	}
	h := http.Header{"User-Agent": {""}, "Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Sec-WebSocket-Key": {key}, "Sec-WebSocket-Version": {"13"}}
	if u.Deflate {
		h.Set("Sec-WebSocket-Extensions", deflateOffer)
	}
	if u.Unmasked {
		h.Set(noMasking, "true")
	}
	return &http.Request{Method: http.MethodGet, URL: to, Host: u.Host, Header: h}
}

// agree takes the answer. What was not asked for must not be in it.
func (u *Upgrade) agree(r *http.Response, key string) error {
	sum := sha1.Sum([]byte(key + acceptSuffix))
	switch h := r.Header; {
	case r.StatusCode != http.StatusSwitchingProtocols:
		return fmt.Errorf("the other side answers %s", status(r))
	case !strings.EqualFold(h.Get("Upgrade"), "websocket"), !hasToken(h["Connection"], "upgrade"):
		return errors.New("the other side upgrades to something else")
	case h.Get("Sec-WebSocket-Accept") != base64.StdEncoding.EncodeToString(sum[:]): // RFC 6455, 4.1
		return errors.New("the other side's Sec-WebSocket-Accept is wrong")
	case h.Get("Sec-WebSocket-Protocol") != "":
		return errors.New("the other side has chosen a subprotocol")
	}
	u.Unmasked = u.Unmasked && r.Header.Get(noMasking) == "true"
	deflates, err := takesOffer(r.Header["Sec-Websocket-Extensions"])
	if err == nil && deflates && !u.Deflate {
		err = errExtensions
	}
	u.Deflate = deflates
	return err
}

// hasToken looks for a word in the lists of a header, whatever its case.
func hasToken(lists []string, want string) bool {
	for word := range strings.SplitSeq(strings.Join(lists, ","), ",") {
		if strings.EqualFold(strings.TrimSpace(word), want) {
			return true
		}
	}
	return false
}

var errExtensions = errors.New("the other side wants extensions that nobody has asked for")

// takesOffer says whether the answer takes what deflateOffer offers. What else there may be in it cannot be had.
func takesOffer(lists []string) (bool, error) {
	text := strings.Join(lists, ",")
	if text == "" {
		return false, nil
	}
	server, client := false, false
	for i, part := range strings.Split(text, ";") {
		switch part = strings.ToLower(strings.TrimSpace(part)); {
		case i == 0 && part == "permessage-deflate":
		case part == "server_no_context_takeover" && !server:
			server = true
		case part == "client_no_context_takeover" && !client:
			client = true
		default:
			return false, errExtensions
		}
	}
	if !server || !client { // the client may leave its context, but not the server. RFC 7692, 7.1.1
		return false, errors.New("the other side keeps a compression context")
	}
	return true, nil
}

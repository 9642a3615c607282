package natsproto

import (
	"bytes"
	"errors"
	"fmt"
	"time"
	"unique"

	"leafgate/auth"
	"leafgate/core"
	"leafgate/module"
	"leafgate/natsproto/wire"
)

// Protocol is this frontend's name for itself.
const Protocol = "nats"

// joining is a CONNECT between its line and its effect.
type joining struct {
	wire.Connect
	identity *core.Identity
	err      error
}

// onConnect reads and checks a CONNECT away from the connection's goroutine: a password hash takes long, and JSON needs
// more stack than an idle client should keep.
func (s *session) onConnect(args []byte) error {
	j := &joining{Connect: s.asked()}
	body, rules, cred, given := bytes.Clone(args), s.lis.opts.Load().rules, s.credentials(), s.given
	s.joining, s.authBy = j, 0
	return s.conn.Block(func() func() { return j.work(body, rules, cred, given) })
}

// asked is what a new CONNECT starts from.
func (s *session) asked() wire.Connect {
	c := wire.NewConnect()
	if s.flags.has(connected) {
		c.Verbose, c.Pedantic, c.Echo = s.flags.has(verbose), s.flags.has(pedantic), !s.flags.has(noEcho)
		c.Headers, c.NoResponders = s.flags.has(headers), s.flags.has(noResponders)
		if s.flags.has(asyncInfo) {
			c.Protocol = 1
		}
	}
	return c
}

func (s *session) credentials() *auth.Credentials {
	c := &auth.Credentials{Protocol: s.lis.protocol(), Remote: s.conn.RemoteAddr(), TLS: s.conn.TLS()}
	c.Nonce, c.By = s.nonce(), time.Now().Add(s.lis.opts.Load().authTimeout())
	return c
}

// work decodes body and authenticates, or answers how to, where that may take long.
func (j *joining) work(body []byte, rules *auth.Rules, cred *auth.Credentials, given *module.Given) (long func()) {
	if err := j.Parse(body); err != nil {
		j.err = errArguments.with(errBadConnect)
		return nil
	}
	cred.User, cred.Pass, cred.Token, cred.Nkey, cred.Sig = j.User, j.Pass, j.Token, j.NKey, j.Sig
	given.Complete(cred)
	if rules.Slow(cred) {
		return func() { j.authenticate(rules, cred) }
	}
	j.authenticate(rules, cred)
	return nil
}

func (j *joining) authenticate(rules *auth.Rules, cred *auth.Credentials) {
	identity, err := rules.Authenticate(cred)
	switch {
	case errors.Is(err, auth.ErrBusy):
		j.err = errThrottled.with(j.claim(err))
	case err != nil:
		j.err = errAuthorization.with(j.claim(err))
	case j.Account != "" || j.NewAccount:
		j.err = errAuthorization.with(errAccountChosen)
	default:
		j.identity = identity
	}
}

// claim adds what a client that was not let in calls itself.
func (j *joining) claim(err error) error {
	if j.Name == "" {
		return err
	}
	return fmt.Errorf("name %q: %w", j.Name, err)
}

// Details for the log. What JSON says of a bad CONNECT is left out: it may quote a password.
const (
	errBadConnect    = constError("CONNECT is not valid JSON")
	errAccountChosen = constError("CONNECT names an account")
)

type constError string

func (e constError) Error() string { return string(e) }

// joined completes the CONNECT that has been worked on.
func (s *session) joined(batch *core.Batch) error {
	j := s.joining
	s.joining = nil
	if j.err != nil {
		return j.err
	}
	supported := !s.lis.module.opts.Load().noHeaders
	switch {
	case j.Protocol < 0 || j.Protocol > 1:
		return errProtocol
	case j.NoResponders && !(supported && j.Headers):
		return errNoResponders
	case s.crowded(j.identity):
		return errMaxAccount
	}
	first := !s.flags.has(connected)
	s.ask(&j.Connect, supported)
	s.software = unique.Make(software{j.Lang, j.Version})
	s.attach(batch, j.identity, unique.Make(j.Name).Value(), first)
	s.pingAt = s.firstPingAt(time.Now())
	s.conn.TickAt(s.nextTick())
	s.ok(batch)
	return nil
}

// ask notes what a CONNECT asks for.
func (s *session) ask(c *wire.Connect, headersSupported bool) {
	s.flags &^= verbose | pedantic | noEcho | headers | noResponders | asyncInfo
	s.flags |= connected | active
	for _, f := range []struct {
		on   bool
		flag flags
	}{
		{c.Verbose, verbose}, {c.Pedantic, pedantic}, {!c.Echo, noEcho}, {c.NoResponders, noResponders},
		{c.Headers && headersSupported, headers}, {c.Protocol >= 1, asyncInfo},
	} {
		if f.on {
			s.flags |= f.flag
		}
	}
}

// enter lets a client go ahead that does not begin with CONNECT.
func (s *session) enter() error {
	identity, err := s.lis.opts.Load().rules.Anonymous(s.credentials())
	if err != nil {
		return errAuthorization.with(err)
	}
	if s.crowded(identity) {
		return errMaxAccount
	}
	s.flags |= verbose | pedantic
	s.authBy = 0
	s.attach(nil, identity, "", true)
	return nil
}

// crowded says whether the account of identity has no room for one more.
func (s *session) crowded(identity *core.Identity) bool {
	return (s.ep == nil || s.ep.Account() != identity.Account) && identity.Account.Full()
}

// attach makes the client a peer of the engine, in place of what it was before. keep: with its subscriptions, as far as
// it still has the right to them.
func (s *session) attach(batch *core.Batch, identity *core.Identity, name string, keep bool) {
	former, subs := s.ep, s.subs
	s.conn.Authenticated()
	s.ep = s.lis.module.env.Engine.Attach(identity, core.Peer{
		Protocol: s.lis.kind(),
		ID:       s.conn.ID(),
		Name:     name,
		NoEcho:   s.flags.has(noEcho),
	}, s)
	s.lis.module.env.History.Open(s.describe)
	if former == nil {
		return
	}
	batch.Settle()
	former.Close()
	s.subs = subTable{}
	for sid, n := range subs.all() {
		if keep {
			s.again(sid, n.core)
		}
	}
}

// again repeats a subscription of a former endpoint.
func (s *session) again(sid string, old *core.Subscription) {
	most := old.Max()
	if most > 0 {
		if most -= int(old.Delivered()); most <= 0 {
			return
		}
	}
	// A right that is gone takes its subscription with it.
	_ = s.subscribe(old.Subject, old.Queue, sid, most)
}

package mqtt

import (
	"bytes"
	"crypto/rand"
	"errors"
	"time"

	"leafgate/auth"
	"leafgate/core"
	"leafgate/internal/reason"
	"leafgate/mqtt/packet"
)

// joining is a CONNECT between its packet and its effect.
type joining struct {
	packet.Connect
	body     []byte // what Connect aliases, where it had to be kept
	will     *Will
	assigned bool // the client id is ours
	identity *core.Identity
	err      error // of authentication
}

// onConnect checks a CONNECT and authenticates its client, away from the connection's goroutine where that may take long.
func (c *conn) onConnect(batch *core.Batch, body []byte) error {
	j := &joining{}
	err := j.Parse(body)
	c.version = j.Version
	c.maxPacket = int(min(j.MaximumPacketSize, maxPacket+5))
	if err != nil {
		return c.badConnect(err)
	}
	c.by = 0
	if err = c.check(j); err != nil {
		return err
	}
	rules, cred := c.lis.opts.Load().rules, c.credentials(j)
	if !rules.AuthRequired() {
		j.identity, j.err = rules.Authenticate(cred)
		c.joining = j
		return c.joined(batch)
	}
	j.body = bytes.Clone(body)
	if err = j.Parse(j.body); err != nil { // the same bytes, kept
		return c.badConnect(err)
	}
	c.joining = j
	authenticate := func() { j.identity, j.err = rules.Authenticate(cred) }
	return c.net.Block(func() func() {
		if rules.Slow(cred) {
			return authenticate
		}
		authenticate()
		return nil
	})
}

// badConnect answers a CONNECT that cannot be read. [MQTT-3.1.4-1]
func (c *conn) badConnect(err error) error {
	switch {
	case errors.Is(err, packet.ErrProtocolName): // [MQTT-3.1.2-1]
		return &clientError{0, reason.BadProtocolVersion, "not MQTT", err}
	case errors.Is(err, packet.ErrLevel):
		return c.refuseLevel()
	}
	e := asClientError(err)
	if e != nil && c.version == packet.V5 {
		return c.refuseWith(e.code, e.reason, e.text, nil)
	}
	return err
}

// refuseLevel answers a CONNECT of a version that is not served. Where MQTT 5 is not, the answer is that of 3.1.1.
// [MQTT-3.1.2-2]
func (c *conn) refuseLevel() error {
	if c.version == packet.V5 && !c.options().versions[packet.V5] {
		c.version = packet.V311
	}
	return c.refuseWith(packet.UnsupportedVersion, reason.BadProtocolVersion, "protocol level is not served", nil)
}

// refuseWith answers CONNECT with a failure. [MQTT-3.2.2-4] [MQTT-3.2.2-5] [MQTT-3.2.2-7]
func (c *conn) refuseWith(code packet.Reason, why reason.Reason, text string, detail error) error {
	a := packet.Connack{Reason: code}
	if c.version == packet.V5 {
		if a.ReasonString = []byte(text); !c.takes(a.Append(nil, c.version)) {
			a.ReasonString = nil // [MQTT-3.2.2-19]
		}
	}
	if answer := a.Append(nil, c.version); c.takes(answer) {
		c.net.Append(answer)
	}
	return &clientError{0, why, text, detail}
}

// takes says whether a packet is not larger than what the client takes. [MQTT-3.1.2-24]
func (c *conn) takes(p []byte) bool { return c.maxPacket == 0 || len(p) <= c.maxPacket }

// answer queues an answer that the client waits for. Where it cannot take it, there is no going on.
func (c *conn) answer(p []byte) error {
	if !c.takes(p) {
		return errAnswerSize
	}
	c.net.Append(p)
	return nil
}

// check looks at what needs no authentication.
func (c *conn) check(j *joining) error {
	o := c.options()
	switch {
	case c.refuse != nil:
		return c.refuseWith(c.refuse.code, c.refuse.reason, c.refuse.text, nil)
	case !o.versions[j.Version]:
		return c.refuseLevel()
	case len(j.ClientID) == 0 && !j.CleanStart && j.Version != packet.V5: // [MQTT-3.1.3-8] of 3.1.1
		return c.refuseWith(packet.ClientIDNotValid, reason.ClientIDRefused, "a session needs a client identifier", nil)
	case len(j.ClientID) == 0 && j.Version == packet.V31:
		return c.refuseWith(packet.ClientIDNotValid, reason.ClientIDRefused, "empty client identifier", nil)
	case j.AuthMethod != nil: // [MQTT-4.12.0-1]
		return c.refuseWith(packet.BadAuthenticationMethod, reason.AuthenticationFailure, "authentication method is not served", nil)
	}
	if len(j.ClientID) == 0 { // [MQTT-3.1.3-6] [MQTT-3.1.3-7] [MQTT-3.2.2-16]
		j.ClientID, j.assigned = []byte("auto-"+rand.Text()), true
	}
	if j.HasWill {
		return c.readWill(j)
	}
	return nil
}

func (c *conn) credentials(j *joining) *auth.Credentials {
	// Tokens come as passwords: MQTT has no other field for them.
	pass := string(j.Password)
	cred := &auth.Credentials{Protocol: c.lis.protocol(), User: string(j.UserName), Pass: pass, Token: pass,
		ClientID: string(j.ClientID), Remote: c.net.RemoteAddr(), TLS: c.net.TLS(),
		By: time.Now().Add(c.lis.opts.Load().connectTimeout())}
	c.given.Complete(cred)
	return cred
}

// joined completes the CONNECT that has been worked on.
func (c *conn) joined(batch *core.Batch) error {
	j := c.joining
	defer func() { c.joining = nil }()
	if errors.Is(j.err, auth.ErrBusy) {
		return c.refuseWith(packet.ServerBusy, reason.AuthenticationFailure, "too many clients connect at once", j.err)
	}
	if j.err != nil {
		code := packet.BadUserNameOrPassword
		if !j.HasUserName && !j.HasPassword {
			code = packet.NotAuthorized
		}
		return c.refuseWith(code, reason.AuthenticationFailure, "not authorized", j.claim(j.err))
	}
	c.adopt(j)
	err := c.enter(batch, j)
	if err != nil {
		var own *clientError
		if errors.As(err, &own) && own.code != 0 {
			return c.refuseWith(own.code, own.reason, own.text, j.claim(own.detail))
		}
		return err
	}
	c.net.Authenticated()
	next, err := c.checkAlive(time.Now())
	c.net.TickAt(next)
	return err
}

// enter makes c its client's connection, if the client can take the answer.
func (c *conn) enter(batch *core.Batch, j *joining) error {
	if !c.takes(c.connack(j, false, sessionExpiry(j, c.options().maxExpiry))) {
		return errAnswerSize
	}
	return c.lis.module.join(batch, c, j)
}

// adopt takes over what the client says about the connection.
func (c *conn) adopt(j *joining) {
	o := c.options()
	if j.Bridge {
		c.flags |= bridge
	}
	c.window = min(int(j.ReceiveMaximum), o.maxAckPending)
	c.quota, c.maxFeed = int(o.receiveMaximum), o.maxPacket
	if c.version != packet.V5 { // nobody has told the client of another bound
		c.quota = mostFlights
	}
	if n := min(j.TopicAliasMaximum, mostAliasesOut); n > 0 || o.aliasMaximum > 0 && c.version == packet.V5 {
		c.aliases = &aliases{outMax: n, inMax: o.aliasMaximum}
	}
	keep := j.KeepAlive
	if o.maxKeepAlive > 0 && (keep == 0 || keep > o.maxKeepAlive) && c.version == packet.V5 {
		keep = o.maxKeepAlive
	}
	c.keepAlive = time.Duration(keep) * time.Second * 3 / 2
}

// connack is what a client hears that has been let in. [MQTT-3.2.0-1]
func (c *conn) connack(j *joining, present bool, expiry uint32) []byte {
	a := packet.Connack{SessionPresent: present}
	if c.version == packet.V5 {
		o := c.options()
		a.ReceiveMaximum, a.MaximumPacketSize, a.TopicAliasMaximum = o.receiveMaximum, uint32(o.maxPacket), o.aliasMaximum
		if o.rejectQoS2 { // [MQTT-3.2.2-9]
			a.HasMaximumQoS, a.MaximumQoS = true, 1
		}
		a.RetainUnavailable = !o.retains()
		if j.assigned {
			a.AssignedClientID = j.ClientID
		}
		if expiry != j.SessionExpiry {
			a.HasSessionExpiry, a.SessionExpiry = true, expiry
		}
		if keep := c.keepAlive * 2 / 3 / time.Second; keep != time.Duration(j.KeepAlive) { // [MQTT-3.2.2-21]
			a.HasServerKeepAlive, a.ServerKeepAlive = true, uint16(keep)
		}
		if j.RequestResponse && o.responsePrefix != "" { // [MQTT-3.1.2-28]
			a.ResponseInformation = []byte(o.responsePrefix)
		}
	}
	return a.Append(nil, c.version)
}

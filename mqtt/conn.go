package mqtt

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"leafgate/core"
	"leafgate/internal/netio"
	"leafgate/module"
	"leafgate/mqtt/packet"
)

// A conn is one network connection of a client. It is fed, one call at a time; what publishers and other connections
// touch stands in its session, or says so.
type conn struct {
	lis     *listener
	net     *netio.Conn
	given   *module.Given // what the client showed before it spoke, nil: nothing
	session *session      // nil before CONNECT is accepted
	joining *joining      // a CONNECT that is being worked on
	noting  *noting       // a packet that waits for the store
	repeat  bool          // it is to be fed again
	refuse  *clientError  // what the CONNECT is to be answered with, whatever it says
	by      int64         // when CONNECT must have come, Unix nanoseconds; 0: it has
	version packet.Version
	flags   connFlags

	keepAlive time.Duration // 1.5 times what the client said; 0: never mind. [MQTT-3.1.2-24]
	window    int           // deliveries at QoS 1 and 2 that may be under way to the client. [MQTT-3.3.4-9]
	maxPacket int           // bytes of a whole packet that the client takes; 0: any. [MQTT-3.1.2-24]
	quota     int           // publications at QoS 1 and 2 that may be under way from the client. [MQTT-3.3.4-7]
	maxFeed   int           // remaining length that was agreed on; 0: nothing yet

	aliases *aliases // of topics, both ways; nil: none yet
	lent    *lent    // scratch of this Feed; nil: not needed so far

	accepted atomic.Bool  // CONNACK was sent: version, flags and maxPacket do not change any more
	busy     sync.Mutex   // held while Feed is at work
	feeding  atomic.Bool  // Feed is at work, and will flush
	unacked  atomic.Int64 // publications of the client at QoS 1 and 2 that are not acknowledged for good
	burst    *burst       // acknowledgements of this Feed; nil: none so far
	ackMu    sync.Mutex
	first    *burst // bursts that wait for stores, in order; under ackMu
	last     *burst
	withheld withheld // under ackMu
	step     step     // Feed only
}

// connFlags are what a client asked for, and how far it has come.
type connFlags uint8

const (
	bridge  connFlags = 1 << iota // the level says so: no echo, RETAIN as published
	parting                       // DISCONNECT came: nothing counts any more. [MQTT-3.14.4-2]
)

func (f connFlags) has(g connFlags) bool { return f&g != 0 }

var _ netio.Session = (*conn)(nil)

// Feed implements netio.Session.
func (c *conn) Feed(batch *core.Batch, b []byte) (n int, err error) {
	c.busy.Lock()
	defer c.busy.Unlock()
	c.feeding.Store(true)
	c.step = c.nextStep()
	n, err = c.feed(batch, b)
	c.settleBurst()
	c.giveBack()
	c.feeding.Store(false)
	if err == nil && n > 0 { // behind each pause something new is read
		err = c.pauseIfAhead()
	}
	return n, err
}

func (c *conn) feed(batch *core.Batch, b []byte) (n int, err error) {
	if c.joining != nil {
		if err = c.funnel(c.joined(batch)); err != nil {
			return 0, err
		}
	}
	most := c.maxRemaining()
	for n < len(b) {
		if c.flags.has(parting) {
			return len(b), nil
		}
		if c.step.over {
			return n, nil
		}
		p, took, need, err := packet.Next(b[n:], c.version, most)
		if err == nil && took == 0 {
			if need > 0 {
				c.net.Expect(need)
			}
			return n, nil
		}
		if err == nil {
			n += took
			err = c.handle(batch, &p, b[n-took:n])
			if c.repeat {
				c.repeat = false
				n -= took
			}
		}
		if err = c.funnel(err); err != nil {
			return n, err
		}
		if p.Type == packet.CONNECT {
			most = c.maxRemaining()
		}
	}
	return n, nil
}

// maxRemaining bounds the remaining length of what comes.
func (c *conn) maxRemaining() int {
	if c.session == nil {
		return c.options().maxConnect
	}
	return c.maxFeed
}

func (c *conn) options() *options { return c.lis.module.opts.Load() }

// handle takes one packet; frame is all of it.
func (c *conn) handle(batch *core.Batch, p *packet.Raw, frame []byte) error {
	if c.session == nil {
		if p.Type != packet.CONNECT { // [MQTT-3.1.0-1]
			return errNotConnect
		}
		return c.onConnect(batch, p.Body)
	}
	if c.session.conn.Load() != c {
		return errTakenOver
	}
	switch p.Type {
	case packet.PUBLISH:
		return c.onPublish(batch, p, frame)
	case packet.PUBACK, packet.PUBREC, packet.PUBREL, packet.PUBCOMP:
		return c.onAck(p)
	case packet.SUBSCRIBE:
		return c.onSubscribe(batch, p.Body)
	case packet.UNSUBSCRIBE:
		return c.onUnsubscribe(batch, p.Body)
	case packet.PINGREQ:
		batch.SettleFor(c.session.ep)
		c.net.Append(pingresp) // [MQTT-3.12.4-1]
		return nil
	case packet.DISCONNECT:
		return c.onDisconnect(p.Body)
	case packet.AUTH:
		return c.onAuth(p.Body)
	case packet.CONNECT: // [MQTT-3.1.0-2]
		return errSecondConnect
	}
	return errWrongDirection
}

// Never written to.
var pingresp = []byte(packet.PingResponse)

// Tick implements netio.Session: the deadline of CONNECT, then the keep alive. Every byte of the client counts, also those
// of a packet that is not whole yet.
func (c *conn) Tick(batch *core.Batch, now time.Time) (next time.Time, err error) {
	switch {
	case c.by != 0 && now.UnixNano() >= c.by:
		return time.Time{}, errConnectTimeout
	case c.by != 0:
		return time.Unix(0, c.by), nil
	}
	return c.checkAlive(now)
}

// checkAlive says when to look again. [MQTT-3.1.2-24] [MQTT-3.1.2-22]
func (c *conn) checkAlive(now time.Time) (next time.Time, err error) {
	expires := c.expires()
	if !expires.IsZero() && !now.Before(expires) {
		return time.Time{}, c.funnel(errRightsExpired)
	}
	if c.keepAlive > 0 {
		due := c.net.LastRead().Add(c.keepAlive)
		if !now.Before(due) {
			return time.Time{}, c.funnel(errKeepAlive)
		}
		if expires.IsZero() || due.Before(expires) {
			return due, nil
		}
	}
	return expires, nil
}

// expires is when the client's rights end; zero: never.
func (c *conn) expires() time.Time {
	if c.session == nil {
		return time.Time{}
	}
	return c.session.ep.Identity().Expires
}

// Closed implements netio.Session.
func (c *conn) Closed(batch *core.Batch, cause error) {
	batch.Settle()
	about := c.describe()
	if s := c.session; s != nil {
		s.detach(batch, c, cause)
	}
	c.lis.module.leave(c, about, cause)
}

// funnel decides what an error means. Every handler's error ends here and nowhere else. What it returns closes the
// connection, or pauses it; what the client is to hear before that is queued.
func (c *conn) funnel(err error) error {
	if err == nil || errors.Is(err, netio.ErrPause) || errors.Is(err, errGone) {
		return err
	}
	cause := asClientError(err)
	if cause == nil { // we are at fault: the client learns nothing of it
		c.lis.module.log.Error("client session failed", "client", c.net.ID(), "err", err)
		cause = errInternal.with(err)
	}
	c.settleBurst()                                  // before the last words,
	c.net.EvictAfter(c.lastWords(nil, cause), cause) // behind which nothing comes [MQTT-3.14.4-1] [MQTT-3.14.4-2]
	return cause
}

// lastWords appends what a client hears before it is cut: nothing before MQTT 5 [MQTT-4.8.0-1], nor where nothing has been
// accepted yet [MQTT-3.14.0-1]. [MQTT-4.13.1-1]
func (c *conn) lastWords(dst []byte, e *clientError) []byte {
	if c.version != packet.V5 || !c.accepted.Load() || e.code == 0 {
		return dst
	}
	text := []byte(e.Text())
	d := packet.AppendDisconnect(dst, e.code, text, nil)
	if !c.takes(d[len(dst):]) { // [MQTT-3.14.2-3]
		return packet.AppendDisconnect(dst, e.code, nil, nil)
	}
	return d
}

// dismiss ends the connection from outside. It may be called from any goroutine.
func (c *conn) dismiss(e *clientError) {
	if !c.accepted.Load() {
		c.net.EvictAfter(nil, e)
		return
	}
	c.net.EvictAfter(c.lastWords(nil, e), e)
}

package leafnode

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"leafgate/core"
	"leafgate/leafnode/wire"
)

// A link may live and carry nothing: rights above have changed, or a cluster is torn. A probe is a request to somebody beyond
// the other side. Only its answer shows that messages go all the way and come back.

const (
	defaultProbe      = "$SYS.REQ.USER.INFO" // every nats-server answers, with nobody subscribed
	defaultProbeEvery = time.Minute
	probeAgain        = 10 * time.Second // while there is no answer
	probeInbox        = "_INBOX."        // answers come below it
)

var (
	errMayNotHear = errors.New("the other side does not let answers through")
	errNoAnswer   = errors.New("nobody answers")
	errMayNotAsk  = errors.New("the other side does not let us ask there")
	errNotYet     = errors.New("nobody has answered yet")
)

// A prober asks across one link. Its session goroutine calls it, but for report.
type prober struct {
	subject string // where to; empty: nowhere
	every   time.Duration
	inbox   []byte // with a dot at its end; nil: not chosen yet
	count   int
	next    time.Time // the next request
	asked   time.Time // the last one without an answer; zero: none

	mu       sync.Mutex // guards the fields below
	verified time.Time  // the last answer
	took     time.Duration
	doubt    error // why it is not verified; nil: it is, or nobody asks
}

func (p *prober) init(subject string, every time.Duration) {
	if p.subject, p.every = subject, every; p.asks() {
		p.doubt = errNotYet
	}
}

// asks says whether there is anything to ask.
func (p *prober) asks() bool { return p.subject != "" && p.every > 0 }

// probe asks when it is time, and says when nobody has answered.
func (l *link) probe(now time.Time) {
	p := &l.prober
	if !p.asks() || now.Before(p.next) {
		return
	}
	if !p.asked.IsZero() {
		if now.Sub(p.asked) < l.probePatience() {
			return
		}
		l.doubt(fmt.Errorf("%w on %s", errNoAnswer, p.subject))
	}
	p.next = now.Add(min(p.every, probeAgain))
	if p.inbox == nil {
		p.inbox = []byte(probeInbox + rand.Text()[:22] + ".")
	}
	switch {
	case !l.mayAsk(p.subject):
		l.doubt(fmt.Errorf("%w: %s", errMayNotAsk, p.subject))
		return
	case !l.news.imports.passes(string(p.inbox)+"1", ""):
		l.doubt(fmt.Errorf("%w: %s>", errMayNotHear, probeInbox))
		return
	}
	p.asked = now
	l.out.Lock()
	l.put(p.request())
	l.out.Unlock()
}

// request is the lines that ask.
func (p *prober) request() (lines []byte) {
	if p.count == 0 {
		lines = wire.AppendSub(lines, string(p.inbox)+"*", "", 1)
	}
	p.count++
	return append(wire.AppendLine(lines, &wire.Line{Subject: []byte(p.subject), Reply: strconv.AppendInt(p.inbox, int64(p.count), 10)}), "\r\n"...)
}

// probePatience is how long an answer may take.
func (l *link) probePatience() time.Duration {
	l.out.Lock()
	defer l.out.Unlock()
	return l.opts.silence() + l.window.patience()
}

// mayAsk says whether the other side's rights let us: else it would close the link. Our own do not count, by which $SYS
// belongs to the server on either side.
func (l *link) mayAsk(subject string) bool {
	r := &rights{}
	r.grant(l.told.Export)
	return isExempt(subject) || r.passes(subject, "")
}

// proves says whether a message is the answer to a probe, and takes note of it. Nobody else gets it.
func (l *link) proves(u *wire.Unit, b []byte) bool {
	p := &l.prober
	if len(p.inbox) == 0 || !bytes.HasPrefix(u.Subject, p.inbox) {
		return false
	}
	if bytes.HasPrefix(b[u.Line:u.Line+u.HeaderSize], []byte("NATS/1.0 503")) { // no responders
		return true
	}
	now := time.Now()
	p.mu.Lock()
	was := p.doubt
	p.verified, p.doubt = now, nil
	if !p.asked.IsZero() {
		p.took = max(1, now.Sub(p.asked))
	}
	p.mu.Unlock()
	p.asked, p.next = time.Time{}, now.Add(p.every)
	if was != nil {
		l.ring()
	}
	return true
}

// attests says whether a message is the probe of a server below us, and answers it: who it is here. Nothing else of $SYS
// crosses.
func (l *link) attests(ep *core.Endpoint, u *wire.Unit) bool {
	if l.guard == nil || string(u.Subject) != defaultProbe || len(u.Reply) == 0 || !utterable(u.Reply) {
		return false
	}
	s := l.module.env.Server
	body, err := json.Marshal(map[string]any{"server": map[string]any{"name": s.Name, "id": s.ID},
		"data": map[string]any{"user": ep.Identity().User, "account": ep.Account().Name()}})
	if err != nil {
		return false
	}
	lines := wire.AppendLine(nil, &wire.Line{Subject: u.Reply, Size: len(body)})
	l.out.Lock()
	defer l.out.Unlock()
	l.put(append(append(lines, body...), "\r\n"...))
	return true
}

// doubt takes note that the link is not known to work.
func (l *link) doubt(err error) {
	p := &l.prober
	p.mu.Lock()
	was := p.doubt
	p.doubt = err
	p.mu.Unlock()
	if was == nil || was.Error() != err.Error() {
		l.module.log.Warn("a link lives, but is not known to carry messages", "uplink", l.opts.name(), "account", l.opts.account, "err", err)
		l.ring()
	}
}

// report says what is known.
func (p *prober) report() (verified time.Time, took time.Duration, doubt error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.verified, p.took, p.doubt
}

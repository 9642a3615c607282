package leafnode

import (
	"bytes"

	"leafgate/core"
	"leafgate/internal/reason"
)

// noQueues keeps the engine from choosing in queue groups: the other side has chosen none.
var noQueues = [][]byte{}

// onMessage takes LMSG or HMSG: plain subscriptions get it, and one member of each group it names.
func (l *link) onMessage(batch *core.Batch, ep *core.Endpoint, b []byte) error {
	u := &l.unit
	body := b[u.Line : u.Line+u.Size]
	header := body[:u.HeaderSize]
	if len(header) > 0 && !validHeader(header) {
		l.drop(reason.ProtocolViolation)
		return nil
	}
	m := batch.Message()
	*m = core.Message{Subject: u.Subject, Reply: u.Reply, Payload: body[u.HeaderSize:], Groups: u.Queues}
	if len(header) > 0 {
		m.Header = header
	}
	if len(u.Queues) == 0 {
		m.Groups = noQueues
	}
	m.Reply, m.As = splitAck(u.Reply)
	if _, err := batch.Publish(ep, m); err != nil {
		l.drop(reason.PermissionsViolation)
		return l.guard.publish(u.Subject)
	}
	return nil
}

// splitAck: a message of a stream goes to where its consumer listens, but is called what it was published as. Servers tell
// that behind the address to acknowledge to: "$JS.ACK.S.C.1.1.1.1.0@orders.new".
func splitAck(reply []byte) (ack, as []byte) {
	if at := bytes.LastIndexByte(reply, '@'); at > 0 && bytes.HasPrefix(reply, []byte("$JS.ACK.")) && core.ValidSubject(reply[at+1:]) {
		return reply[:at], reply[at+1:]
	}
	return reply, nil
}

// validHeader says whether h is a header block as far as its readers rely on it.
func validHeader(h []byte) bool {
	return bytes.HasPrefix(h, []byte("NATS/1.0")) && bytes.HasSuffix(h, []byte("\r\n\r\n"))
}

// drop counts a message that did not cross.
func (l *link) drop(why reason.Reason) { l.drops[why].Add(1) }

// logDrops tells what was dropped since it last did, a line for each reason. The remote's goroutine calls it.
func (l *link) logDrops() {
	for why := range reason.All() {
		if n := l.drops[why].Load(); n > l.logged[why] {
			l.module.log.Warn("messages did not cross a link", "uplink", l.opts.name(), "account", l.opts.account, "reason", why.Code(),
				"count", n-l.logged[why])
			l.logged[why] = n
		}
	}
}

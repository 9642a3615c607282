package mqtt

import (
	"strings"
	"sync"

	"leafgate/core"
	"leafgate/mapping"
)

// owners are this frontend's own peers, one in each account: they retain what NATS clients ask to be retained, answer
// questions about it, and publish what a client has been given the right to answer.
type owners struct {
	module *frontend
	mu     sync.Mutex
	all    map[*core.Account]*owner
}

// retainHeader is the header field by which any publisher sets a retained message; an empty payload clears it.
const retainHeader = "Mqtt-Retain"

// retainedRequest is where retained messages are asked for, with a subject or pattern behind it.
const retainedRequest = "$MQTT.RETAINED.GET."

func (o *owners) init(f *frontend) { o.module, o.all = f, make(map[*core.Account]*owner) }

// start makes the owners of the accounts there are.
func (o *owners) start() {
	for a := range o.module.env.Engine.Accounts() {
		o.endpoint(a)
	}
}

func (o *owners) stop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, w := range o.all {
		w.ep.Close()
	}
}

// endpoint answers the owner's endpoint in a, which may do everything.
func (o *owners) endpoint(a *core.Account) *core.Endpoint {
	o.mu.Lock()
	defer o.mu.Unlock()
	w := o.all[a]
	if w == nil {
		w = &owner{module: o.module}
		w.ep = o.module.env.Engine.Attach(&core.Identity{Account: a}, core.Peer{Protocol: Protocol, Name: "leafgate-mqtt"}, w)
		w.ep.Tap(retainHeader)
		if _, err := w.ep.Subscribe(retainedRequest+">", core.SubOptions{}); err != nil {
			o.module.log.Error("retained messages cannot be asked for", "err", err)
		}
		o.all[a] = w
	}
	return w.ep
}

// An owner is one of them.
type owner struct {
	module *frontend
	ep     *core.Endpoint

	mu   sync.Mutex
	asks []ask
}

// An ask is a request for retained messages, on its way to Flush.
type ask struct {
	pattern, reply string
	perms          *core.Permissions // of who asks
}

// Deliver implements core.Sink.
func (w *owner) Deliver(m *core.Message, subs []*core.Subscription) core.Verdict {
	if subs == nil {
		w.retain(m)
		return core.Refused // nothing to flush
	}
	if len(m.Reply) == 0 {
		return core.Refused
	}
	a := ask{pattern: strings.TrimPrefix(string(m.Subject), retainedRequest), reply: string(m.Reply)}
	if from := m.From(); from != nil {
		a.perms = from.Identity().Perms
	}
	w.mu.Lock()
	w.asks = append(w.asks, a)
	w.mu.Unlock()
	return core.Taken
}

// retain keeps what was published with the header, if its subject is a topic.
func (w *owner) retain(m *core.Message) {
	if m.Mark&markMQTT != 0 || !headerRetain(m.Header) {
		return
	}
	var scratch [256]byte
	if _, ok := mapping.AppendTopic(scratch[:0], m.Subject); !ok || mapping.ReservedSubject(m.Subject) {
		w.module.counters.foreign.Add(1)
		return
	}
	_ = w.module.retained.set(w.ep.Account(), m, w.module.opts.Load().natsQoS) // counted there
}

// Run implements core.Sink: no subscription here has a Form.
func (w *owner) Run([]byte, []byte, int, bool) core.Verdict { return core.Refused }

// Evict implements core.Sink.
func (w *owner) Evict(error) {}

// Flush implements core.Sink: it answers, with a batch of its own.
func (w *owner) Flush() {
	w.mu.Lock()
	asks := w.asks
	w.asks = nil
	w.mu.Unlock()
	if len(asks) == 0 {
		return
	}
	batch := w.module.env.Engine.Get()
	for i := range asks {
		w.answer(batch, &asks[i])
	}
	w.module.env.Engine.Put(batch)
}

const (
	noMessages = "NATS/1.0 404 No Messages\r\n\r\n"
	endOfBatch = "NATS/1.0 204 EOB\r\n\r\n"
)

// answer sends what is retained under a pattern, and for one with wildcards an end. Whoever asks gets what it might
// subscribe to.
func (w *owner) answer(batch *core.Batch, a *ask) {
	f := mapping.Filter{Subject: a.pattern}
	found := 0
	if core.ValidPattern(a.pattern) {
		for _, kept := range w.module.retained.match(nil, w.ep.Account(), &f, w.module.now()) {
			if !a.perms.CanSubscribe(string(kept.Message.Subject), "") {
				continue
			}
			found++
			w.send(batch, a.reply, appendSubjectField(kept.Message.Header, kept.Message.Subject), kept.Message.Payload)
		}
	}
	switch {
	case found == 0:
		w.send(batch, a.reply, []byte(noMessages), nil)
	case !core.IsLiteral(a.pattern):
		w.send(batch, a.reply, []byte(endOfBatch), nil)
	}
}

func (w *owner) send(batch *core.Batch, to string, header, payload []byte) {
	m := batch.Message()
	*m = core.Message{Subject: []byte(to), Header: header, Payload: payload}
	if _, err := batch.Publish(w.ep, m); err != nil {
		w.module.log.Debug("answer was not published", "to", to, "err", err)
	}
}

// appendSubjectField answers header with the field Nats-Subject, which says where the message was published.
func appendSubjectField(header, subject []byte) []byte {
	const start, field = "NATS/1.0\r\n", "Nats-Subject: "
	rest := "\r\n"
	if len(header) > len(start) {
		rest = string(header[strings.Index(string(header), "\r\n")+2:])
	}
	return []byte(start + field + string(subject) + "\r\n" + rest)
}

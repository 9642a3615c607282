package mqtt

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"leafgate/core"
	"leafgate/mapping"
	"leafgate/module"
	"leafgate/mqtt/packet"
)

// The $SYS tree is the gateway's own: a few facts in the places where users of other brokers look for them. It is answered
// from here and never registered in the engine, so that nobody can publish to it.

// isSys: a filter whose first level is $SYS.
func isSys(filter []byte) bool {
	rest, ok := bytes.CutPrefix(filter, []byte("$SYS"))
	return ok && (len(rest) == 0 || rest[0] == '/')
}

// mentionsSys: a filter of p is for the tree.
func mentionsSys(p *packet.Subscribe) bool {
	for filter := range p.Filters() {
		if isSys(filter) {
			return true
		}
	}
	return false
}

// subscribeSys takes a filter of the tree, and makes the session hear of updates. s.mu is held.
func (s *session) subscribeSys(sub *subscription, o packet.Options) (packet.Reason, replay) {
	old := s.sys[sub.filter]
	switch {
	case !s.ep.Identity().Perms.CanSubscribe(sub.parsed.Subject, ""):
		return packet.NotAuthorized, replay{}
	case old == nil && s.full():
		return packet.QuotaExceeded, replay{}
	case s.sys == nil:
		s.sys = make(map[string]*subscription)
	}
	s.sys[sub.filter] = sub
	return packet.Reason(sub.qos), replay{sys: wantsRetained(o, old == nil), filter: sub.parsed, qos: sub.qos}
}

func (s *session) unwatchSys(filter []byte) bool {
	_, ok := s.sys[string(filter)]
	delete(s.sys, string(filter))
	return ok
}

// sendSys sends what a filter matches of the tree. s.mu is held.
func (s *session) sendSys(c *conn, tree sysMessages, f *mapping.Filter, qos byte) {
	perms := s.ep.Identity().Perms
	for _, m := range tree.of(s.ep.Account()) {
		if f.Matches(m.Subject) && perms.CanReceive(m.Subject, "") {
			s.send(c, &Delivery{Message: m, QoS: qos, Retain: true, Replay: true, Passing: true})
		}
	}
}

// updateSys tells everybody who watches.
func (f *frontend) updateSys(now time.Time) {
	f.sys.measure(f, now)
	tree := f.sys.current(f, now)
	for _, s := range f.all() {
		s.updateSys(tree)
	}
}

// updateSys leaves out a client that has not taken what it has: the next update says more than this one.
func (s *session) updateSys(tree sysMessages) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.conn.Load()
	if c == nil || len(s.sys) == 0 || s.waiting.len() > 0 || !s.mayTakeOff(c) {
		return
	}
	perms := s.ep.Identity().Perms
	for _, m := range tree.of(s.ep.Account()) {
		if qos, ok := s.watches(m.Subject); ok && perms.CanReceive(m.Subject, "") {
			s.send(c, &Delivery{Message: m, QoS: qos, Passing: true})
		}
	}
	c.net.Flush()
}

// watches says at which QoS the session hears of a subject of the tree.
func (s *session) watches(subject []byte) (qos byte, ok bool) {
	for _, sub := range s.sys {
		if sub.parsed.Matches(subject) {
			qos, ok = max(qos, sub.qos), true
		}
	}
	return qos, ok
}

// A sysTree makes the messages of the tree.
type sysTree struct {
	mu    sync.Mutex
	at    time.Time
	made  sysMessages
	loads [loads]load
	most  int // clients at the same time
}

// What has a load: a rate per minute, averaged over 1, 5 and 15 minutes.
const (
	receivedMessages = iota
	sentMessages
	receivedBytes
	sentBytes
	connections
	loads
)

var loadNames = [loads]string{"messages/received", "messages/sent", "bytes/received", "bytes/sent", "connections"}

// current answers the tree, made anew at most once a second. It asks the sessions: nobody calls it who holds one's lock.
func (t *sysTree) current(f *frontend, now time.Time) sysMessages {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.made == nil || now.Sub(t.at) >= time.Second {
		t.at, t.made = now, sysMessages{"": t.render(f.facts(), now.Sub(f.started))}
		t.made.addUplinks(f)
	}
	return t.made
}

// sysMessages are the tree: what everybody may see has no account.
type sysMessages map[string][]*core.Message

// of are those for clients of an account.
func (all sysMessages) of(a *core.Account) []*core.Message {
	return append(all[""][:len(all[""]):len(all[""])], all[a.Name()]...)
}

// add adds a message for clients of an account.
func (all sysMessages) add(account, topic string, payload []byte) {
	if subject, err := mapping.AppendSubject(nil, []byte("$SYS/broker/"+topic)); err == nil {
		all[account] = append(all[account], &core.Message{Subject: subject, Payload: payload})
	}
}

// addUplinks shows links to other servers to clients of their accounts: whether it is up where Mosquitto says so of its
// bridges, and all that is known.
func (all sysMessages) addUplinks(f *frontend) {
	if f.env.Modules == nil {
		return
	}
	for _, m := range f.env.Modules {
		links, ok := m.(module.Uplinker)
		if !ok {
			continue
		}
		for u := range links.Uplinks() {
			up := "0"
			if u.Connected && u.Doubt == "" {
				up = "1"
			}
			all.add(u.Account, "connection/"+u.ID+"/state", []byte(up))
			if text, err := json.Marshal(u); err == nil {
				all.add(u.Account, "uplink/"+u.ID, text)
			}
		}
	}
}

// measure updates the loads.
func (t *sysTree) measure(f *frontend, now time.Time) {
	facts := f.facts()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.made = nil
	for i, total := range []int64{facts.traffic.InMsgs, facts.traffic.OutMsgs, facts.traffic.InBytes, facts.traffic.OutBytes, facts.accepted} {
		t.loads[i].update(total, now)
	}
}

// render makes a message of each fact.
func (t *sysTree) render(x facts, up time.Duration) (all []*core.Message) {
	t.most = max(t.most, x.connected)
	add := func(topic string, value any) {
		subject, err := mapping.AppendSubject(nil, []byte("$SYS/broker/"+topic))
		if err == nil {
			all = append(all, &core.Message{Subject: subject, Payload: fmt.Append(nil, value)})
		}
	}
	add("version", "leafgate "+x.version)
	add("uptime", fmt.Sprintf("%d seconds", int(up.Seconds())))
	add("clients/connected", x.connected)
	add("clients/active", x.connected)
	add("clients/disconnected", x.sessions-x.present)
	add("clients/inactive", x.sessions-x.present)
	add("clients/total", x.connected+x.sessions-x.present)
	add("clients/maximum", t.most)
	add("clients/expired", x.expired)
	add("messages/received", x.traffic.InMsgs)
	add("messages/sent", x.traffic.OutMsgs)
	add("messages/stored", int64(x.retained)+x.waiting)
	add("publish/messages/received", x.traffic.InMsgs)
	add("publish/messages/sent", x.traffic.OutMsgs)
	add("publish/messages/dropped", x.dropped)
	add("publish/bytes/received", x.traffic.InBytes)
	add("publish/bytes/sent", x.traffic.OutBytes)
	add("bytes/received", x.traffic.InBytes)
	add("bytes/sent", x.traffic.OutBytes)
	add("store/messages/count", int64(x.retained)+x.waiting)
	add("store/messages/bytes", int64(x.retainedBytes)+x.waitingBytes)
	add("subscriptions/count", x.subscriptions)
	add("shared_subscriptions/count", x.shared)
	add("retained messages/count", x.retained)
	for i := range t.loads {
		for j, span := range loadSpans {
			add(fmt.Sprintf("load/%s/%dmin", loadNames[i], int(span.Minutes())), fmt.Sprintf("%.2f", t.loads[i].average[j]))
		}
	}
	return all
}

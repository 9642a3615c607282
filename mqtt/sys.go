package mqtt

import (
	"bytes"
	"fmt"
	"sync"
	"time"

	"leafgate/core"
	"leafgate/mapping"
)

// The $SYS tree is the gateway's own: a few facts in the places where users of other brokers look for them. It is answered
// from here and never registered in the engine, so that nobody can publish to it.

// isSys: a filter whose first level is $SYS.
func isSys(filter []byte) bool {
	rest, ok := bytes.CutPrefix(filter, []byte("$SYS"))
	return ok && (len(rest) == 0 || rest[0] == '/')
}

// watchSys makes the session hear of updates. s.mu is held.
func (s *session) watchSys(sub *subscription) {
	if s.sys == nil {
		s.sys = make(map[string]*subscription)
	}
	s.sys[sub.filter] = sub
}

func (s *session) unwatchSys(filter []byte) bool {
	_, ok := s.sys[string(filter)]
	delete(s.sys, string(filter))
	return ok
}

// sendSys sends what a filter matches of the tree as it is now. s.mu is held.
func (s *session) sendSys(c *conn, f *mapping.Filter, qos byte) {
	for _, m := range s.module.sys.current(s.module, time.Now()) {
		if f.Matches(m.Subject) {
			s.send(c, &Delivery{Message: m, QoS: qos, Retain: true, Replay: true})
		}
	}
}

// updateSys tells everybody who watches.
func (f *frontend) updateSys(now time.Time) {
	f.sys.measure(f, now)
	for _, s := range f.all() {
		s.updateSys(now)
	}
}

func (s *session) updateSys(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.conn.Load()
	if c == nil || len(s.sys) == 0 {
		return
	}
	for _, m := range s.module.sys.current(s.module, now) {
		var qos, match = byte(0), false
		for _, sub := range s.sys {
			if sub.parsed.Matches(m.Subject) {
				qos, match = max(qos, sub.qos), true
			}
		}
		if match {
			s.send(c, &Delivery{Message: m, QoS: qos})
		}
	}
	c.net.Flush()
}

// A sysTree makes the messages of the tree.
type sysTree struct {
	mu    sync.Mutex
	at    time.Time
	made  []*core.Message
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

// current answers the tree, made anew at most once a second.
func (t *sysTree) current(f *frontend, now time.Time) []*core.Message {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.made == nil || now.Sub(t.at) >= time.Second {
		t.at, t.made = now, t.render(f.facts(), now.Sub(f.started))
	}
	return t.made
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

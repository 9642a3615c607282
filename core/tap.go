package core

import (
	"bytes"
	"slices"
	"sync"
	"sync/atomic"
)

// taps are the peers of an account that want every message with a certain header field, whatever its subject.
type taps struct {
	list atomic.Pointer[[]tap] // replaced, never changed; nil: none
	mu   sync.Mutex            // writers
}

type tap struct {
	ep    *Endpoint
	field []byte // "\r\nName:"
}

// Tap asks for every message of the account whose header block has a field of that name (letter by letter), whoever
// publishes it and whatever its subject: it comes through Sink.Deliver with no subscriptions, before anybody else gets
// it. What the peer may receive, it must check itself. It ends with the endpoint.
func (ep *Endpoint) Tap(name string) {
	t := &ep.account.taps
	t.mu.Lock()
	defer t.mu.Unlock()
	next := append(slices.Clone(t.get()), tap{ep, []byte("\r\n" + name + ":")})
	t.list.Store(&next)
}

func (t *taps) get() []tap {
	if list := t.list.Load(); list != nil {
		return *list
	}
	return nil
}

func (t *taps) remove(ep *Endpoint) {
	if t.list.Load() == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	next := slices.DeleteFunc(slices.Clone(t.get()), func(x tap) bool { return x.ep == ep })
	if len(next) == 0 {
		t.list.Store(nil)
		return
	}
	t.list.Store(&next)
}

// tap offers m, which has a header, to those who asked for such.
func (b *Batch) tap(ep *Endpoint, m *Message) {
	list := ep.account.taps.get()
	if list == nil {
		return
	}
	for _, t := range list {
		if t.ep == ep || !bytes.Contains(m.Header, t.field) {
			continue
		}
		m.from, m.kept = ep, nil
		if s := t.ep.sink.Load(); s != nil && (*s).Deliver(m, nil) != Refused {
			b.touch(t.ep)
		}
	}
}

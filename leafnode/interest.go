package leafnode

import (
	"slices"
	"sync"
	"sync/atomic"

	"leafgate/leafnode/wire"
)

// A newsbox keeps what the other side is to be told about interest here. The engine puts news in while it holds a lock; the
// remote's goroutine takes them out, or a publisher whose message must not overtake them: an answer would find nobody.
// Only the last word on a subject counts, so that however often interest changes while a link is slow, the box does not
// grow beyond what there is.
type newsbox struct {
	imports *rights // what may be asked for; set before the first news

	heardOf atomic.Uint64 // counts news
	toldOf  atomic.Uint64 // what heardOf was, of the news that are queued to go

	telling sync.Mutex // guards the field below, and the order of lines
	told    map[interest]int

	mu       sync.Mutex // guards the fields below
	pending  map[interest]int
	patterns map[string]bool // wanted whoever subscribes
}

func (n *newsbox) init() {
	n.told, n.pending = make(map[interest]int), make(map[interest]int)
	n.patterns = make(map[string]bool)
}

// hear notes that k has weight now; 0: it is gone.
func (n *newsbox) hear(k interest, weight int) {
	n.mu.Lock()
	if k.queue == "" && n.patterns[k.subject] {
		weight = 1
	}
	n.pending[k] = weight
	n.heardOf.Add(1)
	n.mu.Unlock()
}

// Interest implements core.InterestSink.
func (l *link) Interest(subject, queue string, weight int) {
	l.news.hear(interest{subject, queue}, weight)
	l.ring()
}

// repattern says what the account takes without subscriptions. Where something is gone the link begins anew.
func (l *link) repattern(patterns []string) {
	n := &l.news
	n.mu.Lock()
	gone := false
	for p := range n.patterns {
		gone = gone || !slices.Contains(patterns, p)
	}
	for _, p := range patterns {
		n.patterns[p] = true
		n.pending[interest{subject: p}] = 1
	}
	n.heardOf.Add(1)
	n.mu.Unlock()
	if gone {
		l.conn.EvictAfter(nil, errImports)
		return
	}
	l.ring()
}

// take empties the box; count is what heardOf was.
func (n *newsbox) take() (all map[interest]int, count uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	count = n.heardOf.Load()
	if len(n.pending) == 0 {
		return nil, count
	}
	all = n.pending
	n.pending = make(map[interest]int)
	return all, count
}

const (
	newsLump = 32 << 10 // bytes of news that are queued at once
	newsRoom = 1 << 20  // bytes that may wait already: beyond, news wait in the box
	newsMost = 64 << 20 // and beyond that for messages too
)

// tellNews says what has changed. It answers false when there is more to tell once the connection has room.
func (l *link) tellNews() bool {
	if l.conn.Pending() > newsRoom {
		return false
	}
	l.queueNews()
	l.conn.Flush()
	return true
}

// queueNews queues the lines of what has changed, before whatever is queued next.
func (l *link) queueNews() {
	l.news.telling.Lock()
	defer l.news.telling.Unlock()
	all, count := l.news.take()
	var lines []byte
	for k, weight := range all {
		if lines = l.news.append(lines, k, weight); len(lines) > newsLump {
			l.conn.Append(lines)
			lines = lines[:0]
		}
	}
	if len(lines) > 0 {
		l.conn.Append(lines)
	}
	l.news.toldOf.Store(count)
}

// late says whether there are news that are not queued yet.
func (n *newsbox) late() bool { return n.toldOf.Load() != n.heardOf.Load() }

// append adds the line that brings the other side's knowledge up to date, if there is one.
func (n *newsbox) append(lines []byte, k interest, weight int) []byte {
	was, known := n.told[k]
	switch {
	case weight == 0 && known:
		delete(n.told, k)
		return wire.AppendUnsub(lines, k.subject, k.queue)
	case weight == 0 || weight == was || !n.tellable(k):
		return lines
	}
	n.told[k] = weight
	return wire.AppendSub(lines, k.subject, k.queue, weight)
}

// tellable: the other side would close the link for some.
func (n *newsbox) tellable(k interest) bool {
	return len(k.subject)+len(k.queue) < mostLine-len("LS+   999999") && n.imports.subscribes(k.subject, k.queue)
}

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

	told map[interest]int // the link's out guards it

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

// newsLump is how many bytes of news are queued at once.
const newsLump = 32 << 10

// tell says what has changed, as far as there is room on the link.
func (l *link) tell() {
	l.out.Lock()
	l.release()
	l.out.Unlock()
	l.conn.Flush()
}

// tellSome queues lines of what has changed, room bytes of them or the last one over, before whatever is queued next. l.out
// is held.
func (l *link) tellSome(room int64) {
	lines := l.news.take(l.line[:0], int(min(room, newsLump)))
	l.put(lines)
	l.keep(lines)
}

// take moves news from the box to dst, as lines. The link's out is held.
func (n *newsbox) take(dst []byte, room int) []byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	for k, weight := range n.pending {
		if len(dst) >= room {
			return dst
		}
		delete(n.pending, k)
		dst = n.append(dst, k, weight)
	}
	n.pending = make(map[interest]int) // the old one may have been large
	n.toldOf.Store(n.heardOf.Load())
	return dst
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

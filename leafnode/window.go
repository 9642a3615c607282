package leafnode

import "time"

// A window caps the bytes that are on their way to the other side: in our queue, in sockets, in the network and in what
// stands between. It is measured end to end, with PINGs behind which everything before them has been read when they are
// answered, and so the same for any operating system, TLS, proxies and compression. It is twice what the link carries in
// one round trip: enough to fill it, too little for a PONG of ours to wait long. The link's out guards it.
type window struct {
	sent  int64 // bytes given to the connection
	acked int64 // of those, known to have been read by the other side
	size  int64

	marks [mostMarks]mark // PINGs on their way, a ring
	head  int
	count int
	last  int64 // sent, at the last mark

	rate   float64 // bytes in a second; 0: not known
	rtt    time.Duration
	least  time.Duration // the round trip without data in the way; 0: not known
	since  int64         // when least was measured anew, Unix nanoseconds
	drains bool          // least is being measured anew: little may be on its way
}

// A mark is a PING that has not been answered.
type mark struct {
	sent  int64 // with it
	acked int64 // when it went
	at    int64 // Unix nanoseconds
	full  bool  // more waited than the window took
	quiet bool  // little was on its way
}

const (
	mostMarks    = 16
	firstWindow  = 16 << 10               // bytes, while nothing is known of the link
	leastWindow  = 4 << 10                // bytes
	mostWindow   = 8 << 20                // bytes
	leastQueue   = 250 * time.Millisecond // what may wait ahead, in time: links that wake up in lumps need some
	relearn      = 30 * time.Second       // how long the shortest round trip is believed
	slowestLink  = 2 << 10                // bytes in a second that are hoped for, whatever was measured
	mostPatience = 10 * time.Minute
)

func (w *window) flight() int64 { return w.sent - w.acked }

// room is how many bytes more may go, and how many messages whatever their size: one, when nothing else is on its way.
func (w *window) room() (bytes int64, least int) {
	if w.flight() == 0 {
		least = 1
	}
	return w.cap() - w.flight(), least
}

// open says whether anything may go.
func (w *window) open() bool { return w.flight() < w.cap() }

func (w *window) cap() int64 {
	size := w.size
	if size == 0 {
		size = firstWindow
	}
	if w.drains {
		return max(leastWindow, size/4)
	}
	return size
}

// due says whether a PING should follow what has been sent. full: something waits for its answer.
func (w *window) due(full bool) bool {
	return w.count < mostMarks && w.sent > w.last && (full || w.sent-w.last >= w.cap()/4)
}

// mark notes that a PING has gone, as the last of what was sent. There are fewer than mostMarks.
func (w *window) mark(now int64, full bool) {
	w.marks[(w.head+w.count)%mostMarks] = mark{w.sent, w.acked, now, full, w.drains && w.flight() <= w.cap()}
	w.count++
	w.last = w.sent
}

// pong takes the answer to the oldest PING. false: there was none.
func (w *window) pong(now int64) bool {
	if w.count == 0 {
		return false
	}
	m := w.marks[w.head]
	w.head = (w.head + 1) % mostMarks
	w.count--
	w.rtt = max(1, time.Duration(now-m.at))
	if w.since == 0 {
		w.since = now
	}
	switch {
	case w.least == 0 || w.rtt < w.least:
		w.least = w.rtt
	case w.drains && m.quiet:
		w.least, w.drains, w.since = w.rtt, false, now
	case now-w.since > int64(relearn):
		w.drains = true
	}
	w.acked = m.sent
	w.measure(float64(m.sent-m.acked)/w.rtt.Seconds(), m.full)
	return true
}

// measure takes a sample of the rate. One of a link that had little to carry says only that it can do that much.
func (w *window) measure(rate float64, full bool) {
	switch {
	case rate >= w.rate:
		w.rate = rate
	case full && !w.drains:
		w.rate -= (w.rate - rate) / 4
	}
	w.size = min(mostWindow, max(leastWindow, int64(w.rate*(w.least+max(w.least, leastQueue)).Seconds())))
}

// waits is since when a PING has not been answered; 0: none is on its way.
func (w *window) waits() int64 {
	if w.count == 0 {
		return 0
	}
	return w.marks[w.head].at
}

// patience is how long an answer may take by what is known of the link, and on its way.
func (w *window) patience() time.Duration {
	carry := time.Duration(float64(w.flight()) / max(w.rate, slowestLink) * float64(time.Second))
	return min(mostPatience, 4*w.rtt+2*carry)
}

package natsproto

import (
	"log/slog"
	"sync/atomic"
	"testing"

	"leafgate/auth"
	"leafgate/config"
	"leafgate/core"
	"leafgate/internal/netio"
	"leafgate/module"
)

// A Splitter is a frontend with two addresses: at one, sessions get what comes as it comes, at the other in pieces.
type Splitter struct {
	Whole, Pieces string
	Engine        *core.Engine

	listener *listener
	cuts     atomic.Pointer[[]byte]
}

// NewSplitter runs one with a configuration until the test ends.
func NewSplitter(tb testing.TB, text string) *Splitter {
	tb.Helper()
	conf, err := config.Parse("splitter", "listen: \"127.0.0.1:-1\"\n"+text)
	if err != nil {
		tb.Fatal(err)
	}
	e := core.NewEngine()
	env := &module.Env{Engine: e, Auth: auth.New(e, conf), Net: netio.NewDriver(e, netio.DriverOptions{}), Log: slog.New(slog.DiscardHandler)}
	tb.Cleanup(env.Net.Stop)
	m, err := newFrontend(env, conf)
	if err != nil {
		tb.Fatal(err)
	}
	if err := conf.Finish(); err != nil {
		tb.Fatal(err)
	}
	s := &Splitter{Engine: e, listener: m.(*frontend).listeners[0]}
	s.Whole, s.Pieces = s.listen(tb, s.listener), s.listen(tb, s)
	return s
}

func (s *Splitter) listen(tb testing.TB, server netio.SessionServer) string {
	tb.Helper()
	n, err := s.listener.module.env.Net.Listen(server, s.listener.netOptions())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { n.Stop(0) })
	return n.Addr().String()
}

// Cut says for connections to come how long pieces are, in turn: one byte more than each of cuts.
func (s *Splitter) Cut(cuts []byte) { s.cuts.Store(&cuts) }

// NewSession implements netio.SessionServer.
func (s *Splitter) NewSession(c *netio.Conn) netio.Session {
	return &pieces{Session: s.listener.NewSession(c), cuts: *s.cuts.Load()}
}

// pieces feeds a session what came in pieces, flushing between them as if a burst had ended there.
type pieces struct {
	netio.Session
	cuts []byte
	at   int
}

// Feed implements netio.Session.
func (p *pieces) Feed(batch *core.Batch, b []byte) (n int, err error) {
	for end := 0; ; batch.Flush() {
		piece := 1
		if len(p.cuts) > 0 {
			piece += int(p.cuts[p.at%len(p.cuts)])
		}
		p.at++
		end = min(max(end, n)+piece, len(b))
		took, err := p.Session.Feed(batch, b[n:end])
		if n += took; err != nil || end == len(b) {
			return n, err
		}
	}
}

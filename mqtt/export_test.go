package mqtt

import (
	"log/slog"
	"testing"

	"leafgate/auth"
	"leafgate/config"
	"leafgate/core"
	"leafgate/internal/netio"
	"leafgate/module"
)

// A Splitter is a frontend whose connections get what comes in pieces: one byte more than each of its cuts, in turn. nil:
// as it comes.
type Splitter struct {
	Addr   string
	Engine *core.Engine

	listener *listener
	cuts     []byte
}

// NewSplitter runs one until the test ends.
func NewSplitter(tb testing.TB, text string, cuts []byte) *Splitter {
	tb.Helper()
	conf, err := config.Parse("splitter", "mqtt { listen: \"127.0.0.1:-1\"\n"+text+" }")
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
	f := m.(*frontend)
	if err := f.Start(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { f.stop(0) })
	s := &Splitter{Engine: e, listener: f.listeners[0], cuts: cuts}
	s.Addr = s.listen(tb)
	return s
}

func (s *Splitter) listen(tb testing.TB) string {
	tb.Helper()
	n, err := s.listener.module.env.Net.Listen(s, s.listener.netOptions())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { n.Stop(0) })
	return n.Addr().String()
}

// NewSession implements netio.SessionServer.
func (s *Splitter) NewSession(c *netio.Conn) netio.Session {
	if s.cuts == nil {
		return s.listener.NewSession(c)
	}
	return &pieces{Session: s.listener.NewSession(c), cuts: s.cuts}
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

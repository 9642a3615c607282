package natsproto

import (
	"bytes"
	"context"
	"log/slog"

	"leafgate/core"
	"leafgate/internal/netio"
	"leafgate/module"
	"leafgate/natsproto/wire"
)

// mostTraced is how much of a line a log shows.
const mostTraced = 256

// traced is a session that logs the lines its client sends, once they have been taken: never what CONNECT says, and
// never a message.
type traced struct{ *session }

// trace is s itself where nobody wants to know.
func (s *session) trace() netio.Session {
	if s.lis.module.log.Enabled(context.Background(), module.LevelTrace) {
		return traced{s}
	}
	return s
}

// Feed implements netio.Session.
func (t traced) Feed(batch *core.Batch, b []byte) (n int, err error) {
	n, err = t.session.Feed(batch, b)
	t.show(b[:n])
	return n, err
}

func (t traced) show(b []byte) {
	var u wire.Unit
	for len(b) > 0 {
		n, err := wire.Next(b, t.limits(), &u)
		if n == 0 || err != nil {
			return
		}
		line := []byte("CONNECT")
		if u.Verb != wire.CONNECT {
			line, _, _ = bytes.Cut(b[:n], []byte("\n"))
			line = bytes.TrimRight(line[:min(len(line), mostTraced)], "\r")
		}
		t.lis.module.log.LogAttrs(context.Background(), module.LevelTrace, "client sent",
			slog.Uint64("client", t.conn.ID()), slog.String("line", string(bytes.ToValidUTF8(line, []byte("?")))))
		b = b[n:]
	}
}

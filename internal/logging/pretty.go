package logging

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"sync"
)

// A pretty handler is for people at a terminal:
//
//	15:04:05.000 INF listening addr=127.0.0.1:4222
//
// What stands behind the message is left to slog's own text handler.
type pretty struct {
	out    *screen
	opts   Options
	colour bool
	rest   slog.Handler // renders the attributes into out.buf
}

// A screen is shared by all handlers that came from one.
type screen struct {
	mu  sync.Mutex
	w   io.Writer
	buf bytes.Buffer // under mu, like w
}

func newPretty(w io.Writer, o Options, colour bool) *pretty {
	out := &screen{w: w}
	drop := func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey) {
			return slog.Attr{}
		}
		return a
	}
	rest := slog.NewTextHandler(&out.buf, &slog.HandlerOptions{Level: LevelTrace, ReplaceAttr: drop})
	return &pretty{out: out, opts: o, colour: colour, rest: rest}
}

// Enabled implements slog.Handler.
func (p *pretty) Enabled(_ context.Context, l slog.Level) bool { return l >= p.opts.level() }

// Handle implements slog.Handler.
func (p *pretty) Handle(ctx context.Context, r slog.Record) error {
	p.out.mu.Lock()
	defer p.out.mu.Unlock()
	b := &p.out.buf
	b.Reset()
	if !p.opts.NoTime {
		t := r.Time
		if p.opts.UTC {
			t = t.UTC()
		}
		b.WriteString(t.Format("15:04:05.000 "))
	}
	name, colour := label(r.Level)
	if p.colour {
		name = "\x1b[" + colour + "m" + name + "\x1b[0m"
	}
	b.WriteString(name + " " + r.Message + " ")
	if err := p.rest.Handle(ctx, r); err != nil {
		return err
	}
	line := append(bytes.TrimRight(b.Bytes(), " \n"), '\n')
	_, err := p.out.w.Write(line)
	return err
}

// WithAttrs implements slog.Handler.
func (p *pretty) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *p
	c.rest = p.rest.WithAttrs(attrs)
	return &c
}

// WithGroup implements slog.Handler.
func (p *pretty) WithGroup(name string) slog.Handler {
	c := *p
	c.rest = p.rest.WithGroup(name)
	return &c
}

// label returns a level's name and its ANSI colour.
func label(l slog.Level) (name, colour string) {
	switch {
	case l >= slog.LevelError:
		return "ERR", "31"
	case l >= slog.LevelWarn:
		return "WRN", "33"
	case l >= slog.LevelInfo:
		return "INF", "32"
	case l >= slog.LevelDebug:
		return "DBG", "36"
	default:
		return "TRC", "35"
	}
}

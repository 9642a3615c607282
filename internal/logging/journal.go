package logging

import (
	"context"
	"io"
	"log/slog"
)

// A journal handler writes for systemd: the journal has times of its own, and reads the priority from "<N>" in front of
// a line. It keeps one text handler for each priority.
type journal [4]slog.Handler

// A priority puts its number in front of every line.
type priority struct {
	prefix string
	w      io.Writer
}

// Write implements io.Writer. slog writes whole records.
func (p priority) Write(b []byte) (int, error) {
	line := make([]byte, 0, len(p.prefix)+len(b))
	if _, err := p.w.Write(append(append(line, p.prefix...), b...)); err != nil {
		return 0, err
	}
	return len(b), nil
}

func newJournal(w io.Writer, o Options) journal {
	o.NoTime = true
	var j journal
	for i, prefix := range []string{"<7>", "<6>", "<4>", "<3>"} {
		j[i] = slog.NewTextHandler(priority{prefix, w}, withoutLevel(o.slog()))
	}
	return j
}

func withoutLevel(o *slog.HandlerOptions) *slog.HandlerOptions {
	inner := o.ReplaceAttr
	o.ReplaceAttr = func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.LevelKey {
			return slog.Attr{}
		}
		return inner(groups, a)
	}
	return o
}

// Enabled implements slog.Handler.
func (j journal) Enabled(ctx context.Context, l slog.Level) bool { return j[0].Enabled(ctx, l) }

// Handle implements slog.Handler.
func (j journal) Handle(ctx context.Context, r slog.Record) error {
	i := 0
	for _, above := range []slog.Level{slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		if r.Level >= above {
			i++
		}
	}
	return j[i].Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (j journal) WithAttrs(attrs []slog.Attr) slog.Handler {
	for i := range j {
		j[i] = j[i].WithAttrs(attrs)
	}
	return j
}

// WithGroup implements slog.Handler.
func (j journal) WithGroup(name string) slog.Handler {
	for i := range j {
		j[i] = j[i].WithGroup(name)
	}
	return j
}

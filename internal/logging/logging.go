// Package logging turns log/slog records into lines: pretty on a terminal, with priorities in the journal, key=value text
// or JSON elsewhere. A Log can change all of that, and its file, while loggers that came from it are in use.
package logging

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/term"
)

// LevelTrace is below debug: every protocol line.
const LevelTrace = slog.LevelDebug - 4

// Options say what a Log writes, and where. The zero value is information and above, to the stream given to New.
type Options struct {
	Debug, Trace bool
	NoTime       bool   // leave times out
	UTC          bool   // write times in UTC
	Format       string // "text", "json", or "": what suits the place
	File         string // append to this file
	SizeLimit    int64  // bytes after which the file is renamed and begun anew; 0: never
	MaxFiles     int    // renamed files to keep; 0: all
}

// A Log is where one gateway's records go. All methods may be called from any goroutine.
type Log struct {
	stream  io.Writer
	current atomic.Pointer[place]

	mu   sync.Mutex
	file *file // or nil; under mu, like last
	last Options
}

// A place is a Log's present configuration.
type place struct{ slog.Handler }

// New returns a Log that writes to stream as o says, without opening o.File.
func New(stream io.Writer, o Options) *Log {
	l := &Log{stream: stream, last: o}
	l.current.Store(&place{l.handler(stream, o)})
	return l
}

// Logger returns a logger that follows what Apply says later.
func (l *Log) Logger() *slog.Logger { return slog.New(&handler{log: l}) }

// Apply makes o what counts from now on. It opens o.File, and changes nothing if it cannot.
func (l *Log) Apply(o Options) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.file
	if o.File == "" {
		l.file = nil
		l.current.Store(&place{l.handler(l.stream, o)})
	} else {
		f := &file{path: o.File, limit: o.SizeLimit, keep: o.MaxFiles}
		if err := f.Reopen(); err != nil {
			return fmt.Errorf("open log: %w", err)
		}
		l.file = f
		l.current.Store(&place{l.handler(f, o)})
	}
	l.last = o
	if before != nil {
		_ = before.Close() // a record on its way there is lost, the new place has the next
	}
	return nil
}

// Reopen opens the file again, by its name: somebody else may have renamed it.
func (l *Log) Reopen() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	return l.file.Reopen()
}

// Close ends with the file; what is logged afterwards goes to the stream.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	l.current.Store(&place{l.handler(l.stream, l.last)})
	err := l.file.Close()
	l.file = nil
	return err
}

// handler picks the form: what o asks for, else what suits w.
func (l *Log) handler(w io.Writer, o Options) slog.Handler {
	f, _ := w.(*os.File)
	switch {
	case o.Format == "json":
		return slog.NewJSONHandler(w, o.slog())
	case o.Format == "text" || f == nil:
		return slog.NewTextHandler(w, o.slog())
	case isJournal(f):
		return newJournal(w, o)
	case term.IsTerminal(int(f.Fd())):
		return newPretty(w, o, os.Getenv("NO_COLOR") == "")
	default:
		return slog.NewTextHandler(w, o.slog())
	}
}

func (o *Options) level() slog.Level {
	switch {
	case o.Trace:
		return LevelTrace
	case o.Debug:
		return slog.LevelDebug
	default:
		return slog.LevelInfo
	}
}

func (o *Options) slog() *slog.HandlerOptions {
	noTime, utc := o.NoTime, o.UTC
	return &slog.HandlerOptions{Level: o.level(), ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) > 0 {
			return a
		}
		switch {
		case a.Key == slog.TimeKey && noTime:
			return slog.Attr{}
		case a.Key == slog.TimeKey && utc:
			a.Value = slog.TimeValue(a.Value.Time().UTC())
		case a.Key == slog.LevelKey && a.Value.Any() == LevelTrace:
			a.Value = slog.StringValue("TRACE")
		}
		return a
	}}
}

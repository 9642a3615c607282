package logging

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// A handler follows its Log: what With and WithGroup added is put again on top of every new place.
type handler struct {
	log   *Log
	add   []func(slog.Handler) slog.Handler
	built atomic.Pointer[built]
}

type built struct {
	on *place
	slog.Handler
}

func (h *handler) now() slog.Handler {
	p := h.log.current.Load()
	if b := h.built.Load(); b != nil && b.on == p {
		return b.Handler
	}
	b := &built{on: p, Handler: p.Handler}
	for _, add := range h.add {
		b.Handler = add(b.Handler)
	}
	h.built.Store(b)
	return b.Handler
}

func (h *handler) with(add func(slog.Handler) slog.Handler) *handler {
	return &handler{log: h.log, add: append(h.add[:len(h.add):len(h.add)], add)}
}

// Enabled implements slog.Handler.
func (h *handler) Enabled(ctx context.Context, l slog.Level) bool {
	return h.log.current.Load().Enabled(ctx, l)
}

// Handle implements slog.Handler.
func (h *handler) Handle(ctx context.Context, r slog.Record) error { return h.now().Handle(ctx, r) }

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return h.with(func(inner slog.Handler) slog.Handler { return inner.WithAttrs(attrs) })
}

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	return h.with(func(inner slog.Handler) slog.Handler { return inner.WithGroup(name) })
}

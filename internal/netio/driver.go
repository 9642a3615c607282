package netio

import (
	"iter"
	"log/slog"
	"math"
	"net/netip"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"leafgate/core"
)

// DriverOptions; zero values are defaults.
type DriverOptions struct {
	QueueBudget   int64 // bytes queued for all connections of the gateway together; default: a quarter of the memory, 64 MiB at least
	PreAuthBudget int64 // bytes kept for connections that are not authenticated yet; default 16 MiB
	Workers       int   // goroutines for blocking work at most; default: two for each processor, four at least
	Log           *slog.Logger

	// Refused, if not nil, hears of the connections that ended before they had a session. It must not block.
	Refused func(id uint64, remote netip.AddrPort, cause error)
}

// A Driver owns what all listeners of one gateway share: buffers, budgets, workers, the clock of deadlines.
type Driver struct {
	engine *core.Engine
	opts   DriverOptions
	log    *slog.Logger
	wg     sync.WaitGroup

	buffers pool[[]byte] // readSize bytes each
	blocks  pool[[]byte] // blockSize bytes each, for what is compressed in large pieces
	carries pool[[]byte] // carrySize bytes each, for beginnings of units
	chunks  chunks

	inflaters pool[*inflater] // for what comes compressed in frames
	deflaters pool[*deflater]

	work  workers
	long  workers // what may keep others waiting
	clock clock

	lastID   atomic.Uint64
	queued   atomic.Int64 // bytes in all queues
	preAuth  atomic.Int64 // bytes for clients that are not authenticated
	slow     atomic.Int64
	stalled  atomic.Int64
	accepted atomic.Int64

	budget   atomic.Int64 // bytes that may be in all queues
	cut      atomic.Int64 // connections, and
	dropped  atomic.Int64 // messages that the budget has cost
	shedding sync.Mutex   // one looks for the largest queue; guards the field below
	rest     time.Time    // not before that again
	mu       sync.Mutex   // guards the field below
	lis      []*Listener
}

// NewDriver makes a driver for the peers of e and starts its clock. Stop ends it.
func NewDriver(e *core.Engine, o DriverOptions) *Driver {
	if o.QueueBudget == 0 {
		o.QueueBudget = max(memory()/4, 64<<20)
	}
	if o.PreAuthBudget == 0 {
		o.PreAuthBudget = 16 << 20
	}
	procs := runtime.GOMAXPROCS(0)
	if o.Workers == 0 {
		o.Workers = max(2*procs, 4)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	d := &Driver{engine: e, opts: o, log: o.Log}
	d.budget.Store(o.QueueBudget)
	d.buffers = pool[[]byte]{make: func() []byte { return make([]byte, readSize) }, most: 4*procs + 4} // a connection with a layer takes two
	d.blocks = pool[[]byte]{make: func() []byte { return make([]byte, blockSize) }, most: procs}
	d.carries = pool[[]byte]{make: func() []byte { return make([]byte, carrySize) }, most: 256}
	d.inflaters = pool[*inflater]{make: newInflater, most: procs + 1}
	d.deflaters = pool[*deflater]{make: newDeflater, most: procs + 1}
	d.work.limit, d.long.limit = o.Workers, o.Workers
	d.clock.start(&d.wg)
	return d
}

// Stop ends the driver's goroutines and waits for them. All listeners have stopped before.
func (d *Driver) Stop() {
	d.work.stop()
	d.long.stop()
	d.clock.stop()
	d.wg.Wait()
}

// SlowConsumers counts connections that were cut because they did not read fast enough.
func (d *Driver) SlowConsumers() int64 { return d.slow.Load() }

// Stalled counts how often publishers were paused because a subscriber did not keep up.
func (d *Driver) Stalled() int64 { return d.stalled.Load() }

// Accepted counts connections since the start.
func (d *Driver) Accepted() int64 { return d.accepted.Load() }

// Queued is the bytes that wait for all connections now.
func (d *Driver) Queued() int64 { return d.queued.Load() }

func (d *Driver) add(l *Listener) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lis = append(d.lis, l)
}

func (d *Driver) remove(l *Listener) {
	d.mu.Lock()
	defer d.mu.Unlock()
	kept := make([]*Listener, 0, len(d.lis)) // conns may be walking the old one
	for _, other := range d.lis {
		if other != l {
			kept = append(kept, other)
		}
	}
	d.lis = kept
}

// conns are all connections of all listeners.
func (d *Driver) conns() iter.Seq[*Conn] {
	d.mu.Lock()
	lis := d.lis
	d.mu.Unlock()
	return func(yield func(*Conn) bool) {
		for _, l := range lis {
			for c := range l.Conns() {
				if !yield(c) {
					return
				}
			}
		}
	}
}

// memory is how many bytes the process may use: the limit it was given, or the machine's.
func memory() int64 {
	if limit := debug.SetMemoryLimit(-1); limit != math.MaxInt64 {
		return limit
	}
	return physicalMemory()
}

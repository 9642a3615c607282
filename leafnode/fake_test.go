package leafnode

import (
	"bytes"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"time"

	"leafgate/core"
	"leafgate/internal/netio"
	"leafgate/leafnode/wire"
	"leafgate/module"
)

// A fake is a connection that remembers what the link says.
type fake struct {
	mu      sync.Mutex
	out     bytes.Buffer
	flushes int
	answers bool // PINGs, in some tests
	cause   error
	tick    time.Time
	read    time.Time
	pending int64

	start      time.Time
	compressed bool
	level      netio.Level
}

func (f *fake) ID() uint64                 { return 1 }
func (f *fake) RemoteAddr() netip.AddrPort { return netip.MustParseAddrPort("127.0.0.1:7422") }
func (f *fake) Start() time.Time           { return f.start }
func (f *fake) LastRead() time.Time        { return f.read }
func (f *fake) Pending() int64             { return f.pending }
func (f *fake) Expect(int)                 {}
func (f *fake) Compress(netio.Level)       { f.compressed = true }
func (f *fake) CompressAt(l netio.Level)   { f.level = l }
func (f *fake) TickAt(t time.Time)         { f.tick = t }
func (f *fake) Evict(cause error)          { f.EvictAfter(nil, cause) }

func (f *fake) Append(b []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.out.Write(b)
}

func (f *fake) Flush() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flushes++
}

func (f *fake) EvictAfter(last []byte, cause error) {
	f.Append(last)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cause = cause
}

// text is what was said since the last call.
func (f *fake) text() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.out.String()
	f.out.Reset()
	return s
}

// A bench has a link on a fake connection, and a client beside it.
type bench struct {
	t      testing.TB
	engine *core.Engine
	link   *link
	conn   *fake
	client *core.Endpoint
	got    *inbox
}

// An inbox is a client's sink.
type inbox struct{ messages []string }

func (i *inbox) Run([]byte, []byte, int, bool) core.Verdict { return core.Refused }
func (i *inbox) Flush()                                     {}
func (i *inbox) Evict(error)                                {}
func (i *inbox) Deliver(m *core.Message, subs []*core.Subscription) core.Verdict {
	for range subs {
		i.messages = append(i.messages, string(m.Subject)+" "+string(m.Reply)+" "+string(m.Header)+string(m.Payload))
	}
	return core.Taken
}

func newBench(t testing.TB, info wire.Info) *bench {
	t.Helper()
	return newBenchWith(t, info, func(*link) *wire.Connect { return &wire.Connect{} })
}

// newBenchWith has prepare say what the link asks to come in with.
func newBenchWith(t testing.TB, info wire.Info, prepare func(l *link) *wire.Connect) *bench {
	t.Helper()
	e := core.NewEngine()
	if err := e.SetAccounts([]core.AccountDef{{Name: "A"}}); err != nil {
		t.Fatal(err)
	}
	m := &uplinks{env: &module.Env{Engine: e}, log: slog.New(slog.DiscardHandler), opts: &options{},
		beacons: map[string]string{"A": beaconPrefix + "own"}, live: make(map[*link]bool)}
	o := &remoteOptions{account: "A", reconnect: time.Second, pingEvery: time.Minute, pingMost: 2,
		deadline: 10 * time.Second, mostQueued: 1000, mostMsgs: 10}
	b := &bench{t: t, engine: e, conn: &fake{}, got: &inbox{}, link: newLink(m, o, info)}
	b.client = e.Attach(&core.Identity{Account: e.Account("A")}, core.Peer{}, b.got)
	b.link.begin(b.conn, prepare(b.link))
	return b
}

// feed says text to the link, in pieces of at most step bytes.
func (b *bench) feed(text string, step int) error {
	batch := b.engine.Get()
	defer b.engine.Put(batch)
	var have []byte
	for len(text) > 0 {
		n := min(step, len(text))
		have, text = append(have, text[:n]...), text[n:]
		took, err := b.link.Feed(batch, have)
		if err != nil {
			return err
		}
		have = have[took:]
	}
	return nil
}

func (b *bench) close(cause error) {
	batch := b.engine.Get()
	b.link.Closed(batch, cause)
	b.engine.Put(batch)
	b.client.Close()
	for ep := range b.engine.Endpoints() {
		b.t.Errorf("%+v is left", ep.Peer())
	}
}

func (b *bench) publish(m core.Message) int {
	batch := b.engine.Get()
	defer b.engine.Put(batch)
	*batch.Message() = m
	n, err := batch.Publish(b.client, batch.Message())
	if err != nil {
		b.t.Error(err)
	}
	return n
}

const joined = "INFO {\"connect_info\":true}\r\n"

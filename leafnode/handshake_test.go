package leafnode

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"leafgate/auth"
	"leafgate/config"
	"leafgate/core"
	"leafgate/internal/netio"
	"leafgate/module"
)

// A doorstep is a connection that somebody has made to us.
type doorstep struct {
	fake
}

func (d *doorstep) LocalAddr() netip.AddrPort { return netip.MustParseAddrPort("127.0.0.1:7422") }
func (d *doorstep) TLS() *tls.ConnectionState { return nil }
func (d *doorstep) Start() time.Time          { return time.Unix(0, 0) }
func (d *doorstep) Authenticated()            {}
func (d *doorstep) Deflated() bool            { return false }

// Block works at once, as if the connection had been paused.
func (d *doorstep) Block(work func() (long func())) error {
	if long := work(); long != nil {
		long()
	}
	return netio.ErrPause
}

// A porch is a listener without sockets, and a client beside it.
type porch struct {
	t      testing.TB
	engine *core.Engine
	lis    *listener
	client *core.Endpoint
	got    *inbox
}

func newPorch(t testing.TB, text string) *porch {
	t.Helper()
	conf, err := config.Parse("test.conf", text+"\nleafnodes { listen: \"127.0.0.1:7422\" }")
	if err != nil {
		t.Fatal(err)
	}
	e := core.NewEngine()
	env := &module.Env{Engine: e, Auth: auth.New(e, conf), Server: module.Server{ID: "S", Name: "S"}, Log: slog.New(slog.DiscardHandler)}
	m := &uplinks{env: env, log: env.Log, beacons: make(map[string]string), live: make(map[*link]bool)}
	if m.opts = readOptions(env, conf); conf.Err() != nil {
		t.Fatal(conf.Err())
	}
	m.lis = newListener(m, m.opts.listen)
	p := &porch{t: t, engine: e, lis: m.lis, got: &inbox{}}
	p.client = e.Attach(&core.Identity{Account: e.Account("A")}, core.Peer{}, p.got)
	for _, pattern := range []string{">", "up.secret"} {
		if _, err := p.client.Subscribe(pattern, core.SubOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// meet feeds text to a connection, in pieces of at most step bytes, as the driver does, and ends it.
func (p *porch) meet(text string, step int) (said string, in bool, err error) {
	d := &doorstep{}
	f := p.lis.newLeaf(d, nil)
	batch := p.engine.Get()
	defer p.engine.Put(batch)
	var have []byte
	for len(text) > 0 && err == nil {
		n := min(step, len(text))
		have, text = append(have, text[:n]...), text[n:]
		var took int
		took, err = f.Feed(batch, have)
		for errors.Is(err, netio.ErrPause) { // the work is done
			have = have[took:]
			took, err = f.Feed(batch, have)
		}
		have = have[took:]
	}
	in = f.ep.Load() != nil
	batch.Flush()
	f.tell()
	f.Closed(batch, err)
	return d.text(), in, err
}

const porchConf = `accounts { A { users: [ { user: a, password: p, permissions { publish: "up.>", subscribe { allow: "down.>", deny: "down.secret" } } } ] }, B {} }`

const enterPorch = `CONNECT {"version":"2.15.2","name":"X","cluster":"X","user":"a","pass":"p","headers":true,"remote_account":"R"}` + "\r\n"

// conversations are what a server may say to a listener.
var handshakes = []string{
	enterPorch + "LS+ down.a\r\nLS+ down.b q 3\r\nLS+ > q 1\r\nPING\r\nLMSG up.a 2\r\nhi\r\nLMSG up.a + r q1 q2 0\r\n\r\nLS- down.a\r\n",
	enterPorch + "HMSG up.a 12 13\r\nNATS/1.0\r\n\r\nx\r\nHMSG up.a + r q 3 5\r\nNATHI\r\nINFO {}\r\nINFO {\"connect_info\":true,\"import\":{\"allow\":[]}}\r\n",
	enterPorch + enterPorch, enterPorch + "LS+ $LDS.x\r\nLS- $LDS.x\r\n", "INFO {}\r\n" + enterPorch, "LS+ a\r\n" + enterPorch, "PING\r\n",
	"INFO {\"compression\":\"s2_fast\"}\r\n" + enterPorch, "INFO {\"compression\":\"off\"}\r\n" + enterPorch + "LS+ down.a\r\n", "INFO {\"compression\":\"zip\"}\r\n", "INFO {}\r\nINFO {}\r\n" + enterPorch,
	"CONNECT {}\r\n", "CONNECT {\"user\":\"a\",\"pass\":\"x\"}\r\n", "CONNECT {\"nkey\":\"U\",\"sig\":\"x\",\"jwt\":\"a.b.c\"}\r\n", "CONNECT [\r\n", "CONNECT", "connect {}\n",
	strings.Replace(enterPorch, `"X"`, `"a b"`, 1), strings.Replace(enterPorch, `"cluster":"X"`, `"cluster":"S"`, 1), strings.Replace(enterPorch, `{`, `{"is_hub":true,"isolate":true,"deny_pub":["a","b..c",">"],`, 1),
	enterPorch + "LMSG up.secret 1\r\nx\r\nLMSG other 1\r\nx\r\n", enterPorch + "LS+ other\r\n", enterPorch + "LMSG $SYS.x 0\r\n\r\nLMSG $JS.API.INFO r 0\r\n\r\nLMSG _R_.x 0\r\n\r\n",
	enterPorch + "-ERR 'x'\r\n+OK\r\nPONG\r\nLMSG up.a 99999999\r\n", "\x16\x03\x01\x00\x00", "GET /leafnode HTTP/1.1\r\n\r\n",
}

// FuzzLeafHandshake: whatever a server says, in whatever order and pieces, it is let in only with its password, gets and does
// only what its user may, and leaves nothing behind.
func FuzzLeafHandshake(f *testing.F) {
	for _, in := range handshakes {
		f.Add(in, 1<<20)
		f.Add(in, 3)
	}
	f.Fuzz(func(t *testing.T, in string, step int) {
		p := newPorch(t, porchConf)
		said, entered, err := p.meet(in, max(1, step%5000))
		if entered && !strings.Contains(in, `"p"`) && !strings.Contains(in, `\u`) {
			t.Errorf("let in without its password: %q", in)
		}
		for _, m := range p.got.messages {
			if subject, _, _ := strings.Cut(m, " "); !strings.HasPrefix(subject, "up.") && !isExempt(subject) {
				t.Errorf("%q came through", m)
			}
		}
		if strings.Contains(said, "LS+ ") && !entered && err == nil {
			t.Errorf("told of interest before it was let in: %q", said)
		}
		p.client.Close()
		for ep := range p.engine.Endpoints() {
			t.Errorf("%+v is left", ep.Peer())
		}
		if n := len(p.lis.all()); n > 0 || len(p.lis.module.live) > 0 {
			t.Errorf("%d connections are left, %d links", n, len(p.lis.module.live))
		}
		p.lis.cancel()
		p.lis.wg.Wait()
		p.engine.Close()
	})
}

// TestGuard: what a user may do, a server may, and answers besides.
func TestGuard(t *testing.T) {
	p := newPorch(t, porchConf)
	d := &doorstep{}
	f := p.lis.newLeaf(d, nil)
	batch := p.engine.Get()
	defer p.engine.Put(batch)
	n, err := f.Feed(batch, []byte(enterPorch))
	if n != len(enterPorch) || !errors.Is(err, netio.ErrPause) {
		t.Fatal(n, err)
	}
	if _, err := f.Feed(batch, nil); err != nil {
		t.Fatal(err)
	}
	for subject, can := range map[string]bool{"up.a": true, "up": false, "other": false, "$SYS.x": false, "_R_.x": true, "$LDS.x": true, "$JS.ACK.x": true, "$JS.API.x": false} {
		if got := f.ep.Load().Identity().Perms.CanPublish([]byte(subject)); got != can {
			t.Errorf("may publish to %s: %v", subject, got)
		}
	}
	for subject, can := range map[string]bool{"down.a": true, "down.secret": false, "other": false, "$SYS.x": false, "_R_.x": true, "$LDS.x": true} {
		if got := f.filter("").Accepts([]byte(subject)); got != can {
			t.Errorf("gets %s: %v", subject, got)
		}
	}
	if got := servers(core.Rule{Deny: []string{">", "a"}}); len(got.Allow) != len(exempt) || len(got.Deny) != len(never) {
		t.Errorf("who may publish nothing: %+v", got)
	}
	f.Closed(batch, nil)
	p.client.Close()
	p.lis.cancel()
	p.lis.wg.Wait()
	p.engine.Close()
}

func TestVersion(t *testing.T) {
	for _, tc := range []struct {
		text string
		want version
		ok   bool
	}{
		{"2.10.4", version{2, 10, 4}, true}, {"v2.10.4-RC.1", version{2, 10, 4}, true}, {"2.10.4+x", version{2, 10, 4}, true},
		{"", version{}, false}, {"2.10", version{}, false}, {"2.10.x", version{}, false}, {"2.10.4.5", version{}, false}, {"2.-1.4", version{}, false},
	} {
		if got, ok := parseVersion(tc.text); ok != tc.ok || ok && got != tc.want {
			t.Errorf("%q: %v, %v", tc.text, got, ok)
		}
	}
	if !(version{2, 9, 30}).before(version{2, 10, 0}) || (version{2, 10, 0}).before(version{2, 10, 0}) || (version{3, 0, 0}).before(version{2, 10, 0}) {
		t.Error("versions are in disorder")
	}
}

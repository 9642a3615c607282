package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

// A serverKind is a server the generator can get and start.
type serverKind struct {
	name    string
	speak   []protocol
	get     func(ctx context.Context, dir string) (path string, err error)
	version string // the argument that makes it tell its version
	// arguments writes what the server needs into its directory, a fresh one.
	arguments func(at place) ([]string, error)
	drops     bool   // it says that it drops messages of QoS 0 when a subscriber is behind
	settings  string // what it is told, in words
}

// able reports whether k speaks all that clients of r do.
func (k *serverKind) able(r row) bool {
	return !slices.ContainsFunc(r.protocols(), func(p protocol) bool { return !slices.Contains(k.speak, p) })
}

// A place is where a server is to listen, for the protocols a row needs, and keep its files.
type place struct {
	dir     string
	addrs   map[protocol]netip.AddrPort
	pending int            // messages that may wait for a client, where a server wants to be told; 0: its default
	pages   netip.AddrPort // where monitoring pages are asked for
	leaves  netip.AddrPort // where leaf nodes are let in
	hub     netip.AddrPort // where the hub lets them in of which this is to be a leaf
	store   bool           // what outlives a server is to be kept in its directory, without bounds
	io      string         // how Leafgate is to wait for its sockets; "": its default
	conf    string         // of the row
}

var everything = []protocol{nats, mqtt, webNATS, webMQTT, tlsNATS, tlsMQTT}

// serverKinds is every server there is.
func serverKinds() []serverKind {
	return []serverKind{
		{name: "leafgate", speak: everything, get: buildLeafgate, version: "-v", arguments: leafgateFile,
			settings: "`listen`, and `mqtt { listen }`, `websocket { listen }` and `tls` where a row needs them"},
		{name: parkLeafgate, speak: everything, get: buildParkLeafgate, version: "-v", arguments: leafgateFile,
			settings: "as `leafgate`, with `io: park`"},
		{name: "nats-server", speak: everything, get: buildPeer("nats-server"), version: "-v", arguments: natsServerFile,
			settings: "as `leafgate`; for MQTT also a name and JetStream with an empty directory, without which it has none"},
		{name: "mochi", speak: []protocol{mqtt}, get: buildPeer("mochi"), version: "-v", arguments: mochiFlags, drops: true,
			settings: "everybody is let in; 65,535 messages under way with QoS 1 and 2; in stream and retained rows 65,536 may wait for a client"},
		{name: slowLeafgate, speak: []protocol{nats, mqtt}, get: buildSlowLeafgate, version: "-v", arguments: leafgateFile,
			settings: "as `leafgate`, each sync of the disk takes 5 ms more"},
		{name: "mosquitto", speak: []protocol{mqtt, webMQTT, tlsMQTT}, get: findMosquitto, version: "-h", arguments: mosquittoFile,
			settings: "`max_inflight_messages 1000`, `max_queued_messages 0` (no bound), `set_tcp_nodelay true`, logs of warnings and errors only"},
	}
}

func kindOf(name string) *serverKind {
	for _, k := range serverKinds() {
		if k.name == name {
			return &k
		}
	}
	return nil
}

// kindRank is where a server stands in tables.
func kindRank(name string) int {
	return slices.IndexFunc(serverKinds(), func(k serverKind) bool { return k.name == name })
}

func knownServers() string {
	var names []string
	for _, k := range serverKinds() {
		names = append(names, k.name)
	}
	return strings.Join(names, ", ")
}

// A binary is a server ready to be started.
type binary struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	kind    *serverKind
	path    string
	io      string // see place
}

// prepare gets the servers that jobs need and asks each for its version.
// With -quick a peer that is not installed is left out.
func prepare(ctx context.Context, o *options, jobs []job, dir string, progress io.Writer) ([]*binary, error) {
	var bins []*binary
	for _, k := range serverKinds() {
		if !slices.ContainsFunc(jobs, func(j job) bool { return j.needs(k.name) }) {
			continue
		}
		path, err := o.bins[k.name], error(nil)
		if path == "" {
			path, err = k.get(ctx, dir)
		}
		if o.quick && errors.Is(err, errNotInstalled) {
			fmt.Fprintf(progress, "%s is left out: it is not installed\n", k.name)
			continue
		}
		if err != nil {
			return nil, err
		}
		out, err := exec.CommandContext(ctx, path, k.version).CombinedOutput()
		if err != nil && len(out) == 0 { // mosquitto calls it an error to be asked
			return nil, fmt.Errorf("ask %s for its version: %w", k.name, err)
		}
		line, _, _ := strings.Cut(string(out), "\n")
		if isOurs(k.name) {
			line += revision(path)
		}
		bins = append(bins, &binary{k.name, strings.TrimSpace(line), &k, path, o.driver(k.name)})
	}
	return bins, nil
}

// revision is the commit that a binary of ours was built from, as far as it knows.
func revision(path string) string {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return ""
	}
	commit, changed := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = ", commit " + s.Value[:min(len(s.Value), 12)]
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = " with changes"
		}
	}
	return commit + changed
}

// A server is one process on free loopback ports. Stop must be called.
type server struct {
	place
	bin  *binary // that it runs; nil: it is no program
	hub  *server // of which it is a leaf; nil: none
	cmd  *exec.Cmd
	log  bytes.Buffer // what it printed; read it after done
	wg   sync.WaitGroup
	done chan struct{} // closed when the process has ended
}

// start runs b for clients of row r, below hub if there is one, and returns when it takes them. It must be called from a
// thread that lives on: see bindToUs.
func (b *binary) start(ctx context.Context, dir string, r row, hub *server) (*server, error) {
	all := r.protocols()
	free, err := freeAddresses(len(all) + 1)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", b.Name, err)
	}
	at := place{addrs: map[protocol]netip.AddrPort{}, pending: r.pending(), store: r.store, io: b.io, conf: r.conf}
	for i, p := range all {
		at.addrs[p] = free[i]
	}
	if addr, ok := at.addrs[webNATS]; ok && r.speaks(webMQTT) {
		at.addrs[webMQTT] = addr // one WebSocket for both
	}
	if r.pages {
		at.pages = free[len(all)]
	}
	if hub != nil {
		at.hub = hub.leaves
	}
	return b.launch(ctx, dir, at, hub)
}

// launch runs b in a fresh directory below dir.
func (b *binary) launch(ctx context.Context, dir string, at place, hub *server) (*server, error) {
	s := &server{place: at, bin: b, hub: hub, done: make(chan struct{})}
	var err error
	if s.dir, err = os.MkdirTemp(dir, b.Name+"-"); err != nil {
		return nil, fmt.Errorf("start %s: %w", b.Name, err)
	}
	args, err := b.kind.arguments(s.place)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", b.Name, err)
	}
	s.cmd = exec.Command(b.path, args...)
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	bindToUs(s.cmd)
	if err = s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", b.Name, err)
	}
	s.wg.Go(func() {
		defer close(s.done)
		_ = s.cmd.Wait() // its log says more than its exit code
	})
	for p := range s.addrs {
		if err = s.ready(ctx, s.entrance(p, 0)); err != nil {
			s.stop()
			return nil, fmt.Errorf("start %s: %w: %s", b.Name, err, s.tail())
		}
	}
	return s, nil
}

// page is where one of its monitoring pages is.
func (s *server) page(path string) string { return "http://" + s.pages.String() + path }

// entrance is where clients of p get in.
func (s *server) entrance(p protocol, qos byte) entrance { return entrance{s.addrs[p], p.speak(qos)} }

// ready waits until a client gets in.
func (s *server) ready(ctx context.Context, e entrance) error {
	for deadline := time.Now().Add(patience); ; {
		c, err := e.dial("ready", nil)
		if err == nil {
			defer c.close()
			return c.say(e.d.Disconnect(nil))
		}
		if time.Now().After(deadline) {
			return err
		}
		select {
		case <-s.done:
			return errors.New("it ended")
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func (s *server) pid() int { return s.cmd.Process.Pid }

// stop ends the process, kindly first, and returns when it is gone.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(os.Interrupt)
	select {
	case <-s.done:
	case <-time.After(3 * time.Second):
		_ = s.cmd.Process.Kill()
	}
	s.wg.Wait()
	_ = os.RemoveAll(s.dir) // the directory above goes as well, at the end
}

// tail is the end of what a stopped server printed.
func (s *server) tail() string {
	const keep = 600
	out := s.log.Bytes()
	return string(bytes.TrimSpace(out[max(0, len(out)-keep):]))
}

// freeAddresses are n loopback ports that nobody listens on now.
func freeAddresses(n int) (free []netip.AddrPort, err error) {
	for range n {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer l.Close() // after all, or one is found twice
		free = append(free, l.Addr().(*net.TCPAddr).AddrPort())
	}
	return free, nil
}

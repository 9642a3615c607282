package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A fault turns the n-th delivery to one subscriber into what is sent instead; nil closes the connection.
type fault func(n int, message []byte) []byte

// fakeServer is a server small enough to be wrong on purpose. It speaks NATS and MQTT, each on a port of its own, and knows
// literal subjects and "*".
type fakeServer struct {
	t         *testing.T
	listeners map[protocol]net.Listener
	fault     fault
	drops     bool // it says that it drops messages
	wg        sync.WaitGroup

	mu       sync.Mutex // guards the fields below
	conns    []net.Conn
	subs     []*fakeSub
	retained []fakeMessage
	turn     int
	sessions map[string][]*fakeSub // persistent ones, by client
	mute     bool                  // it acknowledges nothing
}

type fakeMessage struct {
	subject, reply string
	payload        []byte
	retain         bool
}

type fakeSub struct {
	mu                  *sync.Mutex // guards writing
	c                   net.Conn
	subject, queue, sid string
	n                   int
	kept                []fakeMessage // while the client of a persistent session is away: c is nil
	encode              func(m fakeMessage) []byte
}

func startFake(t *testing.T, f fault) *fakeServer {
	t.Helper()
	s := &fakeServer{t: t, fault: f, listeners: map[protocol]net.Listener{}, sessions: map[string][]*fakeSub{}}
	for p, serve := range map[protocol]func(net.Conn){nats: s.serveNATS, mqtt: s.serveMQTT, webNATS: byWeb(s.serveNATS),
		webMQTT: byWeb(s.serveMQTT), tlsNATS: byTLS(t, "INFO {}\r\n", s.serveNATS), tlsMQTT: byTLS(t, "", s.serveMQTT)} {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s.listeners[p] = l
		s.wg.Go(func() { s.accept(l, serve) })
	}
	t.Cleanup(func() {
		for _, l := range s.listeners {
			l.Close()
		}
		s.mu.Lock()
		for _, c := range s.conns {
			c.Close()
		}
		s.mu.Unlock()
		s.wg.Wait()
	})
	return s
}

// server is the fake as the drivers see it: this process is measured.
func (s *fakeServer) server() *server {
	p, err := os.FindProcess(os.Getpid())
	if err != nil {
		s.t.Fatal(err)
	}
	srv := &server{place: place{addrs: map[protocol]netip.AddrPort{}}, cmd: &exec.Cmd{Process: p}}
	srv.hub = srv // where a row wants one
	for p, l := range s.listeners {
		srv.addrs[p] = l.Addr().(*net.TCPAddr).AddrPort()
	}
	return srv
}

func (s *fakeServer) accept(l net.Listener, serve func(net.Conn)) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns = append(s.conns, c)
		s.mu.Unlock()
		s.wg.Go(func() {
			defer c.Close()
			serve(c)
		})
	}
}

func (s *fakeServer) serveNATS(c net.Conn) {
	r := bufio.NewReaderSize(c, 64<<10)
	mu := &sync.Mutex{}
	reply := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(c, format, args...)
	}
	reply("INFO {}\r\n")
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		f := strings.Fields(line)
		if len(f) == 0 {
			return // no client says nothing: it speaks something else
		}
		switch f[0] {
		case "PING":
			reply("PONG\r\n")
		case "SUB":
			sub := &fakeSub{mu: mu, c: c, subject: f[1], queue: strings.Join(f[2:len(f)-1], ""), sid: f[len(f)-1]}
			sub.encode = sub.encodeNATS
			s.subscribe(sub)
		case "PUB":
			size, _ := strconv.Atoi(f[len(f)-1])
			payload := make([]byte, size+2)
			if _, err := io.ReadFull(r, payload); err != nil {
				return
			}
			s.route(fakeMessage{subject: f[1], reply: strings.Join(f[2:len(f)-1], ""), payload: payload[:size]})
		}
	}
}

func (sub *fakeSub) encodeNATS(m fakeMessage) []byte {
	b := fmt.Appendf(nil, "MSG %s %s ", m.subject, sub.sid)
	if m.reply != "" {
		b = append(append(b, m.reply...), ' ')
	}
	return append(append(fmt.Appendf(b, "%d\r\n", len(m.payload)), m.payload...), "\r\n"...)
}

// serveMQTT reads packets with code of its own, so that a mistake of the dialect does not pass for right.
func (s *fakeServer) serveMQTT(c net.Conn) {
	r := bufio.NewReaderSize(c, 64<<10)
	mu := &sync.Mutex{}
	say := func(b ...byte) {
		mu.Lock()
		defer mu.Unlock()
		c.Write(b)
	}
	client := "" // of a persistent session
	defer func() { s.leave(client) }()
	for {
		first, body, err := readPacket(r)
		if err != nil {
			return
		}
		switch first >> 4 {
		case 1:
			say(0x20, 2, 0, 0)
			if body[7]&2 == 0 {
				client = string(body[12:])
				s.comeBack(client, c, mu)
			}
		case 3:
			m, id := readPublish(first, body)
			if qos := first >> 1 & 3; s.route(m) && qos > 0 {
				say([]byte{0, 0x40, 0x50}[qos], 2, id[0], id[1])
			}
		case 5:
			say(0x62, 2, body[0], body[1])
		case 6:
			say(0x70, 2, body[0], body[1])
		case 8:
			end := 4 + int(body[2])<<8 + int(body[3])
			sub := &fakeSub{mu: mu, c: c, subject: strings.NewReplacer("/", ".", "+", "*").Replace(string(body[4:end]))}
			sub.encode = func(m fakeMessage) []byte { return sub.encodeMQTT(m, body[end]) }
			say(0x90, 3, body[0], body[1], body[end])
			s.subscribe(sub)
			if client != "" {
				s.mu.Lock()
				s.sessions[client] = append(s.sessions[client], sub)
				s.mu.Unlock()
			}
		case 12:
			say(0xd0, 0)
		case 14:
			return
		}
	}
}

// comeBack gives a persistent session what it has missed.
func (s *fakeServer) comeBack(client string, c net.Conn, mu *sync.Mutex) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sub := range s.sessions[client] {
		sub.c, sub.mu = c, mu
		kept := sub.kept
		sub.kept = nil
		for _, m := range kept {
			s.deliver(sub, m)
		}
	}
}

func (s *fakeServer) leave(client string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sub := range s.sessions[client] {
		sub.c = nil
	}
}

func readPacket(r *bufio.Reader) (first byte, body []byte, err error) {
	if first, err = r.ReadByte(); err != nil {
		return 0, nil, err
	}
	size := 0
	for shift := 0; ; shift += 7 {
		b, err := r.ReadByte()
		if err != nil {
			return 0, nil, err
		}
		if size += int(b&0x7f) << shift; b < 0x80 {
			break
		}
	}
	body = make([]byte, size)
	_, err = io.ReadFull(r, body)
	return first, body, err
}

func readPublish(first byte, body []byte) (m fakeMessage, id []byte) {
	end := 2 + int(body[0])<<8 + int(body[1])
	m = fakeMessage{subject: strings.ReplaceAll(string(body[2:end]), "/", "."), payload: body[end:], retain: first&1 != 0}
	if first&6 != 0 {
		id, m.payload = body[end:end+2], body[end+2:]
	}
	return m, id
}

func (sub *fakeSub) encodeMQTT(m fakeMessage, qos byte) []byte {
	first := 0x30 | qos<<1
	if m.retain {
		first |= 1
	}
	body := append([]byte{byte(len(m.subject) >> 8), byte(len(m.subject))}, strings.ReplaceAll(m.subject, ".", "/")...)
	if id := sub.n%65535 + 1; qos > 0 {
		body = append(body, byte(id>>8), byte(id))
	}
	body = append(body, m.payload...)
	b := []byte{first}
	for n := len(body); ; n >>= 7 {
		if n < 0x80 {
			return append(append(b, byte(n)), body...)
		}
		b = append(b, byte(n)|0x80)
	}
}

func (s *fakeServer) subscribe(sub *fakeSub) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subs = append(s.subs, sub)
	for _, m := range s.retained {
		if sub.matches(m.subject) {
			s.deliver(sub, m)
		}
	}
}

func (sub *fakeSub) matches(subject string) bool {
	if !strings.Contains(sub.subject, "*") {
		return sub.subject == subject
	}
	want, have := strings.Split(sub.subject, "."), strings.Split(subject, ".")
	for i := range want {
		if i >= len(have) || want[i] != "*" && want[i] != have[i] {
			return false
		}
	}
	return len(want) == len(have)
}

// route reports whether the message is to be acknowledged.
func (s *fakeServer) route(m fakeMessage) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.retain {
		s.retained = append(s.retained, m)
		m.retain = false
	}
	var members []*fakeSub
	for _, sub := range s.subs {
		if !sub.matches(m.subject) {
			continue
		}
		if sub.queue != "" {
			members = append(members, sub)
			continue
		}
		s.deliver(sub, m)
	}
	if len(members) > 0 {
		s.turn++
		s.deliver(members[s.turn%len(members)], m)
	}
	return !s.mute
}

func (s *fakeServer) deliver(sub *fakeSub, m fakeMessage) {
	if sub.c == nil {
		m.payload = bytes.Clone(m.payload)
		sub.kept = append(sub.kept, m)
		return
	}
	b := sub.encode(m)
	sub.n++
	if s.fault != nil {
		if b = s.fault(sub.n, b); b == nil {
			sub.c.Close()
			return
		}
	}
	sub.mu.Lock()
	defer sub.mu.Unlock()
	sub.c.Write(b)
}

// swap holds message n back until the next one has gone.
func swap(n int) fault {
	var held []byte
	return func(i int, m []byte) []byte {
		switch i {
		case n:
			held = bytes.Clone(m)
			return []byte{}
		case n + 1:
			return append(m, held...)
		}
		return m
	}
}

// testTrial is a trial of row on the fake, short, with fewer clients.
func testTrial(t *testing.T, name string, size int, s *fakeServer) *trial {
	t.Helper()
	o := &options{Seconds: 0.05, Window: 1 << 16, Rate: 2000, Conns: 20, Settle: 100 * time.Millisecond, patience: 2 * time.Second}
	for _, r := range rows {
		if r.name == name {
			if r.volume > 0 {
				r.volume = 1 << 17
			}
			r.churners, r.pubs, r.subs, r.retained = min(r.churners, 3), min(r.pubs, 100), min(r.subs, 60), min(r.retained, 500)
			r.stored = min(r.stored, 2000)
			return newTrial(t.Context(), o, job{row: r, size: size}, s.server(), s.drops)
		}
	}
	t.Fatalf("no row %q", name)
	return nil
}

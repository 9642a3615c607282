package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
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

// fakeServer is a server small enough to be wrong on purpose. It knows literal subjects and one trailing wildcard.
type fakeServer struct {
	t     *testing.T
	l     net.Listener
	fault fault
	wg    sync.WaitGroup

	mu    sync.Mutex // guards the fields below
	conns []net.Conn
	subs  []*fakeSub
	turn  int
}

type fakeSub struct {
	mu                  *sync.Mutex // guards writing
	c                   net.Conn
	subject, queue, sid string
	n                   int
}

func startFake(t *testing.T, f fault) *fakeServer {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &fakeServer{t: t, l: l, fault: f}
	s.wg.Go(s.accept)
	t.Cleanup(func() {
		l.Close()
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
	return &server{addr: s.l.Addr().(*net.TCPAddr).AddrPort(), cmd: &exec.Cmd{Process: p}}
}

func (s *fakeServer) accept() {
	for {
		c, err := s.l.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns = append(s.conns, c)
		s.mu.Unlock()
		s.wg.Go(func() { s.serve(c) })
	}
}

func (s *fakeServer) serve(c net.Conn) {
	defer c.Close()
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
		switch f[0] {
		case "PING":
			reply("PONG\r\n")
		case "SUB":
			s.subscribe(&fakeSub{mu: mu, c: c, subject: f[1], queue: strings.Join(f[2:len(f)-1], ""), sid: f[len(f)-1]})
		case "PUB":
			size, _ := strconv.Atoi(f[len(f)-1])
			payload := make([]byte, size+2)
			if _, err := io.ReadFull(r, payload); err != nil {
				return
			}
			s.route(f[1], strings.Join(f[2:len(f)-1], ""), payload)
		}
	}
}

func (s *fakeServer) subscribe(sub *fakeSub) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subs = append(s.subs, sub)
}

func (s *fakeServer) route(subject, reply string, payload []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var members []*fakeSub
	for _, sub := range s.subs {
		prefix, wild := strings.CutSuffix(sub.subject, "*")
		if sub.subject != subject && !(wild && strings.HasPrefix(subject, prefix)) {
			continue
		}
		if sub.queue != "" {
			members = append(members, sub)
			continue
		}
		s.deliver(sub, subject, reply, payload)
	}
	if len(members) > 0 {
		s.turn++
		s.deliver(members[s.turn%len(members)], subject, reply, payload)
	}
}

func (s *fakeServer) deliver(sub *fakeSub, subject, reply string, payload []byte) {
	b := fmt.Appendf(nil, "MSG %s %s ", subject, sub.sid)
	if reply != "" {
		b = append(append(b, reply...), ' ')
	}
	b = append(fmt.Appendf(b, "%d\r\n", len(payload)-2), payload...)
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

// testTrial is a trial of row on srv, short.
func testTrial(t *testing.T, name string, size int, srv *server) *trial {
	t.Helper()
	o := &options{Seconds: 0.05, Window: 1 << 16, Rate: 2000, Conns: 20, Settle: 100 * time.Millisecond, patience: 2 * time.Second}
	for _, r := range rows {
		if r.name == name {
			if r.volume > 0 {
				r.volume = 1 << 17
			}
			return &trial{ctx: t.Context(), opt: o, row: r, size: size, server: srv, d: natsDialect{}}
		}
	}
	t.Fatalf("no row %q", name)
	return nil
}

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Rows of stores have persistent MQTT sessions whose clients are away while messages of QoS 1 are published for them. What
// counts is how fast publishers are acknowledged, what that costs, and how much of the disk.

// verifiedSessions is how many sessions come back to show what they have.
const verifiedSessions = 5

// A shelf is the sessions of a row.
type shelf struct {
	*trial
	st *stream // the publishers
}

// runStored is the driver of rows of stores.
func runStored(t *trial) (s sample, err error) {
	k := &shelf{trial: t}
	if err = k.open(); err != nil {
		return s, fmt.Errorf("verify: %w", err)
	}
	defer k.st.close()
	if err = k.verify(); err != nil {
		return s, fmt.Errorf("verify: %w", err)
	}
	before, err := readDisk(t.server)
	if err != nil {
		return s, err
	}
	if t.row.stored > 0 {
		s, err = k.fill(int64(t.row.stored))
	} else {
		s, err = k.st.measure(length{time: t.opt.length()})
	}
	if err != nil {
		return s, err
	}
	after, err := readDisk(t.server)
	s.Note = after.since(before, s.Messages)
	return s, err
}

// open makes the sessions, leaves them, and connects the publishers.
func (k *shelf) open() error {
	for i := range k.row.away {
		c, err := k.session(i, nil)
		if err != nil {
			return err
		}
		if err = c.say(c.d.Subscribe(nil, k.row.wanted(i), "", 1)); err == nil {
			err = c.fence(nil)
		}
		if err == nil {
			err = c.leave()
		}
		c.close()
		if err != nil {
			return err
		}
	}
	var err error
	k.st, err = openStream(k.trial)
	return err
}

// session connects the client of session i. What is there for it goes to take.
func (k *shelf) session(i int, take func(*unit) error) (*conn, error) {
	fd, err := openSocket(k.sub.addr, patience)
	if err != nil {
		return nil, err
	}
	c := &conn{fd: fd, name: fmt.Sprintf("away-%d", i), d: mqttDialect{qos: k.row.qos, persistent: true}}
	c.in.grow(256 << 10)
	if err = c.exchange(c.d.Connect(nil, c.name), take); err == nil {
		err = setBlocking(fd, false)
	}
	if err != nil {
		c.close()
		return nil, fmt.Errorf("connect client %s: %w", c.name, err)
	}
	return c, nil
}

// verify publishes for a while, has some of the sessions come back, and checks what they get.
func (k *shelf) verify() error {
	if err := k.st.run(length{time: k.opt.verifyTime()}); err != nil {
		return err
	}
	for i := range min(verifiedSessions, k.row.away) {
		if err := k.collect(i); err != nil {
			return fmt.Errorf("session %d: %w", i, err)
		}
	}
	return nil
}

// collect reads what is there for session i: all that was published to it, once and in order.
func (k *shelf) collect(i int) error {
	want := int64(0)
	expect := make([]int64, len(k.st.pubs))
	for p, pub := range k.st.pubs {
		expect[p] = pub.messages()
		if k.row.apart {
			expect[p] = pub.published(i, k.row.away)
		}
		want += expect[p]
	}
	l := newLedger(len(k.st.pubs))
	check, n := newChecker(l, 0, k.size), int64(0)
	take := func(u *unit) error {
		if u.kind != message {
			return nil
		}
		if !u.again {
			n++
		}
		return check.message(u)
	}
	c, err := k.session(i, take)
	if err != nil {
		return err
	}
	defer c.close()
	if err = c.await(func() bool { return n >= want }, take); err != nil && n < want && !errors.Is(err, errCut) {
		err = fmt.Errorf("%d of %d messages %w: %w", want-n, want, errLost, err)
	}
	if err == nil {
		err = c.fence(take)
	}
	if err != nil {
		return err
	}
	if err = l.verdict(expect, false); err == nil {
		err = c.leave()
	}
	return err
}

// fill publishes n messages and waits until the server's memory is still.
func (k *shelf) fill(n int64) (sample, error) {
	k.st.rewind()
	m, err := startMeter(k.server.pid())
	for err == nil && k.st.delivered() < n {
		var busy bool
		if busy, err = k.st.publish(); err == nil {
			err = k.st.serve(busy)
		}
	}
	if err == nil {
		err = k.st.settle()
	}
	if err != nil {
		return sample{}, err
	}
	s, err := m.stop(k.st.delivered())
	if err == nil {
		s.RSS, err = settledRSS(k.trial)
	}
	return s, err
}

// wanted is what session i subscribes to.
func (r row) wanted(i int) []byte {
	if r.apart {
		return fmt.Appendf(nil, "bench.f00.d%04d.temp", i)
	}
	return []byte("bench.f00.*.temp")
}

// A disk is what a server has written, and what is in its directory.
type disk struct {
	written int64 // as the kernel counts it: whole pages
	files   int64 // bytes of all files
}

func readDisk(s *server) (d disk, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", s.pid()))
	if err != nil {
		return d, fmt.Errorf("read what was written: %w", err)
	}
	for line := range strings.Lines(string(b)) {
		if n, ok := strings.CutPrefix(line, "write_bytes: "); ok {
			if d.written, err = strconv.ParseInt(strings.TrimSpace(n), 10, 64); err != nil {
				return d, fmt.Errorf("read what was written: %w", err)
			}
		}
	}
	err = filepath.WalkDir(s.dir, func(_ string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return nil // gone meanwhile
		}
		if info, err := e.Info(); err == nil {
			d.files += info.Size()
		}
		return nil
	})
	return d, err
}

// since says what messages took since before.
func (d disk) since(before disk, messages int64) string {
	return fmt.Sprintf("files %.0f B/msg, disk %.0f B/msg", ratio(float64(d.files-before.files), float64(messages)),
		ratio(float64(d.written-before.written), float64(messages)))
}

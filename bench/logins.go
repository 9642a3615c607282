package main

import (
	"fmt"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

const loginUsers = 1000

// loginsConf has users whose passwords take long to check, and nobody else needs one.
func loginsConf() string {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
	if err != nil {
		panic(err) // only for passwords that are too long
	}
	var b strings.Builder
	b.WriteString("authorization { timeout: 60, users: [ { user: plain, password: bench }\n")
	for i := range loginUsers {
		fmt.Fprintf(&b, "{ user: %q, password: %q }\n", loginUser(i), hash)
	}
	b.WriteString("] }\nno_auth_user: plain\n")
	return b.String()
}

func loginUser(i int) string { return fmt.Sprintf("device%04d", i) }

// runLogins measures a paced row, and then again while passwords are being checked.
func runLogins(t *trial) (s sample, err error) {
	without, err := runPaced(t)
	if err != nil {
		return s, fmt.Errorf("without: %w", err)
	}
	all, err := openLogins(t, t.row.logins)
	defer all.close()
	if err == nil {
		s, err = runPaced(t)
	}
	s.Without = &without
	s.Note = fmt.Sprintf("%d of %d logged in meanwhile", all.done(), len(all))
	if without.Latency != nil && s.Latency != nil {
		s.Note += fmt.Sprintf(", p99 without %s", short(without.Latency.P99))
	}
	return s, err
}

// logins are clients that have asked to be let in and wait.
type logins []*conn

func openLogins(t *trial, n int) (all logins, err error) {
	for i := range n {
		fd, err := openSocket(t.pub.addr, patience)
		if err != nil {
			return all, fmt.Errorf("login %d: %w", i, err)
		}
		d := natsDialect{user: loginUser(i % loginUsers)}
		c := &conn{fd: fd, name: fmt.Sprintf("login-%d", i), d: d}
		all = append(all, c)
		if err = c.sayBlocking(d.Ping(d.Connect(nil, c.name))); err == nil {
			err = setBlocking(fd, false)
		}
		if err != nil {
			return all, fmt.Errorf("login %d: %w", i, err)
		}
	}
	return all, nil
}

// done counts those that have their PONG by now.
func (all logins) done() (n int) {
	for _, c := range all {
		got, err := receive(c.fd, c.in.room())
		if err = c.in.filled(got, err); err != nil {
			continue
		}
		for ok := true; ok && err == nil; {
			if ok, err = c.in.next(c.d, &c.u); ok && err == nil && c.u.kind == pong {
				n++
			}
		}
	}
	return n
}

func (all logins) close() {
	for _, c := range all {
		c.close()
	}
}

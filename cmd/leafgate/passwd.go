package main

import (
	"bufio"
	"crypto/subtle"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/term"
)

const passwdUsage = `Usage: leafgate passwd [-cost N]

Reads a password, from the terminal without showing it or else the first line of standard input, and prints its bcrypt hash
for a configuration. Each step of the cost doubles the time of a check (default 11, 4 to 31).
`

// defaultCost is nats-server's: about a tenth of a second.
const defaultCost = 11

var errTooLong = errors.New("a password has 72 bytes at most")

// passwd is the command: a password in, its hash out.
func passwd(args []string, c console) int {
	set := flag.NewFlagSet("passwd", flag.ContinueOnError)
	cost := set.Int("cost", defaultCost, "")
	if code, done := c.parse(set, args, passwdUsage); done {
		return code
	}
	switch {
	case set.NArg() > 0: // not quoted: somebody may have put a password there
		return c.fail(set, errors.New("takes no arguments: the password comes from the terminal or standard input"))
	case *cost < bcrypt.MinCost || *cost > bcrypt.MaxCost:
		return c.fail(set, fmt.Errorf("-cost: want %d..%d, got %d", bcrypt.MinCost, bcrypt.MaxCost, *cost))
	}
	password, err := c.readPassword()
	if err != nil {
		return complain(c.err, exitRunTime, fmt.Errorf("read password: %w", err))
	}
	hash, err := bcrypt.GenerateFromPassword(password, *cost)
	switch {
	case errors.Is(err, bcrypt.ErrPasswordTooLong):
		return complain(c.err, exitConfig, errTooLong)
	case err != nil:
		return complain(c.err, exitRunTime, fmt.Errorf("hash password: %w", err))
	}
	fmt.Fprintln(c.out, string(hash))
	return exitClean
}

func (c console) readPassword() (password []byte, err error) {
	if f, ok := c.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		password, err = c.askTwice(func() ([]byte, error) { return term.ReadPassword(int(f.Fd())) })
	} else {
		var line string
		line, err = bufio.NewReader(c.in).ReadString('\n')
		if errors.Is(err, io.EOF) {
			err = nil
		}
		password = []byte(strings.TrimRight(line, "\r\n"))
	}
	if err == nil && len(password) == 0 {
		err = errors.New("it is empty")
	}
	return password, err
}

// askTwice finds what was mistyped, since nobody sees it.
func (c console) askTwice(read func() ([]byte, error)) ([]byte, error) {
	var answers [2][]byte
	for i, prompt := range []string{"password: ", "once more: "} {
		fmt.Fprint(c.err, prompt)
		answer, err := read()
		fmt.Fprintln(c.err)
		if err != nil {
			return nil, err
		}
		answers[i] = answer
	}
	if subtle.ConstantTimeCompare(answers[0], answers[1]) == 0 {
		return nil, errors.New("the two are not the same")
	}
	return answers[0], nil
}

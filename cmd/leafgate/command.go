package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

// A console is where a command reads and writes.
type console struct {
	in       io.Reader
	out, err io.Writer
}

// commands are what leafgate does besides serving, by the first argument. They return the exit code.
var commands = map[string]func(args []string, c console) int{
	"passwd": passwd,
	"nkey":   nkey,
	"check":  check,
	"why":    why,

	"journal": journalCommand,
}

// command runs the one that args name; no: they name none.
func command(args []string, stdout, stderr io.Writer) (code int, yes bool) {
	if len(args) == 0 || commands[args[0]] == nil {
		return 0, false
	}
	return commands[args[0]](args[1:], console{os.Stdin, stdout, stderr}), true
}

// parse takes a command's flags off args. done: there is nothing more to do, and code is why.
func (c console) parse(set *flag.FlagSet, args []string, usage string) (code int, done bool) {
	set.SetOutput(io.Discard)
	switch err := set.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(c.out, usage)
		return exitClean, true
	case err != nil:
		return c.fail(set, err), true
	}
	return 0, false
}

func (c console) fail(set *flag.FlagSet, err error) int {
	return complain(c.err, exitConfig, fmt.Errorf("%s: %w (see leafgate %s -h)", set.Name(), err, set.Name()))
}

// warn says what is not wrong and should not stay.
func (c console) warn(format string, args ...any) {
	fmt.Fprintf(c.err, "leafgate: warning: "+format+"\n", args...)
}

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

const usage = `Usage: leafgate [options]
       leafgate COMMAND [options]

Commands; each has a -h of its own:
  check FILE                 print who a configuration serves, and what to be careful about
  passwd                     make a bcrypt hash of a password
  nkey                       make a key pair
  why CLIENT                 ask a running gateway what happened to a client
  journal ls|verify|export|backup DIR
                             read what a gateway has stored, or copy it

Server:
  -c, --config FILE          configuration file
  -a, --addr, --net HOST     listen for clients on HOST
  -p, --port PORT            listen for clients on PORT (default 4222, -1 takes a free one)
  -m, --http_port PORT       serve monitoring on PORT
  -n, --name, --server_name NAME
  -P, --pid FILE             write the process id to FILE
  -sd, --store_dir DIR       keep in DIR what outlives the gateway
  -t                         check the configuration and exit

Logging:
  -l, --log FILE             log to FILE
  -D, --debug                log what peers do
  -V, --trace                log the lines that clients send
  -DV                        both

Other:
  -sl, --signal COMMAND[=PID|=FILE]
                             tell a running leafgate: quit, term, stop, reload, reopen, ldm
  -v, --version              print the version
  -h, --help                 print this

Flags override the configuration file, on reload too. Exit code 1: flags or configuration; 2: run time.
`

var errHelp = errors.New("help")

// flags are the command line.
type flags struct {
	config, addr, name, pid, log, signal string
	storeDir                             string
	port, httpPort                       int
	debug, trace, both                   bool
	test, version                        bool

	given map[string]bool // what stands there, by the first name in a row of parseFlags
}

// parseFlags takes a command line without the program's name.
func parseFlags(args []string) (*flags, error) {
	f := &flags{given: make(map[string]bool)}
	set := flag.NewFlagSet("leafgate", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	first := make(map[string]string)
	text := func(to *string, names ...string) {
		for _, n := range names {
			set.StringVar(to, n, "", "")
			first[n] = names[0]
		}
	}
	number := func(to *int, names ...string) {
		for _, n := range names {
			set.IntVar(to, n, 0, "")
			first[n] = names[0]
		}
	}
	yes := func(to *bool, names ...string) {
		for _, n := range names {
			set.BoolVar(to, n, false, "")
			first[n] = names[0]
		}
	}
	text(&f.config, "config", "c")
	text(&f.addr, "addr", "a", "net")
	text(&f.name, "name", "n", "server_name")
	text(&f.pid, "pid", "P")
	text(&f.log, "log", "l")
	text(&f.storeDir, "store_dir", "sd")
	text(&f.signal, "signal", "sl")
	number(&f.port, "port", "p")
	number(&f.httpPort, "http_port", "m")
	yes(&f.debug, "debug", "D")
	yes(&f.trace, "trace", "V")
	yes(&f.both, "DV")
	yes(&f.test, "t")
	yes(&f.version, "version", "v")
	if err := set.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil, errHelp
	} else if err != nil {
		return nil, err
	}
	set.Visit(func(fl *flag.Flag) { f.given[first[fl.Name]] = true })
	return f, f.check(set.Args())
}

func (f *flags) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case f.given["config"] && f.config == "":
		return errors.New("flag -c: a file name is needed")
	case f.given["store_dir"] && f.storeDir == "":
		return errors.New("flag --store_dir: a directory is needed")
	case f.given["signal"] && f.signal == "":
		return errors.New("flag --signal: a command is needed")
	case f.test && f.config == "":
		return errors.New("flag -t: a configuration file is needed (-c)")
	case f.port < -1 || f.port > 65535:
		return fmt.Errorf("flag -p: want -1..65535, got %d", f.port)
	case f.httpPort < -1 || f.httpPort > 65535:
		return fmt.Errorf("flag -m: want -1..65535, got %d", f.httpPort)
	}
	return nil
}

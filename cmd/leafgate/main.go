// Command leafgate runs the gateway.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"leafgate/gateway"
)

// version is Leafgate's own. What it tells NATS clients is another matter.
const version = "v0.1.0"

// Exit codes.
const (
	exitClean   = 0
	exitConfig  = 1 // flags or configuration
	exitRunTime = 2 // everything after that
)

// drain is how long connections may take to write what is queued when the gateway stops.
const drain = 10 * time.Second

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main with its surroundings handed in; it returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	if code, yes := command(args, stdout, stderr); yes {
		return code
	}
	f, err := parseFlags(args)
	switch {
	case errors.Is(err, errHelp):
		fmt.Fprint(stdout, usage)
		return exitClean
	case err != nil:
		return complain(stderr, exitConfig, fmt.Errorf("%w (see leafgate -h)", err))
	case f.version:
		fmt.Fprintln(stdout, "leafgate:", describe())
		return exitClean
	case f.signal != "":
		if err := sendSignal(f.signal); err != nil {
			return complain(stderr, exitConfig, err)
		}
		return exitClean
	}
	tuned := tuneMemory()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, caught()...) // from here on nothing is missed
	defer signal.Stop(signals)
	g, err := gateway.New(gateway.Options{File: f.config, Override: f.override, Disk: disk, Version: version, Commit: revision(),
		Ceiling: tuned.underCeiling})
	if err != nil {
		return complain(stderr, exitConfig, err)
	}
	if f.test {
		_ = g.Shutdown(context.Background())
		fmt.Fprintf(stderr, "leafgate: configuration file %s is valid (%s)\n", f.config, g.Digest())
		return exitClean
	}
	if err := g.Start(context.Background()); err != nil {
		return complain(stderr, exitRunTime, err)
	}
	return serve(g, signals, stderr)
}

// complain writes an error, a line for each that is joined in it.
func complain(stderr io.Writer, code int, err error) int {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintln(stderr, "leafgate:", line)
	}
	return code
}

func describe() string {
	s := fmt.Sprintf("%s (%s %s/%s", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if r := revision(); r != "" {
		s += ", revision " + r
	}
	return s + ")"
}

// revision is the short commit that the binary was built from, if the build knew.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) > 7 {
			return s.Value[:7]
		}
	}
	return ""
}

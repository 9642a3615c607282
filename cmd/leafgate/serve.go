package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"leafgate/gateway"
)

// A request is what a signal asks for.
type request int

const (
	ignore    request = iota
	stop              // at once, but properly
	terminate         // like stop, but lame duck mode is left to end by itself
	reload
	reopen
	lameDuck
)

// A server is a running gateway and what signals have done to it so far.
type server struct {
	gateway *gateway.Gateway
	signals <-chan os.Signal
	stderr  io.Writer
	ended   chan error // lame duck mode has sent everybody away
	ducking bool
	manager *notifier
	wg      sync.WaitGroup // lame duck mode, and the end
}

// serve runs until a signal ends it, and returns the exit code.
func serve(g *gateway.Gateway, signals <-chan os.Signal, stderr io.Writer) int {
	s := &server{gateway: g, signals: signals, stderr: stderr, ended: make(chan error, 1), manager: newNotifier()}
	alive, rest := s.manager.watchdog()
	defer rest()
	s.tell(notifyReady)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for {
		select {
		case <-alive:
			s.tell(notifyAlive)
		case err := <-s.ended:
			return max(s.report("lame duck mode failed", err), s.shutdown(cancel))
		case sig := <-signals:
			switch m := meaning(sig); {
			case m == reload:
				s.tell(notifyReloading())
				s.report("configuration not reloaded", g.Reload())
				s.tell(notifyReady)
			case m == reopen:
				s.report("log file not opened again", g.ReopenLog())
			case m == lameDuck && !s.ducking:
				s.ducking = true
				s.wg.Go(func() { s.ended <- g.LameDuck(ctx) })
			case s.stops(m):
				return s.shutdown(cancel)
			}
		}
	}
}

// stops: m asks for the end. What lame duck mode is to ignore it ignores to its end, shutdown included: of two signals
// that come close together, the system may deliver the second one first.
func (s *server) stops(m request) bool { return m == stop || m == terminate && !s.ducking }

// shutdown ends lame duck mode and the gateway; another signal to stop ends the process at once.
func (s *server) shutdown(endLameDuck func()) int {
	s.tell(notifyStopping)
	endLameDuck()
	ctx, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	done := make(chan error, 1)
	s.wg.Go(func() { done <- s.gateway.Shutdown(ctx) })
	for {
		select {
		case err := <-done:
			s.wg.Wait()
			return s.report("not stopped properly", err)
		case sig := <-s.signals:
			if s.stops(meaning(sig)) {
				fmt.Fprintln(s.stderr, "leafgate: stopped at once by a second signal")
				return exitRunTime
			}
		}
	}
}

// tell lets the service manager know. A gateway goes on without.
func (s *server) tell(state string) {
	if err := s.manager.tell(state); err != nil {
		s.gateway.Log().Warn("service manager not told", "err", err)
	}
}

// report logs what went wrong, a record for each line.
func (s *server) report(what string, err error) int {
	if err == nil {
		return exitClean
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		s.gateway.Log().Error(what, "err", line)
	}
	return exitRunTime
}

package gateway

import (
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"strconv"
	"sync"
	"time"
)

// A profile serves runtime profiles, to this machine only: they show memory.
type profile struct {
	net.Listener
	server http.Server
	wg     sync.WaitGroup
}

func (g *Gateway) startProfile() error {
	if g.settings.profPort == 0 {
		return nil
	}
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(max(0, g.settings.profPort)))
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("start profiling: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	p := &profile{Listener: ln, server: http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}}
	p.wg.Go(func() { _ = p.server.Serve(ln) }) // ends with Close
	g.profile = p
	g.log.Info("profiling", "addr", ln.Addr().String())
	return nil
}

func (g *Gateway) stopProfile() {
	if g.profile == nil {
		return
	}
	_ = g.profile.server.Close()
	g.profile.wg.Wait()
	g.profile = nil
}

package gateway

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// files are what a gateway leaves for scripts while it runs: its process id, and the ports it listens on.
type files struct{ pid, ports string }

// ports is the content of a ports file, with nats-server's names.
type ports struct {
	NATS       []string `json:"nats,omitempty"`
	Monitoring []string `json:"monitoring,omitempty"`
	Profile    []string `json:"profile,omitempty"`
	WebSocket  []string `json:"websocket,omitempty"`
}

func (g *Gateway) ports() ports {
	p := ports{NATS: urls("nats", g.Addr("natsproto")...), Monitoring: urls(g.scheme("http", "http"), g.Addr("monitor")...)}
	p.WebSocket = urls(g.scheme("websocket", "ws"), g.Addr("websocket")...)
	if g.profile != nil {
		p.Profile = urls("http", g.profile.Addr())
	}
	return p
}

// scheme is of the URLs of a protocol: plain, with an s behind it for TLS.
func (g *Gateway) scheme(protocol, plain string) string {
	for _, l := range g.Listeners() {
		if l.Protocol == protocol && l.TLS != "" {
			return plain + "s"
		}
	}
	return plain
}

func urls(scheme string, addrs ...net.Addr) (list []string) {
	for _, a := range addrs {
		list = append(list, scheme+"://"+a.String())
	}
	return list
}

// write makes the files that s asks for, and removes those of an earlier configuration.
func (f *files) write(s settings, p ports) error {
	before := *f
	f.pid, f.ports = s.pidFile, ""
	if s.portsDir != "" {
		name := fmt.Sprintf("%s_%d.ports", filepath.Base(os.Args[0]), os.Getpid())
		f.ports = filepath.Join(s.portsDir, name)
	}
	if before.pid != f.pid {
		before.removePID()
	}
	if before.ports != f.ports {
		before.removePorts()
	}
	if f.pid != "" {
		if err := os.WriteFile(f.pid, strconv.AppendInt(nil, int64(os.Getpid()), 10), 0o644); err != nil {
			return fmt.Errorf("write pid file: %w", err)
		}
	}
	if f.ports != "" {
		text, _ := json.Marshal(p) // strings only: cannot fail
		if err := os.WriteFile(f.ports, text, 0o644); err != nil {
			return fmt.Errorf("write ports file: %w", err)
		}
	}
	return nil
}

func (f *files) remove() {
	f.removePID()
	f.removePorts()
	*f = files{}
}

// removePID leaves a file alone that belongs to another process by now.
func (f *files) removePID() {
	if f.pid == "" {
		return
	}
	if text, err := os.ReadFile(f.pid); err == nil && strings.TrimSpace(string(text)) == strconv.Itoa(os.Getpid()) {
		_ = os.Remove(f.pid)
	}
}

func (f *files) removePorts() {
	if f.ports != "" {
		_ = os.Remove(f.ports)
	}
}

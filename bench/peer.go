package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"leafgate/internal/peer"
)

// How each server is found or built, and told what to do. What is not said here is as by default.

// buildLeafgate builds this very checkout.
func buildLeafgate(ctx context.Context, dir string) (string, error) {
	return build(ctx, dir, "leafgate")
}

// slowLeafgate is Leafgate on a disk of which each sync takes 5 ms more, as on an SD card.
const slowLeafgate = "leafgate-slowdisk"

func buildSlowLeafgate(ctx context.Context, dir string) (string, error) {
	return build(ctx, dir, slowLeafgate, "-tags", "slowdisk")
}

// parkLeafgate is Leafgate with a goroutine for each connection, whatever the system could do.
const parkLeafgate = "leafgate-park"

func buildParkLeafgate(ctx context.Context, dir string) (string, error) {
	return build(ctx, dir, parkLeafgate)
}

func build(ctx context.Context, dir, name string, flags ...string) (string, error) {
	path := filepath.Join(dir, name)
	args := append(append([]string{"build", "-o", path}, flags...), "leafgate/cmd/leafgate")
	out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build %s: %w: %s", name, err, out)
	}
	return path, nil
}

// buildPeer answers a server as internal/tools pins it.
func buildPeer(name string) func(context.Context, string) (string, error) {
	return func(ctx context.Context, _ string) (string, error) { return peer.Binary(ctx, name) }
}

// findMosquitto takes the one of the system. Debian keeps it where only root's PATH goes.
func findMosquitto(context.Context, string) (string, error) {
	return findOne("mosquitto", "/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto")
}

// findOne answers the first program that is there. The first name is that of the server and its package.
func findOne(names ...string) (string, error) {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("find %[1]s: it is %[2]w (Debian: apt-get install %[1]s); "+
		"-bin %[1]s=path names one elsewhere, -servers leafgate,nats-server does without", names[0], errNotInstalled)
}

var errNotInstalled = errors.New("not installed")

func leafgateFile(at place) ([]string, error) {
	tls, err := at.tls()
	if err != nil {
		return nil, err
	}
	text := at.natsBlock(tls) + at.mqttBlock(tls)
	if addr, ok := at.web(); ok {
		text += fmt.Sprintf("websocket { listen: %q, no_tls: true }\n", addr)
	}
	if at.io != "" {
		text += fmt.Sprintf("io: %s\n", at.io)
	}
	if at.pages.IsValid() {
		text += fmt.Sprintf("http: %q\n", at.pages)
	}
	if at.leaves.IsValid() {
		text += fmt.Sprintf("leafnodes { listen: %q, compression: off }\n", at.leaves)
	}
	if at.hub.IsValid() {
		text += fmt.Sprintf("leafnodes { remotes: [ { url: \"nats-leaf://%s\", compression: off } ] }\n", at.hub)
	}
	if at.store {
		text += fmt.Sprintf("store { dir: %q, min_free: 0 }\n", filepath.Join(at.dir, "store"))
	}
	return at.file(text + at.conf)
}

// tls is the block for those who come encrypted, or "".
func (at place) tls() (string, error) {
	_, byNATS := at.addrs[tlsNATS]
	_, byMQTT := at.addrs[tlsMQTT]
	if !byNATS && !byMQTT {
		return "", nil
	}
	cert, key, err := certificate(at.dir)
	return fmt.Sprintf("tls { cert_file: %q, key_file: %q, timeout: 60 }", cert, key), err
}

func (at place) natsBlock(tls string) string {
	if addr, ok := at.addrs[tlsNATS]; ok {
		return fmt.Sprintf("listen: %q\n%s\n", addr, tls)
	}
	if addr, ok := at.addrs[nats]; ok {
		return fmt.Sprintf("listen: %q\n", addr)
	}
	return "listen: \"127.0.0.1:-1\"\n"
}

func (at place) mqttBlock(tls string) string {
	if addr, ok := at.addrs[tlsMQTT]; ok {
		return fmt.Sprintf("mqtt { listen: %q, %s }\n", addr, tls)
	}
	if addr, ok := at.addrs[mqtt]; ok {
		return fmt.Sprintf("mqtt { listen: %q%s }\n", addr, at.unbounded())
	}
	if _, ok := at.addrs[webMQTT]; ok {
		return "mqtt { listen: \"127.0.0.1:-1\" }\n"
	}
	return ""
}

// web is where clients get in by WebSocket.
func (at place) web() (netip.AddrPort, bool) {
	for _, p := range []protocol{webNATS, webMQTT} {
		if addr, ok := at.addrs[p]; ok {
			return addr, true
		}
	}
	return netip.AddrPort{}, false
}

// unbounded are Leafgate's keys for queues without bounds, as the others have them by default or are told to.
func (at place) unbounded() string {
	if !at.store {
		return ""
	}
	return ", max_queued: 100000000, max_queued_bytes: 100GB, max_queued_total: 100GB"
}

// natsServerFile: MQTT there needs streams, and those need a name and a directory.
func natsServerFile(at place) ([]string, error) {
	at.store, at.io = false, "" // it has the one in any case and does not know the other
	args, err := leafgateFile(at)
	if err != nil || at.mqttBlock("") == "" {
		return args, err
	}
	text, err := os.ReadFile(args[1])
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	return at.file(string(text) + fmt.Sprintf("server_name: bench\njetstream { store_dir: %q }\n", at.dir))
}

func mosquittoFile(at place) ([]string, error) {
	addr, listener := at.addrs[mqtt], ""
	if web, ok := at.addrs[webMQTT]; ok { // nobody may be let in by WebSocket alone
		free, err := freeAddresses(1)
		if err != nil {
			return nil, err
		}
		addr, listener = free[0], fmt.Sprintf("listener %d %s\nprotocol websockets\n", web.Port(), web.Addr())
	}
	if secure, ok := at.addrs[tlsMQTT]; ok {
		cert, key, err := certificate(at.dir)
		if err != nil {
			return nil, err
		}
		// It looks at them as somebody else, unless it is told to stay who it is.
		addr, listener = secure, fmt.Sprintf("certfile %s\nkeyfile %s\nuser root\n", cert, key)
	}
	store := ""
	if at.store { // it writes all of it every half an hour, and at the end
		store = fmt.Sprintf("persistence true\npersistence_location %s/\n", at.dir)
	}
	return at.file(fmt.Sprintf("listener %d %s\n", addr.Port(), addr.Addr()) + listener + store + `allow_anonymous true
max_inflight_messages 1000
max_queued_messages 0
set_tcp_nodelay true
log_type error
log_type warning
`)
}

func mochiFlags(at place) ([]string, error) {
	args := []string{"-listen", at.addrs[mqtt].String()}
	if at.pending > 0 {
		args = append(args, "-pending", strconv.Itoa(at.pending))
	}
	return args, nil
}

// file writes a configuration and returns the arguments that name it.
func (at place) file(text string) ([]string, error) {
	name := filepath.Join(at.dir, "server.conf")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	return []string{"-c", name}, nil
}

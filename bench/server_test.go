package main

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestServersOfRows: each row names servers that can run it, ours first.
func TestServersOfRows(t *testing.T) {
	for _, r := range rows {
		if len(r.servers) == 0 || r.servers[0] != "leafgate" && !r.own {
			t.Errorf("%s runs on %q", r.name, r.servers)
		}
		for _, name := range r.servers {
			if k := kindOf(name); k == nil || !k.able(r) {
				t.Errorf("%s cannot run on %s", r.name, name)
			}
		}
	}
	jobs, err := selectJobs("1:1,mqtt-1:1-q1,nats-to-mqtt", []int{16}, []string{"mosquitto", "leafgate"})
	if err != nil || len(jobs) != 3 || !slices.Equal(jobs[0].servers, []string{"leafgate"}) ||
		!slices.Equal(jobs[1].servers, []string{"mosquitto", "leafgate"}) || !slices.Equal(jobs[2].servers, []string{"leafgate"}) {
		t.Errorf("chosen servers give %+v, %v", jobs, err)
	}
}

// TestMissingServer: what is not installed is named, with what to do.
func TestMissingServer(t *testing.T) {
	path, err := findOne("no-such-broker", "/nonexistent/no-such-broker")
	if err == nil {
		t.Fatalf("found %s", path)
	}
	for _, want := range []string{"no-such-broker", "not installed", "apt-get install", "-servers"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
}

// TestHubIsNeeded: rows of leaf nodes have their hub, whoever is measured.
func TestHubIsNeeded(t *testing.T) {
	jobs, err := selectJobs("leaf-up", []int{16}, []string{"leafgate"})
	if err != nil || len(jobs) != 1 || !jobs[0].needs(hubServer) || !jobs[0].needs("leafgate") || jobs[0].needs("mosquitto") {
		t.Errorf("got %+v, %v", jobs, err)
	}
	if jobs, err = selectJobs("1:1", []int{16}, []string{"leafgate"}); err != nil || jobs[0].needs(hubServer) {
		t.Errorf("got %+v, %v", jobs, err)
	}
}

// TestArguments: each server is told where to listen for what a row needs, and nothing else.
func TestArguments(t *testing.T) {
	at4222, at1883 := netip.MustParseAddrPort("127.0.0.1:4222"), netip.MustParseAddrPort("127.0.0.1:1883")
	at7422 := netip.MustParseAddrPort("127.0.0.1:7422")
	onlyNATS, onlyMQTT := map[protocol]netip.AddrPort{nats: at4222}, map[protocol]netip.AddrPort{mqtt: at1883}
	both := map[protocol]netip.AddrPort{nats: at4222, mqtt: at1883}
	for _, c := range []struct {
		server      string
		addrs       map[protocol]netip.AddrPort
		leaves, hub netip.AddrPort
		want        []string
		not         string
	}{
		{server: "leafgate", addrs: onlyNATS, want: []string{`listen: "127.0.0.1:4222"`}, not: "mqtt"},
		{server: "leafgate", addrs: onlyNATS, want: []string{`listen: "127.0.0.1:4222"`}, not: "leafnodes"},
		{server: "leafgate", addrs: onlyNATS, hub: at7422, want: []string{`remotes: [ { url: "nats-leaf://127.0.0.1:7422", compression: off } ]`}, not: "listen: \"127.0.0.1:7422\""},
		{server: "nats-server", addrs: onlyNATS, hub: at7422, want: []string{`remotes: [ { url: "nats-leaf://127.0.0.1:7422", compression: off } ]`}, not: "listen: \"127.0.0.1:7422\""},
		{server: "nats-server", addrs: onlyNATS, leaves: at7422, want: []string{`leafnodes { listen: "127.0.0.1:7422", compression: off }`}, not: "remotes"},
		{server: "leafgate", addrs: both, want: []string{`listen: "127.0.0.1:4222"`, `mqtt { listen: "127.0.0.1:1883" }`}, not: "jetstream"},
		{server: "nats-server", addrs: onlyNATS, want: []string{`listen: "127.0.0.1:4222"`}, not: "jetstream"},
		{server: "nats-server", addrs: onlyMQTT, want: []string{`mqtt { listen: "127.0.0.1:1883" }`, "jetstream", "server_name"}, not: "4222"},
		{server: "mosquitto", addrs: onlyMQTT, want: []string{"listener 1883 127.0.0.1", "max_inflight_messages 1000",
			"max_queued_messages 0", "set_tcp_nodelay true"}, not: "4222"},
		{server: "mochi", addrs: onlyMQTT, want: []string{"-listen 127.0.0.1:1883", "-pending 7"}, not: "-c"},
	} {
		args, err := kindOf(c.server).arguments(place{dir: t.TempDir(), addrs: c.addrs, pending: 7, leaves: c.leaves, hub: c.hub})
		if err != nil {
			t.Fatal(err)
		}
		said := strings.Join(args, " ")
		if args[0] == "-c" {
			text, err := os.ReadFile(args[1])
			if err != nil || filepath.Base(args[1]) != "server.conf" {
				t.Fatal(args, err)
			}
			said = string(text)
		}
		for _, want := range c.want {
			if !strings.Contains(said, want) {
				t.Errorf("%s is not told %q:\n%s", c.server, want, said)
			}
		}
		if strings.Contains(said, c.not) {
			t.Errorf("%s is told of %q:\n%s", c.server, c.not, said)
		}
	}
}

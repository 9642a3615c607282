package leafnode_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
)

func TestRefused(t *testing.T) {
	const ok = `url: "nats-leaf://hub:7422"`
	for _, tc := range []struct{ name, block, want string }{
		{"no url", `remotes [ { account: "$G" } ]`, "a remote needs a url"},
		{"another scheme", `remotes [ { url: "http://hub" } ]`, `want the scheme nats-leaf, tls, ws or wss, got "http"`},
		{"a bad url", `remotes [ { url: "nats-leaf://u:secret@hub:x y" } ]`, "want a URL"},
		{"a path", `remotes [ { url: "nats-leaf://hub/x" } ]`, "behind the port"},
		{"websocket and others", `remotes [ { urls: [ "wss://u:secret@hub", "tls://hub" ] } ]`, "leafnodes.remotes.urls: either all addresses"},
		{"websocket's query", `remotes [ { url: "wss://hub/x?a=secret" } ]`, "behind the port"},
		{"websocket's keys elsewhere", `remotes [ { ` + ok + `, ws_no_masking: true } ]`, "leafnodes.remotes.ws_no_masking: is for addresses with ws://"},
		{"proxy without url", `remotes [ { ` + ok + `, proxy { username: a, password: secret } } ]`, "leafnodes.remotes.proxy: a proxy needs a url"},
		{"proxy of another kind", `remotes [ { ` + ok + `, proxy { url: "socks5://secret@p" } } ]`, "leafnodes.remotes.proxy.url: want a URL"},
		{"TLS with a proxy that has none", `remotes [ { ` + ok + `, proxy { url: "http://p", tls {} } } ]`, "leafnodes.remotes.proxy.tls: is for proxies with https://"},
		{"TLS with a proxy, when", `remotes [ { ` + ok + `, proxy { url: "https://p", tls { handshake_first: true } } } ]`, "leafnodes.remotes.proxy.tls.handshake_first: not supported"},
		{"TLS with a proxy, its keys", `remotes [ { ` + ok + `, proxy { url: "https://p", tls { verify: true } } } ]`, "leafnodes.remotes.proxy.tls.verify: not supported"},
		{"proxy with a password inside", `remotes [ { ` + ok + `, proxy { url: "http://a:secret@p" } } ]`, "said by username and password"},
		{"proxy with half a login", `remotes [ { ` + ok + `, proxy { url: "http://p", password: secret } } ]`, "leafnodes.remotes.proxy.password: username and password are there both"},
		{"proxy's keys", `remotes [ { ` + ok + `, proxy { url: "http://p", colour: red } } ]`, "colour"},
		{"compression", `remotes [ { ` + ok + `, compression: zip } ]`, "leafnodes.remotes.compression: want off"},
		{"compression by number", `remotes [ { ` + ok + `, compression: 7 } ]`, "leafnodes.remotes.compression: want a mode"},
		{"compression's mode", `remotes [ { ` + ok + `, compression { mode: zip } } ]`, "leafnodes.remotes.compression: want off"},
		{"compression's keys", `remotes [ { ` + ok + `, compression { colour: red } } ]`, "colour"},
		{"thresholds that fall", `remotes [ { ` + ok + `, compression { mode: s2_auto, rtt_thresholds: [ "10ms", "5ms" ] } } ]`, "rtt_thresholds: want durations in ascending order"},
		{"thresholds of nothing", `remotes [ { ` + ok + `, compression { rtts: [ "0s", "0s" ] } } ]`, "rtts: want 1 to 4 durations above 0, got 0"},
		{"too many thresholds", `remotes [ { ` + ok + `, compression { rtt: [ "1s", "2s", "3s", "4s", "5s" ] } } ]`, "rtt: want 1 to 4 durations above 0, got 5"},
		{"thresholds that are none", `remotes [ { ` + ok + `, compression { thresholds: [ "soon" ] } } ]`, "thresholds: want durations"},
		{"unknown account", `remotes [ { ` + ok + `, account: X } ]`, `leafnodes.remotes.account: no account "X"`},
		{"unknown key", `remotes [ { ` + ok + `, colour: red } ]`, "colour"},
		{"no credentials file", `remotes [ { ` + ok + `, credentials: "/no/such/file" } ]`, "leafnodes.remotes.credentials: read credentials"},
		{"no seed", `remotes [ { ` + ok + `, nkey: secret } ]`, "leafnodes.remotes.nkey: want the seed"},
		{"a probe to many", `remotes [ { ` + ok + `, probe_subject: "a.*" } ]`, `leafnodes.remotes.probe_subject: want a subject without wildcards, got "a.*"`},
		{"a probe that runs backwards", `remotes [ { ` + ok + `, probe_interval: "-1s" } ]`, "leafnodes.remotes.probe_interval: want a duration"},
		{"a queue for nothing", `remotes [ { ` + ok + `, max_pending_msgs: 0 } ]`, "leafnodes.remotes.max_pending_msgs"},
		{"a queue without bytes", `remotes [ { ` + ok + `, max_pending: 0 } ]`, "leafnodes.remotes.max_pending"},
		{"a deadline in the past", `write_deadline: "-1s", remotes [ { ` + ok + ` } ]`, "leafnodes.write_deadline: want a duration"},
		{"bad pattern", `remotes [ { ` + ok + `, deny_imports: "a..b" } ]`, `leafnodes.remotes.deny_imports: want subjects, got "a..b"`},
		{"reconnect of nothing", `reconnect: 0, remotes [ { ` + ok + ` } ]`, "leafnodes.reconnect: want a positive duration"},
	} {
		_, err := gateway.New(gateway.Options{Text: "port: -1\nleafnodes { " + tc.block + " }"})
		if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "configuration:2:") {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.want)
		}
	}
}

// TestReload: remotes come and go, and those that stay keep their links.
func TestReload(t *testing.T) {
	one, two := startHub(t, hubConf("")), startHub(t, strings.Replace(hubConf(""), "HUB", "HUB2", 1))
	file := filepath.Join(t.TempDir(), "site.conf")
	write := func(remotes ...string) {
		t.Helper()
		must(t, os.WriteFile(file, []byte("listen: \"127.0.0.1:-1\"\n"+siteConf(remotes...)), 0o600))
	}
	write()
	g := gatewaytest.StartWith(t, gateway.Options{File: file})
	if n := len(uplinks(g)); n != 0 {
		t.Fatalf("%d remotes", n)
	}
	write(remote(one, ""))
	must(t, g.Reload())
	awaitUp(t, g, 0)
	since := uplinks(g)[0].Since
	write(remote(one, ""), remote(two, ""))
	must(t, g.Reload())
	awaitUp(t, g, 1)
	write(remote(two, "disabled: true"), remote(one, ""))
	must(t, g.Reload())
	all := uplinks(g)
	if len(all) != 2 || all[0].State != "disabled" || !all[1].Connected || !all[1].Since.Equal(since) {
		t.Errorf("after a remote was disabled: %+v", all)
	}
	until(t, "the hub knows that it is gone", func() bool { return len(hubInterest(t, two)) == 0 })
	write(remote(one, "colour: red"))
	if err := g.Reload(); err == nil {
		t.Error("nonsense is taken")
	}
	if all := uplinks(g); !all[1].Since.Equal(since) {
		t.Errorf("after nonsense: %+v", all)
	}
	write(remote(one, `deny_imports: "x"`))
	must(t, g.Reload())
	awaitUp(t, g, 0)
	if all := uplinks(g); len(all) != 1 || all[0].Since.Equal(since) {
		t.Errorf("after a change: %+v", all)
	}
}

// TestWrongPort: a port for clients is none for leaf nodes.
func TestWrongPort(t *testing.T) {
	hub := startHub(t, hubConf(""))
	g := startSiteOnly(t, `{ url: "nats-leaf://`+hub.Addr()+`" }`)
	until(t, "it is known", func() bool { return strings.Contains(uplinks(g)[0].Error, "no leaf node port") })
}

package leafnode_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
)

const wsBlock = "websocket { listen: \"127.0.0.1:-1\", no_tls: true }"

func wsAddr(g *gateway.Gateway) string { return g.Addr("websocket")[0].String() }

// TestBelowByWebSocket: servers connect by WebSocket, with the users of the leafnodes block, and by none of its TLS.
func TestBelowByWebSocket(t *testing.T) {
	const users = `accounts { A { users: [ { user: c, password: p, allowed_connection_types: [ STANDARD, LEAFNODE_WS ] }, { user: tcp, password: p, allowed_connection_types: [ LEAFNODE ] } ] } }` + "\nno_auth_user: c\n"
	refused := make(chan struct{}, 1000)
	above := gatewaytest.StartWith(t, gateway.Options{Text: aboveConf(users+wsBlock, ""), Log: logOf(t, func(line string) {
		if strings.Contains(line, "may not connect by LEAFNODE_WS") {
			refused <- struct{}{}
		}
	})})
	below := startBelow(t, "BELOW", "", fmt.Sprintf("{ url: \"ws://c:p@%s\", ws_compression: true }", wsAddr(above)))
	awaitLeaves(t, above, 1)
	cross(t, connect(t, siteURL(above)), connect(t, below.URL))
	other := startBelow(t, "OTHER", "", fmt.Sprintf("{ url: \"ws://c:p@%s\" }", wsAddr(above)))
	awaitLeaves(t, above, 2)
	c := newCensus(t)
	c.at("above", siteURL(above))
	c.at("below", below.URL)
	c.at("other", other.URL)
	c.count(100)
	startBelow(t, "THIRD", "", fmt.Sprintf("{ url: \"ws://tcp:p@%s\" }", wsAddr(above)))
	until(t, "a user of another connection type is refused", func() bool { return len(refused) > 0 })
}

// TestAttackLeafPathModuleOff: where no servers may connect, they may not by WebSocket either.
func TestAttackLeafPathModuleOff(t *testing.T) {
	for _, conf := range []string{wsBlock, wsBlock + "\nleafnodes { remotes: [ { url: \"nats-leaf://127.0.0.1:1\", disabled: true } ] }"} {
		g := gatewaytest.Start(t, conf)
		r, err := http.NewRequest(http.MethodGet, "http://"+wsAddr(g)+"/leafnode", nil)
		must(t, err)
		for k, v := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} {
			r.Header.Set(k, v)
		}
		resp, err := http.DefaultClient.Do(r)
		must(t, err)
		resp.Body.Close()
		if resp.StatusCode != http.StatusNotFound {
			t.Errorf("answers %s", resp.Status)
		}
	}
}

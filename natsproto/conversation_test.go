package natsproto_test

import (
	"slices"
	"strings"
	"testing"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
)

const (
	quiet = `> CONNECT {"verbose":false,"pedantic":false,"protocol":0,"headers":true,"no_responders":true}` + "\r\n"
	block = "NATS/1.0\r\nA: 1\r\n\r\n"
	auth  = "authorization { user: a, password: pw }\n"
)

var large = strings.Repeat("x", 40_000)

var perms = `authorization { users: [
	{ user: a, password: pw, permissions: {
		publish: { allow: ["pub.>", "_INBOX.>"], deny: "pub.no" }
		subscribe: { allow: ["sub.>", "q.* grp", "_INBOX.>"], deny: "sub.no" } } }
	{ user: b, password: pw }
] }
`

const asA = `> CONNECT {"verbose":false,"pedantic":false,"headers":true,"user":"a","pass":"pw"}` + "\r\n"

// A conversation is what one client and a server say to each other behind the greeting. What is not in the script is
// not said: the connection is closed at its end where it says so, and otherwise the next word is the PONG to a PING.
type conversation struct {
	name, conf string
	script     []string
}

// conversations go round all verbs, in the order of the protocol. More are in spellings.
var conversations = []conversation{
	{"ping without CONNECT", "", []string{"> PING\r\n", "< PONG\r\n"}},
	{"bare CONNECT is verbose", "", []string{"> CONNECT {}\r\nPING\r\nSUB a 1\r\nUNSUB 1\r\nPUB a 0\r\n\r\n", "< +OK\r\nPONG\r\n+OK\r\n+OK\r\n+OK\r\n"}},
	{"no CONNECT at all is verbose", "", []string{"> SUB a 1\r\nPUB a 2\r\nhi\r\n", "< +OK\r\n+OK\r\nMSG a 1 2\r\nhi\r\n"}},
	{"+OK comes before the echo", "", []string{"> CONNECT {\"pedantic\":false}\r\nSUB a 1\r\nPUB a 1\r\nx\r\nPUB a 1\r\ny\r\n",
		"< +OK\r\n+OK\r\n+OK\r\nMSG a 1 1\r\nx\r\n+OK\r\nMSG a 1 1\r\ny\r\n"}},
	{"large and verbose", "", []string{"> CONNECT {\"pedantic\":false}\r\nSUB a 1\r\nPUB a 40000\r\n" + large + "\r\n",
		"< +OK\r\n+OK\r\n+OK\r\nMSG a 1 40000\r\n" + large + "\r\n"}},
	{"subscriptions before CONNECT stay", "", []string{"> SUB a 1\r\n" + quiet[2:] + "PUB a 2\r\nhi\r\nHPUB a 18 20\r\n" + block + "hi\r\nPING\r\n",
		"< +OK\r\nMSG a 1 2\r\nhi\r\nHMSG a 1 18 20\r\n" + block + "hi\r\nPONG\r\n"}},
	{"publish and subscribe", "", []string{quiet, "> SUB a.* 1\r\nSUB a.> 2\r\nSUB b 3\r\nPUB a.x r 2\r\nhi\r\nUNSUB 2\r\nPUB a.y 0\r\n\r\nPING\r\n",
		"~ (MSG a.x [12] r 2\r\nhi\r\n){2}MSG a.y 1 0\r\n\r\nPONG\r\n"}},
	{"order before PONG", "", []string{quiet, "> SUB a 1\r\nPUB a 1\r\n1\r\nPUB a 1\r\n2\r\nPING\r\nPUB a 1\r\n3\r\nPING\r\n",
		"< MSG a 1 1\r\n1\r\nMSG a 1 1\r\n2\r\nPONG\r\nMSG a 1 1\r\n3\r\nPONG\r\n"}},
	{"any spacing and case", "", []string{quiet, "> sub\ta  7 \nPub  a\tr  2\nhi\r\nuNsUb 7\npInG\n", "< MSG a 7 r 2\r\nhi\r\nPONG\r\n"}},
	{"echo off", "", []string{"> CONNECT {\"verbose\":false,\"echo\":false}\r\nSUB a 1\r\nPUB a 0\r\n\r\nPING\r\n", "< PONG\r\n"}},
	{"same sid twice", "", []string{"> CONNECT {\"pedantic\":false}\r\nSUB a 1\r\nSUB b 1\r\nPUB b 0\r\n\r\nPUB a 0\r\n\r\n", "< +OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\nMSG a 1 0\r\n\r\n"}},
	{"unsub of an unknown sid", "", []string{"> CONNECT {}\r\nUNSUB 99\r\n", "< +OK\r\n+OK\r\n"}},
	{"unsub max", "", []string{quiet, "> SUB a 7\r\nUNSUB 7 2\r\nPUB a 1\r\n1\r\nPUB a 1\r\n2\r\nPUB a 1\r\n3\r\nPING\r\n",
		"< MSG a 7 1\r\n1\r\nMSG a 7 1\r\n2\r\nPONG\r\n"}},
	{"unsub max already reached", "", []string{quiet, "> SUB a 7\r\nPUB a 1\r\n1\r\nPUB a 1\r\n2\r\nUNSUB 7 1\r\nPUB a 1\r\n3\r\nPING\r\n",
		"< MSG a 7 1\r\n1\r\nMSG a 7 1\r\n2\r\nPONG\r\n"}},
	{"unsub max counts since SUB", "", []string{quiet, "> SUB a 7\r\nPUB a 1\r\n1\r\nUNSUB 7 2\r\nPUB a 1\r\n2\r\nPUB a 1\r\n3\r\nPING\r\n",
		"< MSG a 7 1\r\n1\r\nMSG a 7 1\r\n2\r\nPONG\r\n"}},
	{"unsub max does not count what went to nobody", "", []string{quiet, "> PUB x 0\r\n\r\nPUB x 0\r\n\r\nSUB a 7\r\nPUB a 1\r\n1\r\nUNSUB 7 2\r\nPUB a 1\r\n2\r\nPUB a 1\r\n3\r\nPING\r\n",
		"< MSG a 7 1\r\n1\r\nMSG a 7 1\r\n2\r\nPONG\r\n"}},
	{"unsub zero is now", "", []string{quiet, "> SUB a 7\r\nUNSUB 7 0\r\nPUB a 0\r\n\r\nPING\r\n", "< PONG\r\n"}},
	{"sid free again after its maximum", "", []string{quiet, "> SUB a 7\r\nUNSUB 7 1\r\nPUB a 0\r\n\r\nSUB b 7\r\nPUB b 0\r\n\r\nPING\r\n",
		"< MSG a 7 0\r\n\r\nMSG b 7 0\r\n\r\nPONG\r\n"}},
	{"two queue subscriptions, one delivery", "", []string{quiet, "> SUB a q 1\r\nSUB * q 1x\r\nPUB a 0\r\n\r\nPING\r\n", "~ MSG a 1x? 0\r\n\r\nPONG\r\n"}},
	{"sub with bad subjects", "", []string{quiet, "> SUB a..b 1\r\nSUB .a 2\r\nSUB a. 3\r\nSUB >.a 4\r\nSUB foo*o 5\r\nPUB foo*o 0\r\n\r\nPING\r\n",
		"< " + strings.Repeat("-ERR 'Invalid Subject'\r\n", 4) + "MSG foo*o 5 0\r\n\r\nPONG\r\n"}},
	{"sub with control characters", "", []string{quiet, "> SUB a\x00b 1\r\nSUB a q\x01 1\r\nSUB a\rb 1\r\nPING\r\n", "< " + strings.Repeat("-ERR 'Invalid Subject'\r\n", 3) + "PONG\r\n"}},
	{"pub to patterns is literal", "", []string{quiet, "> SUB foo.* 1\r\nPUB foo.* 0\r\n\r\nPUB .. 0\r\n\r\nPUB foo.> 0\r\n\r\nPING\r\n",
		"< MSG foo.* 1 0\r\n\r\nMSG foo.> 1 0\r\n\r\nPONG\r\n"}},
	{"pub with control characters", "", []string{quiet, "> PUB a\x00b 0\r\n\r\nPUB a b\x7f 0\r\n\r\nPING\r\n", "< " + strings.Repeat("-ERR 'Invalid Publish Subject'\r\n", 2) + "PONG\r\n"}},
	{"non-UTF-8 subject", "", []string{quiet, "> SUB \xff\xfe 1\r\nPUB \xff\xfe 0\r\n\r\nPING\r\n", "< MSG \xff\xfe 1 0\r\n\r\nPONG\r\n"}},
	{"pedantic", "", []string{"> CONNECT {\"verbose\":false,\"pedantic\":true}\r\nSUB foo.* 1\r\nPUB foo.* 0\r\n\r\nPUB a..b 0\r\n\r\nPUB foo.a 0\r\n\r\nPING\r\n",
		"< -ERR 'Invalid Publish Subject'\r\nMSG foo.* 1 0\r\n\r\n-ERR 'Invalid Publish Subject'\r\nMSG foo.a 1 0\r\n\r\nPONG\r\n"}},
	{"pedantic and verbose", "", []string{"> CONNECT {}\r\nPUB foo.* 0\r\n\r\n", "< +OK\r\n-ERR 'Invalid Publish Subject'\r\n+OK\r\n"}},

	{"headers", "", []string{quiet, "> SUB a 1\r\nHPUB a r 18 20\r\n" + block + "hi\r\nHPUB a 18 18\r\n" + block + "\r\nPING\r\n",
		"< HMSG a 1 r 18 20\r\n" + block + "hi\r\nHMSG a 1 18 18\r\n" + block + "\r\nPONG\r\n"}},
	{"header size zero", "", []string{quiet, "> SUB a 1\r\nHPUB a 0 2\r\nhi\r\nPING\r\n", "< MSG a 1 2\r\nhi\r\nPONG\r\n"}},
	{"headers not asked for", "", []string{"> CONNECT {\"verbose\":false}\r\nHPUB a 18 18\r\n" + block + "\r\n", "!"}},
	{"headers not asked for, message to come", "", []string{"> CONNECT {\"verbose\":false}\r\nHPUB a 18 18\r\n", "!"}},
	{"header longer than all", "", []string{quiet, "> HPUB a 18 17\r\n", "!"}},
	{"headers not supported", "no_header_support: true", []string{"> CONNECT {\"verbose\":false,\"headers\":true}\r\nHPUB a 18 18\r\n", "!"}},

	{"no responders", "", []string{quiet, "> SUB _INBOX.x.* 1\r\nPUB nobody _INBOX.x.1 0\r\n\r\nPING\r\n",
		"< HMSG _INBOX.x.1 1 38 38\r\nNATS/1.0 503\r\nNats-Subject: nobody\r\n\r\n\r\nPONG\r\n"}},
	{"no responders without reply subscription", "", []string{quiet, "> PUB nobody _INBOX.x.1 0\r\n\r\nPING\r\n", "< PONG\r\n"}},
	{"responders there", "", []string{quiet, "> SUB _INBOX.x.* 1\r\nSUB svc 2\r\nPUB svc _INBOX.x.1 0\r\n\r\nPING\r\n", "< MSG svc 2 _INBOX.x.1 0\r\n\r\nPONG\r\n"}},
	{"no responders needs headers", "", []string{"> CONNECT {\"verbose\":false,\"no_responders\":true}\r\n", "< -ERR 'no responders requires headers support'\r\n", "!"}},
	{"protocol 2", "", []string{"> CONNECT {\"protocol\":2}\r\n", "< -ERR 'invalid client protocol'\r\n", "!"}},
	{"protocol -1", "", []string{"> CONNECT {\"protocol\":-1}\r\n", "< -ERR 'invalid client protocol'\r\n", "!"}},
	{"account", "", []string{"> CONNECT {\"account\":\"x\"}\r\n", "< -ERR 'Authorization Violation'\r\n", "!"}},
	{"CONNECT twice", "", []string{quiet, "> SUB a 1\r\nCONNECT {\"verbose\":true}\r\nPUB a 0\r\n\r\nPING\r\n", "< +OK\r\n+OK\r\nPONG\r\n"}},
	{"CONNECT twice keeps what the second leaves out", "", []string{quiet, "> CONNECT {}\r\nSUB a 1\r\nPING\r\n", "< PONG\r\n"}},
	{"CONNECT without JSON", "", []string{"> CONNECT x\r\n", "!"}},
	{"CONNECT with bad JSON", "", []string{"> CONNECT {\"verbose\":1}\r\n", "!"}},

	{"unknown verb", "", []string{"> FOO\r\n", "< -ERR 'Unknown Protocol Operation'\r\n", "!"}},
	{"unknown at the first byte", "", []string{"> X", "< -ERR 'Unknown Protocol Operation'\r\n", "!"}},
	{"http", "", []string{"> GET / HTTP/1.1\r\n\r\n", "< -ERR 'Unknown Protocol Operation'\r\n", "!"}},
	{"empty line", "", []string{quiet, "> \r\n", "< -ERR 'Unknown Protocol Operation'\r\n", "!"}},
	{"server verb", "", []string{quiet, "> MSG a 1 0\r\n\r\n", "< -ERR 'Unknown Protocol Operation'\r\n", "!"}},
	{"payload longer than said", "", []string{quiet, "> PUB a 2\r\nhix\r\n", "< -ERR 'Unknown Protocol Operation'\r\n", "!"}},
	{"info and ok are ignored", "", []string{quiet, "> INFO {}\r\n+OK\r\nPING\r\n", "< PONG\r\n"}},
	{"err closes", "", []string{quiet, "> -ERR 'x'\r\n", "!"}},
	{"pub without size", "", []string{quiet, "> PUB a\r\n", "!"}},
	{"pub with bad size", "", []string{quiet, "> PUB a -1\r\n", "!"}},
	{"pub with too many", "", []string{quiet, "> PUB a b c 1\r\n", "!"}},
	{"sub with one", "", []string{quiet, "> SUB a\r\n", "!"}},
	{"sub with four", "", []string{quiet, "> SUB a b c d\r\n", "!"}},
	{"unsub with none", "", []string{quiet, "> UNSUB \r\n", "!"}},
	{"max payload", "max_payload: 10", []string{quiet, "> PUB a 10\r\n0123456789\r\nPUB a 11\r\n", "< -ERR 'Maximum Payload Violation'\r\n", "!"}},
	{"max payload counts headers", "max_payload: 18", []string{quiet, "> HPUB a 18 18\r\n" + block + "\r\nHPUB a 18 19\r\n", "< -ERR 'Maximum Payload Violation'\r\n", "!"}},
	{"what came before an error is delivered", "max_payload: 10", []string{quiet, "> SUB a 1\r\nPUB a 1\r\nx\r\nPUB a 11\r\n", "< MSG a 1 1\r\nx\r\n-ERR 'Maximum Payload Violation'\r\n", "!"}},
	{"max control line", "max_control_line: 100", []string{"> SUB " + strings.Repeat("a", 101) + "\r\n", "< -ERR 'maximum control line exceeded'\r\n", "!"}},
	{"max control line without end", "max_control_line: 100", []string{"> SUB " + strings.Repeat("a", 101), "< -ERR 'maximum control line exceeded'\r\n", "!"}},
	{"max subscriptions", "max_subscriptions: 2", []string{quiet, "> SUB a 1\r\nSUB b 2\r\nSUB c 3\r\nUNSUB 1\r\nSUB c 3\r\nUNSUB 3 1\r\nPUB c 0\r\n\r\nSUB d 4\r\nPING\r\n",
		"< -ERR 'maximum subscriptions exceeded'\r\nMSG c 3 0\r\n\r\nPONG\r\n"}},
	{"max sub tokens", "max_sub_tokens: 2", []string{quiet, "> SUB a.b 1\r\nSUB a.b.c 2\r\nPING\r\n", "< -ERR 'Permissions Violation for Subscription to \"a.b.c\", too many tokens'\r\nPONG\r\n"}},
	{"reserved subjects", "", []string{quiet, "> PUB _GR_.x 0\r\n\r\nPUB $NRG.x 0\r\n\r\nPUB a _R_.x 0\r\n\r\nPUB a $JS.ACK.x 0\r\n\r\nPUB a _GR_.x 0\r\n\r\nSUB a _sys_ 1\r\nPUB $JS.ACK.x 0\r\n\r\nPING\r\n",
		"< -ERR 'Permissions Violation for Publish to \"_GR_.x\"'\r\n-ERR 'Permissions Violation for Publish to \"$NRG.x\"'\r\n" +
			"-ERR 'Permissions Violation for Publish with Reply of \"_R_.x\"'\r\n-ERR 'Permissions Violation for Publish with Reply of \"$JS.ACK.x\"'\r\n" +
			"-ERR 'Permissions Violation for Publish with Reply of \"_GR_.x\"'\r\n-ERR 'Permissions Violation for Subscription to \"a\" using queue \"_sys_\"'\r\nPONG\r\n"}},

	{"auth by password", auth, []string{"> CONNECT {\"verbose\":false,\"user\":\"a\",\"pass\":\"pw\"}\r\nPING\r\n", "< PONG\r\n"}},
	{"auth with a wrong password", auth, []string{"> CONNECT {\"verbose\":false,\"user\":\"a\",\"pass\":\"no\"}\r\nPING\r\n", "< -ERR 'Authorization Violation'\r\n", "!"}},
	{"auth without credentials", auth, []string{"> CONNECT {}\r\n", "< -ERR 'Authorization Violation'\r\n", "!"}},
	{"auth, another verb first", auth, []string{"> PING\r\n", "< -ERR 'Authorization Violation'\r\n", "!"}},
	{"auth, nonsense first", auth, []string{"> X", "< -ERR 'Authorization Violation'\r\n", "!"}},
	{"auth by token", "authorization { token: tok }", []string{"> CONNECT {\"verbose\":false,\"auth_token\":\"tok\"}\r\nPING\r\n", "< PONG\r\n"}},
	{"auth again with wrong credentials", auth, []string{"> CONNECT {\"verbose\":false,\"user\":\"a\",\"pass\":\"pw\"}\r\nPING\r\nCONNECT {\"user\":\"a\",\"pass\":\"no\"}\r\n",
		"< PONG\r\n-ERR 'Authorization Violation'\r\n", "!"}},
	{"denied publish", perms, []string{asA, "> PUB x 0\r\n\r\nPUB pub.no 0\r\n\r\nPUB pub.yes 0\r\n\r\nPING\r\n",
		"< -ERR 'Permissions Violation for Publish to \"x\"'\r\n-ERR 'Permissions Violation for Publish to \"pub.no\"'\r\nPONG\r\n"}},
	{"denied publish, verbose", perms, []string{"> CONNECT {\"pedantic\":false,\"user\":\"a\",\"pass\":\"pw\"}\r\nPUB x 0\r\n\r\nPUB pub.yes 0\r\n\r\n",
		"< +OK\r\n-ERR 'Permissions Violation for Publish to \"x\"'\r\n+OK\r\n"}},
	{"denied publish is no 503", perms, []string{`> CONNECT {"verbose":false,"headers":true,"no_responders":true,"user":"a","pass":"pw"}` + "\r\n",
		"> SUB _INBOX.> 1\r\nPUB x _INBOX.1 0\r\n\r\nPING\r\n", "< -ERR 'Permissions Violation for Publish to \"x\"'\r\nPONG\r\n"}},
	{"denied subscriptions", perms, []string{asA, "> SUB x 1\r\nSUB q.a 2\r\nSUB q.a grp 3\r\nSUB q.a other 4\r\nSUB sub.no 5\r\nSUB sub.> 6\r\nPING\r\n",
		"< -ERR 'Permissions Violation for Subscription to \"x\"'\r\n-ERR 'Permissions Violation for Subscription to \"q.a\"'\r\n" +
			"-ERR 'Permissions Violation for Subscription to \"q.a\" using queue \"other\"'\r\n-ERR 'Permissions Violation for Subscription to \"sub.no\"'\r\nPONG\r\n"}},
}

// A way is how the bytes of a conversation go.
type way struct {
	name string
	step int // bytes of a write; 0: all
	dial func(testing.TB, *gateway.Gateway) *client
}

var ways = []way{
	{"TCP", 0, func(tb testing.TB, g *gateway.Gateway) *client { return dial(tb, g, 0) }},
	{"TCP, byte by byte", 1, func(tb testing.TB, g *gateway.Gateway) *client { return dial(tb, g, 0) }},
	{"WebSocket, byte by byte", 1, func(tb testing.TB, g *gateway.Gateway) *client { return dialWeb(tb, g, false) }},
	{"WebSocket, compressed", 0, func(tb testing.TB, g *gateway.Gateway) *client { return dialWeb(tb, g, true) }},
}

func TestConversations(t *testing.T) {
	for _, c := range slices.Concat(conversations, spellings) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, w := range ways {
				t.Run(w.name, func(t *testing.T) {
					client := w.dial(t, gatewaytest.Start(t, c.conf+webBlock("no_tls: true")))
					client.info()
					client.step = w.step
					client.play(c.script)
				})
			}
		})
	}
}

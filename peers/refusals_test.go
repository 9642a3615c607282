package peers

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"leafgate/internal/peer"
)

// refusals are configurations that nobody takes. ours is what Leafgate says, behind file, line and column.
var refusals = []struct {
	name, accounts, ours string
	alone                bool // nats-server takes it, always or now and then
}{
	{name: "stream that is not exported", accounts: `A { users: [{user: a, password: a}] }, B { imports: [{stream: {account: A, subject: x}}] }`, ours: `stream import not authorized`},
	{name: "service that is not exported", accounts: `A { exports: [{stream: x}] }, B { imports: [{service: {account: A, subject: x}}] }`, ours: `service import not authorized`},
	{name: "stream wider than exported", accounts: `A { exports: [{stream: "x.*"}] }, B { imports: [{stream: {account: A, subject: "x.>"}}] }`, ours: `stream import not authorized`},
	{name: "service wider than exported", accounts: `A { exports: [{service: "x.*"}] }, B { imports: [{service: {account: A, subject: ">"}}] }`, ours: `service import not authorized`},
	{name: "stream for others", accounts: `A { exports: [{stream: x, accounts: [C]}] }, B { imports: [{stream: {account: A, subject: x}}] }, C {}`, ours: `stream import not authorized`},
	{name: "service for others", accounts: `A { exports: [{service: x, accounts: [C]}] }, B { imports: [{service: {account: A, subject: x}}] }, C {}`, ours: `service import not authorized`},
	{name: "stream for an empty list", accounts: `A { exports: [{stream: x, accounts: []}] }, B { imports: [{stream: {account: A, subject: x}}] }`, ours: `stream import not authorized`, alone: true},
	{name: "service for nobody", accounts: `A { exports: [{service: x, accounts: [Z]}] }`, ours: `"Z"`},
	{name: "somebody else's token", accounts: `A { exports: [{service: "x.*", account_token_position: 2}] }, B { imports: [{service: {account: A, subject: x.C}}] }`, ours: `service import not authorized`},
	{name: "no token there", accounts: `A { exports: [{service: "x.*", account_token_position: 1}] }`, ours: `token`},
	{name: "token too far", accounts: `A { exports: [{service: "x.*", account_token_position: 3}] }`, ours: `token`},
	{name: "services in a circle", accounts: `A { exports: [{service: x}], imports: [{service: {account: B, subject: x}}] }, B { exports: [{service: x}], imports: [{service: {account: A, subject: x}}] }`, ours: `import forms a cycle`},
	{name: "services in a larger circle", accounts: `A { exports: [{service: "q.*"}], imports: [{service: {account: B, subject: q.1}}] }, B { exports: [{service: "q.*"}], imports: [{service: {account: C, subject: "q.*"}}] },
		C { exports: [{service: "q.*"}], imports: [{service: {account: A, subject: q.1}}] }`, ours: `import forms a cycle`},
	{name: "services in a circle under other names", accounts: `A { exports: [{service: help}], imports: [{service: {account: B, subject: help}}] }, B { exports: [{service: help}], imports: [{service: {account: C, subject: help}}] },
		C { exports: [{service: ">"}], imports: [{service: {account: A, subject: help}, to: "help"}] }`, ours: `import forms a cycle`},
	{name: "streams in a circle", accounts: `A { exports: [{stream: x}], imports: [{stream: {account: B, subject: x}}] }, B { exports: [{stream: x}], imports: [{stream: {account: A, subject: x}}] }`, ours: `import forms a cycle`},
	{name: "service from oneself under its name", accounts: `A { exports: [{service: x}], imports: [{service: {account: A, subject: x}}] }`, ours: `cycle`, alone: true},
	{name: "destination twice", accounts: `A { mappings { x: [{destination: y, weight: 20}, {destination: y, weight: 20}] } }`, ours: `duplicate`},
	{name: "unknown system account", accounts: `A {} }, system_account: B, z {`, ours: `B`},
	{name: "stream twice", accounts: `A { exports: [{stream: "x.>"}] }, B { imports: [{stream: {account: A, subject: x.y}}, {stream: {account: A, subject: x.y}}] }`, ours: `twice`},
	{name: "stream twice under other names", accounts: `A { exports: [{stream: "x.>"}] }, B { imports: [{stream: {account: A, subject: x.y}}, {stream: {account: A, subject: x.y}, to: z}] }`, ours: `twice`},
	{name: "service twice", accounts: `A { exports: [{service: "x.>"}] }, B { imports: [{service: {account: A, subject: x.y}}, {service: {account: A, subject: x.y}}] }`, ours: `twice`},
	{name: "two services under one name", accounts: `A { exports: [{service: "x.>"}] }, B { imports: [{service: {account: A, subject: x.y}, to: z}, {service: {account: A, subject: x.z}, to: z}] }`, ours: `twice`},
	{name: "from nowhere", accounts: `B { imports: [{stream: {account: A, subject: x}}] }`, ours: `"A"`},
	{name: "prefix with a wildcard", accounts: `A { exports: [{stream: "x.>"}] }, B { imports: [{stream: {account: A, subject: x.y}, prefix: "a.*"}] }`, ours: `prefix`},
	{name: "to and prefix", accounts: `A { exports: [{stream: "x.>"}] }, B { imports: [{stream: {account: A, subject: x.y}, prefix: a, to: b}] }`, ours: `prefix`, alone: true},
	{name: "wildcard that is not used", accounts: `A { exports: [{stream: "x.*.*"}] }, B { imports: [{stream: {account: A, subject: "x.*.*"}, to: "y.$1"}] }`, ours: `not using`},
	{name: "wildcard that is not there", accounts: `A { exports: [{service: "x.*"}] }, B { imports: [{service: {account: A, subject: "x.*"}, to: "y.$2"}] }`, ours: `wildcard`},
	{name: "stream and service", accounts: `A { exports: [{stream: x, service: y}] }`, ours: `not both`},
	{name: "export of nothing", accounts: `A { exports: [{accounts: [B]}] }, B {}`, ours: `needs a stream or a service`, alone: true},
	{name: "import of nothing", accounts: `A { imports: [{to: x}] }`, ours: `needs a stream or a service`, alone: true},
	{name: "response type of a stream", accounts: `A { exports: [{stream: x, response_type: stream}] }`, ours: `only services`},
	{name: "unknown response type", accounts: `A { exports: [{service: x, response_type: many}] }`, ours: `single, stream or chunked`},
	{name: "weights beyond everything", accounts: `A { mappings { x: [{destination: y, weight: 60}, {destination: z, weight: 60}] } }`, ours: `weight`},
	{name: "weight that is none", accounts: `A { mappings { x: [{destination: y, weight: "110%"}] } }`, ours: `weight`},
	{name: "bad destination", accounts: `A { mappings { "x.*": "y.$2" } }`, ours: `wildcard`},
	{name: "account twice", accounts: `A { users: [{user: a, password: a}] }, B { users: [{user: a, password: b}] }`, ours: `"a" is there twice`},
	{name: "account of everybody", accounts: `"$G" { users: [{user: a, password: a}] }`, ours: `\$G`},
}

// What the peer refuses is refused with the place where it stands.
func TestRefusals(t *testing.T) {
	t.Parallel()
	theirs, err := peer.Binary(t.Context(), "nats-server")
	must(t, err)
	ours, err := peer.Leafgate(t.Context())
	must(t, err)
	place := regexp.MustCompile(`server\.conf:[1-9]\d*:[1-9]\d*: `)
	for _, tt := range refusals {
		t.Run(tt.name, func(t *testing.T) {
			if said, refused := tryConfig(t, theirs, "accounts { "+tt.accounts+" }"); !refused && !tt.alone {
				t.Errorf("the peer says: %s", said)
			}
			said, refused := tryConfig(t, ours, "accounts { "+tt.accounts+" }")
			if at := place.FindStringIndex(said); !refused || at == nil || !regexp.MustCompile(tt.ours).MatchString(said[at[1]:]) {
				t.Errorf("refused %v: %s", refused, said)
			}
		})
	}
}

// tryConfig returns what a server says about a configuration, and whether it refuses it.
func tryConfig(t *testing.T, path, text string) (said string, refused bool) {
	t.Helper()
	conf := filepath.Join(t.TempDir(), "server.conf")
	must(t, os.WriteFile(conf, []byte(text), 0o600))
	out, err := exec.CommandContext(t.Context(), path, "-t", "-c", conf).CombinedOutput()
	if _, refused = errors.AsType[*exec.ExitError](err); err != nil && !refused {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out)), refused
}

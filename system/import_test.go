package system_test

import (
	"strings"
	"testing"

	"leafgate/internal/peer"
)

// lent is a system account that lets another one see a part of it.
const lent = `
server_name: shape
system_account: SYS
accounts {
  SYS {
    users: [ { user: sys, password: sys } ]
    exports: [ { service: "$SYS.REQ.SERVER.PING.VARZ", accounts: [A] }, { stream: "$SYS.ACCOUNT.*.CONNECT", accounts: [A] } ]
  }
  A {
    users: [ { user: ann, password: ann } ]
    imports: [ { service: { account: SYS, subject: "$SYS.REQ.SERVER.PING.VARZ" }, to: "look" }, { stream: { account: SYS, subject: "$SYS.ACCOUNT.*.CONNECT" } } ]
  }
  B { users: [ { user: bob, password: bob } ] }
}
`

// TestImportsFromTheSystemAccount: what is exported there can be asked and heard elsewhere, as anything else.
func TestImportsFromTheSystemAccount(t *testing.T) {
	for _, name := range peer.Servers() {
		t.Run(name, func(t *testing.T) {
			s := peer.Start(t, name, lent)
			ann := login(t, s.URL, "ann")
			if got := ask(t, ann, "look", ""); !strings.Contains(got, `"server_name":"shape"`) {
				t.Errorf("the service: %s", got)
			}
			heard := listen(t, ann, "$SYS.ACCOUNT.*.CONNECT")
			bob := login(t, s.URL, "bob")
			if m := next(t, heard, "$SYS.ACCOUNT.B.CONNECT"); !strings.Contains(string(m.Data), `"user":"bob"`) {
				t.Errorf("the event: %s", m.Data)
			}
			if got := ask(t, bob, "look", ""); got != nobody {
				t.Errorf("another account: %s", got)
			}
			if got := ask(t, bob, "$SYS.REQ.USER.INFO", ""); !strings.Contains(got, `"user":"bob"`) {
				t.Errorf("another account: %s", got)
			}
		})
	}
}

package peers

import (
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"leafgate/internal/peer"
)

// tenancy is a configuration in which imports of B, and users, come and go.
func tenancy(imports, users string) string {
	return fmt.Sprintf(`accounts {
	A { users: [{user: a, password: a}], exports: [{stream: "s.>"}, {service: q}] }
	B { users: [{user: b, password: b}, %s], imports: [%s] }
	C { users: [{user: c, password: c}], imports: [{stream: {account: A, subject: "s.>"}, prefix: c}] } }`, users, imports)
}

// A reload connects accounts and takes them apart under connections that stay: what has not changed is not touched, and
// who is gone has to leave.
func TestReloadOfAccounts(t *testing.T) {
	if !peer.CanReload {
		t.Skip("no signals here")
	}
	const guest, second, third = `{user: guest, password: guest}`, `{user: second, password: second}`, `{user: third, password: third}`
	const both = `{stream: {account: A, subject: "s.>"}, prefix: b}, {service: {account: A, subject: q}, to: ask}`
	onEach(t, tenancy("", guest), func(t *testing.T, s *peer.Server) {
		u := &users{t, s, nil, map[string]*speaker{}}
		u.play("a sub q", "b sub b.>", "c sub c.>", "guest sub x", "a pub s.1 1", "c got c.s.1 1", "b none", "b ask ask ?", "b nobody ask")
		s.Reload(tenancy(both, guest+","+second))
		u.until("second")
		u.play("a pub s.2 2", "c got c.s.2 2", "b got b.s.2 2", "b ask ask ?", "a got q ?", "a answer !", "b got _INBOX.bx !", "b sub b.s.3", "a pub s.3 3",
			"b got b.s.3 3", "b got b.s.3 3", "c got c.s.3 3", "guest pub x 1", "guest got x 1")
		s.Reload(tenancy(`{stream: {account: A, subject: "s.>"}, prefix: d}`, third))
		u.until("third")
		gone := u.speaker("guest").conn
		for end := time.Now().Add(patience); !gone.IsClosed(); {
			if time.Now().After(end) {
				t.Fatal("a user that is gone may stay")
			}
			_ = gone.FlushTimeout(10 * time.Millisecond)
		}
		delete(u.byName, "guest")
		u.play("b sub d.>", "a pub s.4 4", "c got c.s.4 4", "b got d.s.4 4", "b none", "b ask ask ?", "b nobody ask", "a none")
		for name, one := range u.byName {
			if one.conn.Stats().Reconnects > 0 || !one.conn.IsConnected() {
				t.Errorf("%s was touched", name)
			}
		}
	})
}

// until returns when a new user can come in.
func (u *users) until(name string) {
	u.Helper()
	for end := time.Now().Add(patience); ; {
		nc, err := nats.Connect(u.server.URL, u.options(name)...)
		if err == nil {
			nc.Close()
			return
		}
		if time.Now().After(end) {
			u.Fatalf("%s does not come in: %v", name, err)
		}
	}
}

package system_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"golang.org/x/crypto/bcrypt"
)

// TestNoSecretsShown asks every service, hears every event, and looks for secrets that were configured or sent, right and
// wrong ones.
func TestNoSecretsShown(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("S3cret-hashed"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	_, url := start(t, fmt.Sprintf(`
system_account: SYS
accounts {
  SYS { users: [ { user: sys, password: "S3cret-sys" } ] }
  A { users: [ { user: ann, password: "S3cret-ann" }, { user: hash, password: %q } ] }
}
`, hash))
	as := func(user, pass string) (*nats.Conn, error) {
		return nats.Connect(url, nats.UserInfo(user, pass), nats.NoReconnect(), nats.Timeout(patience))
	}
	sys, err := as("sys", "S3cret-sys")
	if err != nil {
		t.Fatal(err)
	}
	defer sys.Close()
	heard := listen(t, sys, "$SYS.ACCOUNT.>", "$SYS.SERVER.>")
	hashed, err := as("hash", "S3cret-hashed")
	if err != nil {
		t.Fatal(err)
	}
	hashed.Close()
	for _, who := range [][2]string{{"ann", "S3cret-wrong"}, {"S3cret-user", "x"}, {"", "S3cret-pass"}} {
		if nc, err := as(who[0], who[1]); err == nil {
			nc.Close()
			t.Errorf("%v gets in", who)
		}
	}
	ann, err := as("ann", "S3cret-ann")
	if err != nil {
		t.Fatal(err)
	}
	defer ann.Close()
	look := func(what, text string) {
		t.Helper()
		for _, secret := range []string{"S3cret", string(hash), "$2a$"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s shows %s: %s", what, secret, text)
			}
		}
	}
	for range 3 { // of those who were refused
		look("the event", string(next(t, heard, "$SYS.ACCOUNT.$G.DISCONNECT").Data))
	}
	for len(heard) > 0 {
		m := <-heard
		look(m.Subject, string(m.Data))
	}
	bodies := map[string]string{"CONNZ": `{"auth":true,"subscriptions_detail":true,"state":2}`, "ACCOUNTZ": `{"account":"A"}`, "SUBSZ": `{"subscriptions":true}`,
		"KICK": `{"cid":0,"pass":"S3cret-body"}`, "LDM": `{"cid":"S3cret-body"}`, "RELOAD": `{"S3cret-body`}
	for _, name := range []string{"IDZ", "STATSZ", "VARZ", "SUBSZ", "CONNZ", "ROUTEZ", "GATEWAYZ", "LEAFZ", "ACCOUNTZ", "JSZ", "HEALTHZ", "IPQUEUESZ",
		"RAFTZ", "PROFILEZ", "EXPVARZ", "KICK", "LDM", "RELOAD"} {
		look(name, ask(t, sys, "$SYS.REQ.SERVER."+sys.ConnectedServerId()+"."+name, bodies[name]))
	}
	for _, name := range []string{"SUBSZ", "CONNZ", "LEAFZ", "JSZ", "INFO", "STATZ", "CONNS"} {
		look(name, ask(t, sys, "$SYS.REQ.ACCOUNT.A."+name, bodies[name]))
	}
	for _, subject := range []string{"$SYS.REQ.USER.INFO", "$SYS.REQ.ACCOUNT.PING.CONNZ", "$SYS.REQ.ACCOUNT.PING.STATZ"} {
		look(subject, ask(t, ann, subject, `{"auth":true}`))
	}
}

package auth_test

import (
	"fmt"
	"runtime"
	"sync"
	"testing"

	"leafgate/auth"
	"leafgate/core"
)

const templated = `publish: "dev.{{clientid}}"`

func TestOneIdentityForAClientID(t *testing.T) {
	r := newAuthority(t, fleet("ann", templated)).Default()
	d1, d2, none := login(t, r, "ann", "d1"), login(t, r, "ann", "d2"), login(t, r, "ann", "")
	if d1 == d2 || d1 == none || d1.Perms == d2.Perms {
		t.Error("two client ids have the same identity")
	}
	if d1.User != "ann" || d1.Account != none.Account || d1.Base != none || none.Base != nil {
		t.Errorf("got %+v as a variant of %+v", d1, none)
	}
	if login(t, r, "ann", "d1") != d1 {
		t.Error("the same client id has another identity")
	}
	r = newAuthority(t, fleet("ann", `publish: "dev.{{user}}"`)).Default()
	if login(t, r, "ann", "d1") != login(t, r, "ann", "d2") {
		t.Error("client ids have their own identities where nothing depends on them")
	}
}

func TestReloadKeepsVariants(t *testing.T) {
	a := newAuthority(t, fleet("ann", templated))
	id := login(t, a.Default(), "ann", "d1")
	r := reload(t, a, fleet("ann", `publish: ["dev.{{clientid}}"]`))
	if !r.Valid(id) || login(t, r, "ann", "d1") != id {
		t.Error("nothing has changed, and the identity is not valid or another one")
	}
	r = reload(t, a, fleet("ann", `publish: "dev.{{clientid}}.x"`))
	if r.Valid(id) {
		t.Error("rights have changed, and the identity is valid")
	}
	if login(t, r, "ann", "d1") == id {
		t.Error("rights have changed, and the identity has not")
	}
	if r := reload(t, a, fleet("bob", templated)); r.Valid(id) {
		t.Error("the user is gone, and the identity is valid")
	}
}

// A filter and the subjects it stands for are the same rights.
func TestReloadTakesSpellingsForTheSame(t *testing.T) {
	a := newAuthority(t, fleet("ann", `publish: "mqtt:fab/{{clientid}}/#"`))
	id := login(t, a.Default(), "ann", "d1")
	if !reload(t, a, fleet("ann", `publish: ["fab.{{clientid}}.>", "fab.{{clientid}}"]`)).Valid(id) {
		t.Error("the identity is not valid any more")
	}
}

func TestValidKnowsNobodyElse(t *testing.T) {
	r := newAuthority(t, fleet("ann", templated)).Default()
	if r.Valid(nil) || r.Valid(&core.Identity{User: "ann"}) {
		t.Error("an identity from elsewhere is valid")
	}
}

func TestLookup(t *testing.T) {
	const users = `authorization { users: [ { user: ann, password: pw, permissions { ` + templated + ` } }, { user: bob, password: pw } ] }` + "\n"
	for _, tt := range []struct {
		name, text, user string
		c                *auth.Credentials // who gets the same identity; nil: nobody
	}{
		{name: "user", text: users, user: "ann", c: &auth.Credentials{User: "ann", Pass: "pw", ClientID: "d1"}},
		{name: "user without templates", text: users, user: "bob", c: &auth.Credentials{User: "bob", Pass: "pw"}},
		{name: "unknown", text: users, user: "zoe"},
		{name: "nobody", text: users},
		{name: "token name, no token", text: users, user: "[token]"},
		{name: "no_auth_user", text: users + "no_auth_user: ann", c: &auth.Credentials{ClientID: "d1"}},
		{name: "no_auth_user by name", text: users + "no_auth_user: ann", user: "ann", c: &auth.Credentials{ClientID: "d1"}},
		{name: "unknown beside no_auth_user", text: users + "no_auth_user: ann", user: "zoe"},
		{name: "token", text: "authorization { token: t }", user: "[token]", c: &auth.Credentials{Token: "t"}},
		{name: "user, token now", text: "authorization { token: t }", user: "ann"},
		{name: "nobody, token now", text: "authorization { token: t }"},
		{name: "open", c: &auth.Credentials{}},
		{name: "user, open now", user: "ann", c: &auth.Credentials{User: "ann"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newAuthority(t, tt.text).Default()
			id, ok := r.Lookup(auth.ProtocolMQTT, tt.user, "d1")
			if ok != (tt.c != nil) || ok != (id != nil) {
				t.Fatalf("Lookup = %+v, %v", id, ok)
			}
			if tt.c == nil {
				return
			}
			want, err := r.Authenticate(tt.c)
			if err != nil || id != want || !r.Valid(id) {
				t.Errorf("Lookup = %+v, Authenticate = %+v, %v", id, want, err)
			}
		})
	}
}

// What nobody uses is not kept: client ids are chosen by peers, and there is no end to them.
func TestVariantsAreForgotten(t *testing.T) {
	r := newAuthority(t, fleet("ann", templated)).Default()
	kept := login(t, r, "ann", "kept")
	var ended sync.WaitGroup
	for i := range 100 {
		ended.Add(1)
		runtime.AddCleanup(login(t, r, "ann", fmt.Sprint(i)), func(int) { ended.Done() }, 0)
	}
	runtime.GC()
	ended.Wait()
	if login(t, r, "ann", "kept") != kept {
		t.Error("an identity in use was forgotten")
	}
	runtime.KeepAlive(kept)
}

func TestConcurrentVariants(t *testing.T) {
	a := newAuthority(t, fleet("ann", templated))
	ids := make([]*core.Identity, 64)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			r, client := a.Default(), fmt.Sprint(i%8)
			id, err := r.Authenticate(&auth.Credentials{User: "ann", Pass: "pw", ClientID: client})
			again, ok := r.Lookup(auth.ProtocolMQTT, "ann", client)
			if err != nil || !ok || id != again || !r.Valid(id) || !id.Perms.CanPublish([]byte("dev."+client)) {
				t.Errorf("client id %s: %+v, %+v, %v", client, id, again, err)
			}
			ids[i] = id
		})
	}
	reload(t, a, fleet("ann", templated))
	wg.Wait()
	for i, id := range ids {
		if id != ids[i%8] {
			t.Errorf("client id %d: two identities", i%8)
		}
	}
}

// What is asked for every peer in a reload, and for one that comes back, allocates nothing.
func TestAllocations(t *testing.T) {
	r := newAuthority(t, fleet("ann", templated)).Default()
	c := &auth.Credentials{User: "ann", Pass: "pw", ClientID: "d1"}
	id := login(t, r, "ann", "d1")
	for name, f := range map[string]func(){
		"Valid":        func() { r.Valid(id) },
		"Lookup":       func() { _, _ = r.Lookup(auth.ProtocolMQTT, "ann", "d1") },
		"Authenticate": func() { _, _ = r.Authenticate(c) },
	} {
		if n := testing.AllocsPerRun(10, func() {
			for range 1000 {
				f()
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations in 1000 calls, want 0", name, n)
		}
	}
	runtime.KeepAlive(id)
}

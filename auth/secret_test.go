package auth_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"leafgate/auth"
)

// slow makes a hash whose check takes a while.
func slow(t *testing.T, password string, cost int) string {
	t.Helper()
	b, err := bcrypt.GenerateFromPassword([]byte(password), cost)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Who comes too late is told so, right or wrong, without a check; what has passed needs none, and what is in clear neither.
func TestTooLate(t *testing.T) {
	rules := newAuthority(t, `authorization { users: [ { user: ann, password: "`+slow(t, "apple", 4)+`" }, { user: bob, password: pear } ] }`).Default()
	late := time.Now().Add(-time.Second)
	tests := []struct {
		name string
		c    auth.Credentials
		want error // nil: comes in
	}{
		{"right", auth.Credentials{User: "ann", Pass: "apple", By: late}, auth.ErrBusy},
		{"wrong", auth.Credentials{User: "ann", Pass: "pear", By: late}, auth.ErrBusy},
		{"unknown user", auth.Credentials{User: "zoe", Pass: "pear", By: late}, auth.ErrBusy},
		{"in clear", auth.Credentials{User: "bob", Pass: "pear", By: late}, nil},
		{"in clear, wrong", auth.Credentials{User: "bob", Pass: "x", By: late}, auth.ErrDenied},
		{"in time", auth.Credentials{User: "ann", Pass: "apple"}, nil},
		{"right, again", auth.Credentials{User: "ann", Pass: "apple", By: late}, nil},
		{"wrong, again", auth.Credentials{User: "ann", Pass: "pear", By: late}, auth.ErrBusy},
	}
	for _, tt := range tests {
		id, err := rules.Authenticate(&tt.c)
		if tt.want == nil && err != nil || tt.want != nil && (!errors.Is(err, tt.want) || !errors.Is(err, auth.ErrDenied) || id != nil) {
			t.Errorf("%s: %+v, %v; want %v", tt.name, id, err, tt.want)
		}
		if tt.want == auth.ErrDenied && errors.Is(err, auth.ErrBusy) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// Ten thousand devices with one password that come at once cost one check, or one for each that may run at the same time: for
// a check of each there is not enough time.
func TestOneCheckForAll(t *testing.T) {
	rules := newAuthority(t, `authorization { user: fleet, password: "`+slow(t, "apple", 8)+`" }`).Default()
	by := time.Now().Add(time.Minute)
	var wg sync.WaitGroup
	for range 10_000 {
		wg.Go(func() {
			if _, err := rules.Authenticate(&auth.Credentials{User: "fleet", Pass: "apple", By: by}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// Hashes run on half of the processors at most, so that there is always one for what is live.
func TestChecksAreBounded(t *testing.T) {
	var users strings.Builder
	const devices = 24
	secret := slow(t, "apple", 8)
	for i := range devices {
		fmt.Fprintf(&users, "{ user: d%d, password: %q }\n", i, secret)
	}
	rules := newAuthority(t, "authorization { users: [ "+users.String()+" ] }").Default()
	most, by := max(1, runtime.GOMAXPROCS(0)/2), time.Now().Add(time.Minute)
	running := func() int {
		buf := make([]byte, 1<<20)
		return strings.Count(string(buf[:runtime.Stack(buf, true)]), "bcrypt.CompareHashAndPassword(")
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	for i := range devices {
		wg.Go(func() {
			if _, err := rules.Authenticate(&auth.Credentials{User: fmt.Sprintf("d%d", i), Pass: "apple", By: by}); err != nil {
				t.Error(err)
			}
		})
	}
	var watching sync.WaitGroup
	seen := 0
	watching.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				seen = max(seen, running())
				runtime.Gosched()
			}
		}
	})
	wg.Wait()
	close(done)
	watching.Wait()
	if seen == 0 || seen > most {
		t.Errorf("%d checks at the same time, want 1 to %d", seen, most)
	}
}

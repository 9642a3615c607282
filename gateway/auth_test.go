package gateway_test

import (
	"fmt"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"leafgate/gateway/gatewaytest"
)

// TestUsersAndPermissions goes all the way: bcrypt and default permissions, seen from outside.
func TestUsersAndPermissions(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("apple"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	g := gatewaytest.Start(t, fmt.Sprintf(`
ALL { publish: ">", subscribe: ">" }
authorization {
  default_permissions { publish: "public.>", subscribe: ["public.>", "work queue"] }
  users: [
    { user: ann, password: %q, permissions: $ALL }
    { user: bob, password: pear }
  ]
}
no_auth_user: bob
`, hash))
	for _, tt := range []struct{ user, pass, send, want string }{
		{"ann", "apple", "PUB secret 1\r\nx\r\n", "PONG"},
		{"ann", "pear", "", "-ERR 'Authorization Violation'"},
		{"bob", "pear", "PUB public.x 1\r\nx\r\n", "PONG"},
		{"bob", "pear", "PUB secret 1\r\nx\r\n", `-ERR 'Permissions Violation for Publish to "secret"'`},
		{"bob", "pear", "SUB secret 1\r\n", `-ERR 'Permissions Violation for Subscription to "secret"'`},
		{"bob", "pear", "SUB work queue 1\r\n", "PONG"},
		{"bob", "pear", "SUB work other 1\r\n", `-ERR 'Permissions Violation for Subscription to "work" using queue "other"'`},
		{"", "", "SUB secret 1\r\n", `-ERR 'Permissions Violation for Subscription to "secret"'`},
	} {
		c := dial(t, g)
		got := c.login(tt.user, tt.pass)
		if got == "PONG" {
			c.line() // INFO with the account
			fmt.Fprint(c, tt.send+"PING\r\n")
			got = c.line()
		}
		if got != tt.want {
			t.Errorf("%s sends %q: %q, want %q", tt.user, tt.send, got, tt.want)
		}
	}
}

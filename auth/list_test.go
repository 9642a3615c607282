package auth_test

import (
	"fmt"
	"strings"
	"testing"

	"leafgate/auth"
)

func TestMembers(t *testing.T) {
	const key = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4"
	secret := hash(t, "apple")
	tests := []struct{ name, text, want string }{
		{"open", "", "[$G  nothing [] false true]"},
		{"token", "authorization { token: melon }", "[$G [token] password in clear [] false false]"},
		{"users", `authorization { users: [ { user: d }, { nkey: ` + key + `, connection_types: [STANDARD] }, { user: a, password: "` + secret + `" }
			{ user: b, password: pear, permissions { publish: x } } ] }
			no_auth_user: a`,
			"[$G " + key + " nkey [STANDARD] false false] [$G a bcrypt [] false true] [$G b password in clear [] true false] [$G d nothing [] false false]"},
		{"certificates", `authorization { users: [ { user: "CN=a" }, { user: b, password: pear } ] }, tls { verify_and_map: true }`,
			"[$G CN=a certificate [] false false] [$G b password in clear [] false false]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			conf := parse(t, tt.text)
			rules := auth.New(newEngine(t), conf).Rules(conf)
			var got []string
			for _, m := range rules.Members() {
				got = append(got, fmt.Sprintf("[%s %s %s %v %v %v]", m.Account, m.User, m.Proof, m.Types, m.Restricted, m.Anonymous))
			}
			if s := strings.Join(got, " "); s != tt.want || strings.Contains(s, "pear") {
				t.Errorf("%s\nwant %s", s, tt.want)
			}
		})
	}
}

package auth_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"leafgate/auth"
	"leafgate/core"
	"leafgate/mapping"
)

// quoted writes any bytes as a string of the configuration.
func quoted(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, `\x%02X`, s[i])
	}
	return `"` + b.String() + `"`
}

// fleet is a configuration with one user and one set of permissions.
func fleet(user, permissions string) string {
	return "authorization { users: [ { user: " + quoted(user) + ", password: pw, permissions { " + permissions + " } } ] }"
}

// login authenticates one user with the password that fleet gives.
func login(t *testing.T, r *auth.Rules, user, clientID string) *core.Identity {
	t.Helper()
	id, err := r.Authenticate(&auth.Credentials{User: user, Pass: "pw", ClientID: clientID})
	if err != nil {
		t.Fatalf("user %q, client id %q: %v", user, clientID, err)
	}
	if !r.Valid(id) {
		t.Errorf("user %q, client id %q: an identity that was just given is not valid", user, clientID)
	}
	return id
}

func TestEntries(t *testing.T) {
	tests := []struct {
		name, permissions, client string
		yes, no                   string // what may be published, or with "sub" in front or "subscribe" in permissions, subscribed to
	}{
		{name: "filter and parent", permissions: `publish: "mqtt:fab/#"`, yes: "fab fab.a fab.a.b", no: "fabs a.fab"},
		{name: "filter, one level", permissions: `publish: "mqtt:fab/+/up"`, yes: "fab.a.up", no: "fab.up fab.a.b.up fab.a"},
		{name: "filter, all", permissions: `publish: "mqtt:#"`, yes: "a a.b $SYS.a", no: ""},
		{name: "filter with escapes", permissions: `publish: "mqtt:spBv1.0/Plant 7/*//"`, yes: "spBv1//0.Plant/_7./*././", no: "spBv1.0.Plant"},
		{name: "filter behind blanks", permissions: `publish: "  mqtt:a/b"`, yes: "a.b", no: "mqtt:a.b"},
		{name: "filter ends in a blank", permissions: `publish: "mqtt:a "`, yes: "a/_", no: "a"},
		{name: "filter denied", permissions: `publish { allow: ">", deny: ["mqtt:fab/#"] }`, yes: "a.fab", no: "fab fab.a"},
		{name: "list", permissions: `publish: ["mqtt:a/b", "c.*"]`, yes: "a.b c.d", no: "a c"},
		{name: "no queue behind a filter", permissions: `subscribe: "mqtt:a q"`, yes: "a/_q", no: "a"},
		{name: "subscribe", permissions: `subscribe: "mqtt:a/#"`, yes: "a a.b a.>", no: "> b"},

		{name: "client id", permissions: `publish: "dev.{{clientid}}.up"`, client: "d1", yes: "dev.d1.up", no: "dev.d2.up dev.up dev.*.up"},
		{name: "user", permissions: `publish: "dev.{{user}}"`, yes: "dev.ann", no: "dev.bob dev.{{user}}"},
		{name: "in part", permissions: `publish: "dev.a-{{user}}-{{clientid}}z"`, client: "d1", yes: "dev.a-ann-d1z", no: "dev.ann dev.d1"},
		{name: "filter, user and client id", permissions: `publish: "mqtt:{{user}}/{{clientid}}/#"`, client: "d 1", yes: "ann.d/_1 ann.d/_1.x", no: "ann ann.d"},
		{name: "filter, in part", permissions: `publish: "mqtt:dev/a.{{clientid}}.z"`, client: ".", yes: "dev.a//////z", no: "dev.a.z"},
		{name: "code before a template", permissions: `publish: "a//{{clientid}}"`, client: "t", yes: "a//t", no: "a/t"},
		{name: "subscribe by client id", permissions: `subscribe: "mqtt:dev/{{clientid}}/#"`, client: "d1", yes: "dev.d1 dev.d1.> dev.d1.*", no: "dev.* dev.> dev.d2"},
		{name: "reserved by its prefix", permissions: `subscribe: "_INBOX_{{user}}.>"`, yes: "_INBOX_ann.x", no: "_INBOX.x _INBOX_bob.x"},
		{name: "reserved below", permissions: `publish: "$KV.cfg.{{user}}"`, yes: "$KV.cfg.ann", no: "$KV.cfg.bob"},

		{name: "allowed, no client id", permissions: `publish: ["dev.{{clientid}}", "mqtt:x/{{clientid}}/#"]`, yes: "", no: "dev.a dev.* dev./ dev x.a x dev.{{clientid}}"},
		{name: "allowed beside, no client id", permissions: `publish: ["dev.{{clientid}}", "all.{{user}}"]`, yes: "all.ann", no: "dev.a"},
		{name: "denied, no client id", permissions: `publish { deny: ["dev.{{clientid}}.x", "mqtt:f/a-{{clientid}}/#"] }`, yes: "dev.a dev.a.b.x f", no: "dev.a.x f.a f.b f.b.c"},
		{name: "denied, client id", permissions: `publish { deny: "dev.{{clientid}}" }`, client: "d1", yes: "dev.d2 dev", no: "dev.d1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			perms := login(t, newAuthority(t, fleet("ann", tt.permissions)).Default(), "ann", tt.client).Perms
			may := func(subject string) bool { return perms.CanPublish([]byte(subject)) }
			if strings.Contains(tt.permissions, "subscribe") {
				may = func(subject string) bool { return perms.CanSubscribe(subject, "") && perms.CanSubscribe(subject, "q") }
			}
			for _, s := range strings.Fields(tt.yes) {
				if !may(s) {
					t.Errorf("%s is refused", s)
				}
			}
			for _, s := range strings.Fields(tt.no) {
				if may(s) {
					t.Errorf("%s is allowed", s)
				}
			}
		})
	}
}

func TestQueueTemplates(t *testing.T) {
	const permissions = `subscribe { allow: ["work.* {{clientid}}", "all"], deny: "all own-{{clientid}}" }`
	r := newAuthority(t, fleet("ann", permissions)).Default()
	for _, tt := range []struct {
		client, subject, queue string
		want                   bool
	}{
		{"d1", "work.a", "d1", true},
		{"d1", "work.a", "d2", false},
		{"d1", "work.a", "", false},
		{"d1", "all", "own-d1", false},
		{"d1", "all", "own-d2", true},
		{"", "work.a", "d1", false},
		{"", "all", "own-d1", false},
		{"", "all", "", true},
		{"*", "work.a", "d1", false},
		{"a b", "work.a", "a/_b", true},
	} {
		if got := login(t, r, "ann", tt.client).Perms.CanSubscribe(tt.subject, tt.queue); got != tt.want {
			t.Errorf("%+v: got %v", tt, got)
		}
	}
}

// attacks are names that are more than a name where they are put into an entry as they are, with their token.
var attacks = []struct{ name, token string }{
	{"*", "/*"}, {">", "/>"}, {"a.>", "a//>"}, {"*.*", "*//*"}, {".", "//"}, {"a..b", "a////b"},
	{"+", "+"}, {"#", "#"}, {"a/b", "a/sb"}, {"/", "/s"}, {"a/#", "a/s#"}, {"+/+", "+/s+"},
	{"a b", "a/_b"}, {"> q", ">/_q"}, {" ", "/_"}, {"a\tb", "a/tb"}, {"a\r\nb", "a/r/nb"},
	{"a\x00b", "a/x00b"}, {"\x00", "/x00"}, {"a\xff", "a/xff"}, {"a\x01b", "a\x01b"}, {"a\vb", "a\vb"},
	{"a\u00a0q", "a\u00a0q"}, {"a\u0085q", "a\u0085q"}, {"a\u2028q", "a\u2028q"},
	{"{{user}}", "{{user}}"}, {"{{clientid}}", "{{clientid}}"}, {"mqtt:#", "mqtt:#"}, {"a/_b", "a/s_b"},
}

func TestTemplateEscape(t *testing.T) {
	for _, form := range []string{"dev.{{%s}}.up", "mqtt:dev/{{%s}}/up"} {
		for _, attack := range attacks {
			for _, template := range []string{"user", "clientid"} {
				t.Run(fmt.Sprintf("%s is %q in %s", template, attack.name, form), func(t *testing.T) {
					user, client := attack.name, "other"
					if template == "clientid" {
						user, client = "other", attack.name
					}
					entry := quoted(fmt.Sprintf(form, template))
					r := newAuthority(t, fleet(user, "publish: "+entry+", subscribe: "+entry)).Default()
					onlyOwn(t, login(t, r, user, client).Perms, attack.token)
					r = newAuthority(t, fleet(user, "publish { deny: "+entry+" }, subscribe { deny: "+entry+" }")).Default()
					onlyOwnDenied(t, login(t, r, user, client).Perms, attack.token)
				})
			}
		}
	}
}

// others are subjects of other peers than those of attacks, and patterns that take them in.
var others = []string{"dev.victim.up", "dev.a.up", "dev.q.up", "dev.a.b.up", "dev.up", "dev.a", "dev", "a", "other"}

func onlyOwn(t *testing.T, p *core.Permissions, token string) {
	t.Helper()
	own := "dev." + token + ".up"
	if !p.CanPublish([]byte(own)) || !p.CanSubscribe(own, "") || !p.CanSubscribe(own, "q") {
		t.Errorf("%q is refused", own)
	}
	for _, s := range append([]string{"dev.*.up", "dev.>", ">", "*", "dev.*"}, others...) {
		if p.CanPublish([]byte(s)) || p.CanSubscribe(s, "") || p.CanSubscribe(s, "q") {
			t.Errorf("%q is allowed", s)
		}
	}
}

func onlyOwnDenied(t *testing.T, p *core.Permissions, token string) {
	t.Helper()
	own := "dev." + token + ".up"
	if p.CanPublish([]byte(own)) || p.CanSubscribe(own, "") || p.CanSubscribe(own, "q") || p.CanReceive([]byte(own), "") {
		t.Errorf("%q is allowed", own)
	}
	for _, s := range others {
		if !p.CanPublish([]byte(s)) || !p.CanReceive([]byte(s), "q") {
			t.Errorf("%q is refused", s)
		}
	}
}

// A template at the beginning of a subject does not open what is reserved to whoever calls itself that.
func TestTemplateOpensNothingReserved(t *testing.T) {
	for _, entry := range []string{"{{clientid}}.>", "mqtt:{{clientid}}/#", "_{{clientid}}.>", "${{clientid}}.>"} {
		r := newAuthority(t, fleet("ann", "subscribe: "+quoted(entry))).Default()
		for _, client := range []string{"$SYS", "SYS", "$JS", "_INBOX", "INBOX", "_INBOX_x", "$MQTT", "$", "_"} {
			perms := login(t, r, "ann", client).Perms
			for _, s := range []string{"$SYS.>", "$JS.>", "_INBOX.>", "_INBOX_x.a", "$MQTT.a", "_.a", "$.a"} {
				if perms.CanSubscribe(s, "") {
					t.Errorf("%s: client id %q may subscribe to %s", entry, client, s)
				}
			}
		}
	}
}

// Where a topic can have the name as a level, the token is that of the level.
func TestTemplateIsTheLevel(t *testing.T) {
	names := []string{"a b", "*", ">", "a.b", ".", "$a", "a\tb", "\x01", "\x7f", "\u0085", "Küche", "温度", "a*", "**", "\ufeff", "\ufffd", "t", "_"}
	for _, form := range []struct{ entry, before, after string }{
		{"mqtt:dev/{{clientid}}", "", ""}, {"dev.{{clientid}}", "", ""},
		{"mqtt:dev/x.{{clientid}} z", "x.", " z"}, {"dev.x//{{clientid}}/_z", "x.", " z"},
		{"mqtt:dev/*{{clientid}}", "*", ""}, {"dev.>{{clientid}}", ">", ""},
	} {
		r := newAuthority(t, fleet("ann", "publish: "+quoted(form.entry))).Default()
		for _, name := range names {
			topic := "dev/" + form.before + name + form.after
			subject, err := mapping.AppendSubject(nil, []byte(topic))
			if err != nil {
				t.Fatal(err)
			}
			if !login(t, r, "ann", name).Perms.CanPublish(subject) {
				t.Errorf("%s: client id %q may not publish to %q, which is %q", form.entry, name, topic, subject)
			}
		}
	}
}

func TestEntryErrors(t *testing.T) {
	for _, tt := range []struct{ name, entry, want string }{
		{"unknown template", "a.{{name}}", `unknown template {{name}}`},
		{"another case", "a.{{ClientID}}", `unknown template {{ClientID}}`},
		{"blanks inside", "a.{{ user }}", `unknown template {{ user }}`},
		{"function of signing keys", "a.{{name()}}", `{{name()}} is a function of signing keys`},
		{"with an argument", "a.{{tag(x)}}", `{{tag(x)}} is a function of signing keys`},
		{"in a filter", "mqtt:a/{{name}}", `unknown template {{name}}`},
		{"in a queue", "a {{queue}}", `unknown template {{queue}}`},
		{"not closed", "a.{{user", `{{ stands without }}`},
		{"not opened", "a.{user}}", `}} stands without {{`},
		{"nested", "a.{{{{user}}}}", `unknown template {{{{user}}`},
		{"topic without prefix", "dev/{{user}}", `a slash right before a template: topic filters begin with mqtt:`},
		{"topic as a queue", "dev q/{{user}}", `a slash right before a template`},
		{"no filter", "mqtt:", `topic is empty`},
		{"wildcard in a level", "mqtt:a+", `misplaced wildcard`},
		{"wildcard and template", "mqtt:+{{user}}", `misplaced wildcard`},
		{"levels behind #", "mqtt:#/a", `misplaced wildcard`},
		{"shared", "mqtt:$share/g/a/#", `name the filter alone`},
		{"shared, not whole", "mqtt:$share/g", `name the filter alone`},
		{"NUL", "mqtt:a\x00", `U+0000`},
		{"three words", "a b c", `is not a valid subject`},
	} {
		for _, key := range []string{"subscribe", "subscribe.deny"} {
			t.Run(tt.name+" in "+key, func(t *testing.T) {
				rule := "subscribe: [ok, " + quoted(tt.entry) + "]"
				if key != "subscribe" {
					rule = "subscribe { allow: ok\n deny: " + quoted(tt.entry) + " }"
				}
				conf := parse(t, "\n"+fleet("ann", rule))
				auth.New(newEngine(t), conf)
				err := conf.Finish()
				for _, want := range []string{"test.conf:", key + ":", fmt.Sprintf("%q", tt.entry), tt.want} {
					if err == nil || !strings.Contains(err.Error(), want) {
						t.Errorf("error %v, want %s in it", err, want)
					}
				}
				if err != nil && strings.Contains(err.Error(), "\n") {
					t.Errorf("error %q is more than one", err)
				}
			})
		}
	}
}

// Who has no name that was checked has none in templates.
func TestTemplatesWithoutUser(t *testing.T) {
	const rights = `default_permissions { publish: ["u.{{user}}", "c.{{clientid}}"], subscribe { deny: "u.{{user}}" } }`
	for _, tt := range []struct {
		name, text string
		c          auth.Credentials
		user       string // what may stand for {{user}}
	}{
		{name: "open", text: "authorization { " + rights + " }", c: auth.Credentials{User: "ann", ClientID: "d1"}},
		{name: "token", text: "authorization { token: t, " + rights + " }", c: auth.Credentials{User: "ann", Token: "t", ClientID: "d1"}},
		{name: "single user", text: "authorization { user: ann, password: pw, " + rights + " }", c: auth.Credentials{User: "ann", Pass: "pw", ClientID: "d1"}, user: "ann"},
		{name: "no_auth_user", text: "authorization { users: [ {user: ann, password: pw} ], " + rights + " }\nno_auth_user: ann", c: auth.Credentials{ClientID: "d1"}, user: "ann"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			id, err := newAuthority(t, tt.text).Default().Authenticate(&tt.c)
			if err != nil {
				t.Fatal(err)
			}
			for _, user := range []string{"ann", "[token]", "*", "x"} {
				if got, want := id.Perms.CanPublish([]byte("u."+user)), user == tt.user; got != want {
					t.Errorf("u.%s: publish %v, want %v", user, got, want)
				}
				if got, want := id.Perms.CanSubscribe("u."+user, ""), tt.user != "" && user != tt.user; got != want {
					t.Errorf("u.%s: subscribe %v, want %v", user, got, want)
				}
			}
			if !id.Perms.CanPublish([]byte("c.d1")) || id.Perms.CanPublish([]byte("c.d2")) {
				t.Error("client d1 does not have its own subjects, or has others")
			}
		})
	}
}

func TestListenerInheritsDefaults(t *testing.T) {
	conf := parse(t, `
authorization { default_permissions { publish: "a.{{clientid}}" }, users: [ { user: ann, password: pw } ] }
own { authorization { users: [ { user: ann, password: pw } ] } }
guest { no_auth_user: ann }
`)
	a := auth.New(newEngine(t), conf)
	own, guest := a.Rules(conf.Block("own")), a.Rules(conf.Block("guest"))
	if err := conf.Finish(); err != nil {
		t.Fatal(err)
	}
	if id := login(t, own, "ann", "d1"); id.Perms != nil {
		t.Error("a listener's own users have the gateway's default permissions")
	}
	id, err := guest.Anonymous(&auth.Credentials{ClientID: "d1"})
	if err != nil || id != login(t, a.Default(), "ann", "d1") || !a.Default().Valid(id) {
		t.Errorf("the same user with the same client id is another one at a listener: %v", err)
	}
	if _, err := own.Anonymous(&auth.Credentials{ClientID: "d1"}); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("anonymous: %v, want ErrDenied", err)
	}
}

func TestOpenListenerInheritsDefaults(t *testing.T) {
	conf := parse(t, `
authorization { default_permissions { publish: "a" } }
guest { no_auth_user: "" }
free { authorization {} }
`)
	a := auth.New(newEngine(t), conf)
	guest, free := a.Rules(conf.Block("guest")), a.Rules(conf.Block("free"))
	if err := conf.Finish(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name       string
		rules      *auth.Rules
		restricted bool
	}{
		{"gateway", a.Default(), true}, {"guest", guest, true}, {"free", free, false},
	} {
		id, err := tt.rules.Anonymous(&auth.Credentials{})
		if err != nil || id.Perms.CanPublish([]byte("b")) == tt.restricted {
			t.Errorf("%s: %+v, %v; want restricted %v", tt.name, id, err, tt.restricted)
		}
	}
}

package core_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"leafgate/core"
)

func TestCanSubscribe(t *testing.T) {
	for _, c := range []struct {
		name           string
		allow, deny    []string
		pattern, queue string
		want           bool
	}{
		{"everything", nil, nil, ">", "", true},
		{"an empty list allows nothing", []string{}, nil, "a", "", false},
		{"cover", []string{"foo.*"}, nil, "foo.*", "", true},
		{"narrower", []string{"foo.>"}, nil, "foo.*.x", "", true},
		{"wider", []string{"foo.*"}, nil, "foo.>", "", false},
		{"star is not a tail", []string{"foo.*"}, nil, ">", "", false},
		{"denied", nil, []string{"foo.>"}, "foo.x", "", false},
		{"deny narrower than pattern", nil, []string{"foo.x"}, "foo.*", "", true},
		{"deny wins", []string{"foo"}, []string{"foo"}, "foo", "", false},
		{"plain entry, any queue", []string{"foo"}, nil, "foo", "q", true},
		{"queue entry, no plain", []string{"foo v1"}, nil, "foo", "", false},
		{"queue entry, its queue", []string{"foo v1"}, nil, "foo", "v1", true},
		{"queue entry, other queue", []string{"foo v1"}, nil, "foo", "v2", false},
		{"both, other queue", []string{"foo", "foo v1"}, nil, "foo", "v2", false},
		{"both, plain", []string{"foo", "foo v1"}, nil, "foo", "", true},
		{"queue pattern", []string{"foo v1.*"}, nil, "foo", "v1.x", true},
		{"deny one queue", nil, []string{"foo v1"}, "foo", "v1", false},
		{"deny one queue, another", nil, []string{"foo v1"}, "foo", "v2", true},
		{"deny one queue, plain", nil, []string{"foo v1"}, "foo", "", true},
	} {
		p, err := core.NewPermissions(core.PermissionDef{Subscribe: core.Rule{Allow: c.allow, Deny: c.deny}})
		if err != nil {
			t.Fatal(err)
		}
		want(t, c.name, p.CanSubscribe(c.pattern, c.queue), c.want)
	}
}

func TestCanPublish(t *testing.T) {
	p, err := core.NewPermissions(core.PermissionDef{Publish: core.Rule{Allow: []string{"a.*", "b.>"}, Deny: []string{"b.x.>"}}})
	if err != nil {
		t.Fatal(err)
	}
	for subject, ok := range map[string]bool{"a.1": true, "a": false, "a.1.2": false, "b": false, "b.1": true, "b.x": true, "b.x.1": false, "c": false} {
		want(t, subject, p.CanPublish([]byte(subject)), ok)
	}
	var none *core.Permissions
	want(t, "none", none.CanPublish([]byte("x")) && none.CanSubscribe(">", "") && none.CanReceive([]byte("x"), ""), true)
}

func TestBadPermissionsNameTheEntry(t *testing.T) {
	for _, def := range []core.PermissionDef{
		{Publish: core.Rule{Allow: []string{"a..b"}}},
		{Publish: core.Rule{Deny: []string{"a queue"}}},
		{Subscribe: core.Rule{Allow: []string{""}}},
		{Subscribe: core.Rule{Deny: []string{"a b c"}}},
		{Subscribe: core.Rule{Deny: []string{"a.>.b"}}},
	} {
		if _, err := core.NewPermissions(def); err == nil || !strings.Contains(err.Error(), "\"") {
			t.Errorf("%+v: %v", def, err)
		}
	}
}

func TestOnlyBlanksBeginAQueue(t *testing.T) {
	for _, space := range []string{"\u00a0", "\u0085", "\u2028", "\v", "\f"} {
		subject := "a" + space + "q"
		p, err := core.NewPermissions(core.PermissionDef{Subscribe: core.Rule{Allow: []string{subject}}})
		if err != nil {
			t.Fatal(err)
		}
		want(t, fmt.Sprintf("%q", subject), p.CanSubscribe(subject, ""), true)
		want(t, fmt.Sprintf("a in queue q by %q", subject), p.CanSubscribe("a", "q"), false)
	}
}

// TestDefinition makes the same permissions again from what they say of themselves.
func TestDefinition(t *testing.T) {
	for _, def := range []core.PermissionDef{
		{},
		{Publish: core.Rule{Allow: []string{"a.>", "b"}, Deny: []string{"a.x"}}},
		{Publish: core.Rule{Allow: []string{}}, Subscribe: core.Rule{Allow: []string{"a q", "b"}, Deny: []string{"c.> r.*"}}, Responses: &core.Responses{Max: 3, Expires: time.Minute}},
	} {
		p, err := core.NewPermissions(def)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Definition(); !reflect.DeepEqual(*got, def) {
			t.Errorf("%+v, want %+v", *got, def)
		}
	}
	if p := (*core.Permissions)(nil); p.Definition() != nil {
		t.Error("no permissions have a definition")
	}
}

func TestListens(t *testing.T) {
	s := newSpace(t)
	ep := s.attach(core.Peer{}, newSink())
	if ep.Account().Listens("a.b") {
		t.Error("nobody subscribes")
	}
	for _, pattern := range []string{"a.b", "a.*", "a.>"} {
		sub := s.subscribe(ep, pattern, core.SubOptions{})
		if !ep.Account().Listens("a.b") || ep.Account().Listens("b.a") {
			t.Error(pattern)
		}
		ep.Unsubscribe(sub, 0)
	}
	if ep.Account().Listens("a.b") {
		t.Error("nobody subscribes any more")
	}
}

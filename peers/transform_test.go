package peers

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"leafgate/core"
	"leafgate/internal/peer"
)

// A mapping is what an account does with a subject. Source and subject get a first token of their own, the destination
// another.
type mapping struct{ src, dst, subject string }

func (m mapping) numbered(i int) mapping {
	return mapping{fmt.Sprintf("s%d.%s", i, m.src), fmt.Sprintf("d%d.%s", i, m.dst), fmt.Sprintf("s%d.%s", i, m.subject)}
}

var mappings = []mapping{
	{"a", "b", "a"}, {"a", "b", "c"}, {"*", "$x.$-", "x"}, {"*.*", "$2.$1", "u.v"}, {"*.*", "$2.$1", "u"}, {"*.*", "$2.$1", "u.v.w"},
	{"*", "x", "a"}, {"*", "$1.$1.$01", "a"}, {"*", "$JS.$1.$.$x1", "a"}, {"*", "{{}}.{{1", "a"}, {"*", "x{{wildcard(1)}}", "a"},
	{"*.*", "{{wildcard(2)}}.{{ Wildcard( 1 ) }}", "u.v"}, {">", ">", "a.b"}, {"a.>", "b.c.>", "a.x.y.z"}, {"a.>", "b.>", "a"},
	{"*.a.>", "$1.>", "x.a.y.z"}, {"*.b.*.>", "$2.$1.>", "x.b.y.z"}, {"*.b.*.>", "$2.$1.>", "x.c.y.z"},
	{"*", "{{partition(3,1)}}", "abc"}, {"*", "{{partition(3,1)}}", "def"}, {"*", "{{Partition( 3, 1 )}}", "zzz"},
	{"*.*", "{{partition(10,1,2)}}", "foo.bar"}, {"*.*", "{{partition(10,2,1)}}", "foo.bar"}, {"*.*", "{{partition(1000,1)}}.$2", "foo.bar"},
	{"*", "{{partition(1000)}}", "abc"}, {"*.>", "{{partition(1000)}}.>", "abc.d.e"}, {"*", "{{partition(0,1)}}", "abc"},
	{"*", "{{partition(2147483647,1)}}", "abc"}, {"*", "{{random(1)}}.{{random(0)}}", "abc"}, {"a", "{{random(1)}}", "a"},
	{"*", "{{left(1,2)}}", "abcde"}, {"*", "{{left(1,5)}}", "abcde"}, {"*", "{{left(1,9)}}", "abcde"}, {"*", "{{left(1,0)}}", "abcde"},
	{"*", "{{left(1,-1)}}", "abcde"}, {"*.*", "{{Right(2,2)}}", "x.abcde"}, {"*", "{{right(1,6)}}", "abcde"}, {"*", "{{right(1,0)}}", "abcde"},
	{"*", "{{SplitFromLeft(1,2)}}", "abcde"}, {"*", "{{splitfromleft(1,5)}}", "abcde"}, {"*", "{{splitFromRight(1,2)}}", "abcde"},
	{"*", "{{splitfromright(1,4)}}", "abcde"}, {"*", "{{splitfromright(1,5)}}", "abcde"}, {"*", "{{splitfromleft(1,1)}}", "éa"},
	{"*", "{{SliceFromLeft(1,2)}}", "abcde"}, {"*", "{{slicefromleft(1,2)}}", "abcdef"}, {"*", "{{slicefromleft(1,5)}}", "abcde"},
	{"*", "{{SliceFromRight(1,2)}}", "abcde"}, {"*", "{{slicefromright(1,2)}}", "abcdef"}, {"*", "{{slicefromright(1,1)}}", "abc"},
	{"*", "x.{{split(1,-)}}.y", "a-b-c"}, {"*", "x.{{Split(1, <>)}}", "a<>b<c"}, {"*", "{{split(1,)}}", "aéb"},
	{"*", "{{split(1,-)}}", "a--b---c"}, {"*", "{{split(1,-)}}.y", "a--"}, {"*", "{{split(1,-)}}", "-a"}, {"*", "{{split(1,-)}}", "--a"},
	{"*", "{{split(1,-)}}.y", "---a-b"}, {"*", "{{split(1,-)}}", "-"}, {"*", "{{split(1,-)}}.y", "--"}, {"*.*", "{{split(2,ab)}}", "x.aabbab"},
	{"*", "$1", "*"}, {"*", "$1", ">"}, {"a", "b", "*"}, {">", "{{partition(7)}}.>", "*.>"}, {"*", "{{split(1,-)}}", "a->-*"},
}

// What the peer makes of subjects by its account mappings, core makes of them too.
func TestMappingsOfPeer(t *testing.T) {
	t.Parallel()
	var config strings.Builder
	want := map[string]string{} // subject by payload; none: for nobody
	for i, m := range mappings {
		m = m.numbered(i)
		fmt.Fprintf(&config, "%q: %q\n", m.src, m.dst)
		tr, err := core.NewTransform(m.src, m.dst)
		must(t, err)
		out, ok := tr.Append(nil, []byte(m.subject))
		if !ok {
			out = []byte(m.subject)
		}
		if core.ValidSubject(out) {
			want[strconv.Itoa(i)] = string(out)
		}
	}
	s := peer.Start(t, "nats-server", "mappings {\n"+config.String()+"}")
	got := published(t, connect(t, s), connect(t, s))
	for i, m := range mappings {
		if n := strconv.Itoa(i); got[n] != want[n] {
			m = m.numbered(i)
			t.Errorf("%q to %q: %q becomes %q at the peer, %q here", m.src, m.dst, m.subject, got[n], want[n])
		}
	}
}

// published returns the subjects, by number, under which a subscriber to everything gets what goes to mappings.
func published(t *testing.T, from, to *nats.Conn) map[string]string {
	t.Helper()
	heard := make(chan *nats.Msg, len(mappings)+1)
	_, err := to.ChanSubscribe(">", heard)
	must(t, err)
	must(t, to.Flush())
	for i, m := range mappings {
		must(t, from.Publish(m.numbered(i).subject, []byte(strconv.Itoa(i))))
	}
	must(t, from.Publish("end", nil))
	got := map[string]string{}
	for m := await(t, "message", heard); m.Subject != "end"; m = await(t, "message", heard) {
		got[string(m.Data)] = m.Subject
	}
	return got
}

// What the peer refuses, core refuses with the same words where it is about functions.
func TestMappingsRefusedByPeer(t *testing.T) {
	t.Parallel()
	refused := []mapping{
		{src: "*", dst: "$2"}, {src: "a", dst: "{{foo(1)}}"}, {src: "*", dst: "{{wildcard}}"}, {src: "*", dst: "{{wildcard()}}"},
		{src: "*", dst: "{{wildcard(2)}}"}, {src: "*", dst: "{{wildcard(1,1)}}"}, {src: "*", dst: "{{wildcard(x)}}"}, {src: "*", dst: "{{left(1)}}"},
		{src: "*", dst: "{{left(1,2,3)}}"}, {src: "*", dst: "{{left(1,x)}}"}, {src: "*", dst: "{{split(1)}}"}, {src: "*", dst: "{{split(1,- )}}"},
		{src: "*", dst: "{{partition(3,2)}}"}, {src: "*", dst: "{{partition(x)}}"}, {src: "*", dst: "{{partition(2147483648,1)}}"},
		{src: "*", dst: "{{random(x)}}"}, {src: "a.>", dst: "{{partition(3,1)}}.>"}, {src: "a", dst: "$1"}, {src: "a", dst: "{{left(1,2)}}"},
		{src: "*", dst: "*"}, {src: "*", dst: ">"}, {src: ">", dst: "a"}, {src: "*", dst: "a..b"}, {src: "*", dst: "a b"}, {src: ">", dst: ">.>"},
	}
	var config strings.Builder
	for i, m := range refused {
		m = m.numbered(i)
		fmt.Fprintf(&config, "%q: %q\n", m.src, m.dst)
	}
	said := checkConfig(t, "mappings {\n"+config.String()+"}")
	for i, m := range refused {
		m = m.numbered(i)
		_, err := core.NewTransform(m.src, m.dst)
		_, rest, _ := strings.Cut(said, fmt.Sprintf("mapping for %q to %q : ", m.src, m.dst))
		text, _, _ := strings.Cut(rest, "\n")
		if err == nil || text == "" {
			t.Errorf("%q to %q: %v, and the peer: %q", m.src, m.dst, err, text)
		} else if errors.Is(err, core.ErrBadDestination) && !strings.HasPrefix(err.Error(), text) {
			t.Errorf("%q to %q: %q, and the peer: %q", m.src, m.dst, err, text)
		}
	}
}

// checkConfig returns what the peer says about a configuration that it must refuse.
func checkConfig(t *testing.T, text string) string {
	t.Helper()
	path, err := peer.Binary(t.Context(), "nats-server")
	must(t, err)
	conf := filepath.Join(t.TempDir(), "server.conf")
	must(t, os.WriteFile(conf, []byte(text), 0o600))
	out, err := exec.CommandContext(t.Context(), path, "-t", "-c", conf).CombinedOutput()
	if _, refused := errors.AsType[*exec.ExitError](err); !refused {
		t.Fatalf("check: %v\n%s", err, out)
	}
	return string(out)
}

// Imports of the peer rename as strict transforms do: streams from the exporter's subject, services to it.
func TestImportsOfPeer(t *testing.T) {
	t.Parallel()
	imports := []mapping{
		{"*", "$1", "u"}, {"*.*", "p.$2.$1", "u.v"}, {"*.*", "*.p.*", "u.v"}, {"a.*.*", "{{wildcard(2)}}.$1", "a.u.v"},
		{"*.>", "$1.p.>", "u.v.w"}, {">", "p.>", "u.v"}, {"*.*.*", "$3.$2.$1", "u.v.w"},
	}
	var exports, streams, services strings.Builder
	for i, m := range imports {
		m = m.numbered(i)
		fmt.Fprintf(&exports, "{stream: %q}, {service: \"svc.%s\"},", m.src, m.src)
		fmt.Fprintf(&streams, "{stream: {account: X, subject: %q}, to: %q},", m.src, m.dst)
		fmt.Fprintf(&services, "{service: {account: X, subject: \"svc.%s\"}, to: \"svc.%s\"},", m.src, m.dst)
	}
	s := peer.Start(t, "nats-server", fmt.Sprintf(`accounts {
		X { users: [{user: x, password: x}], exports: [%s] }
		Y { users: [{user: y, password: y}], imports: [%s %s] } }`, &exports, &streams, &services))
	exporter, importer := connect(t, s, nats.UserInfo("x", "x")), connect(t, s, nats.UserInfo("y", "y"))
	streamed, served := make(chan *nats.Msg, 9), make(chan *nats.Msg, 9)
	_, err := importer.ChanSubscribe("*.>", streamed)
	must(t, err)
	_, err = exporter.ChanSubscribe("svc.>", served)
	must(t, err)
	must(t, importer.Flush())
	must(t, exporter.Flush())
	for i, m := range imports {
		m = m.numbered(i)
		tr, err := core.NewStrictTransform(m.src, m.dst)
		must(t, err)
		there, _ := tr.Append(nil, []byte(m.subject))
		must(t, exporter.Publish(m.subject, nil))
		if got := await(t, "stream", streamed).Subject; got != string(there) {
			t.Errorf("stream %q to %q: %q becomes %q at the peer, %q here", m.src, m.dst, m.subject, got, there)
		}
		back, err := tr.Reverse()
		must(t, err)
		again, _ := back.Append(nil, there)
		must(t, importer.Publish("svc."+string(there), nil))
		if got := await(t, "service", served).Subject; got != "svc."+string(again) {
			t.Errorf("service %q to %q: %q becomes %q at the peer, %q here", m.src, m.dst, there, got, again)
		}
		// The importer hears its own request, and that it is nobody else's business.
		if got := await(t, "own request", streamed).Subject; got != "svc."+string(there) {
			t.Errorf("heard %q", got)
		}
	}
}

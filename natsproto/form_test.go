package natsproto

import (
	"strings"
	"testing"

	"leafgate/core"
	"leafgate/natsproto/wire"
)

const block = "NATS/1.0\r\nA: 1\r\n\r\n"

// message is what a session makes of in, a whole PUB or HPUB.
func message(t testing.TB, in string) *core.Message {
	t.Helper()
	var u wire.Unit
	if n, err := wire.Next([]byte(in), wire.Limits{ControlLine: 4096, Payload: 1 << 20}, &u); n != len(in) || err != nil {
		t.Fatalf("%q: %d, %v", in, n, err)
	}
	body := []byte(in)[u.Line : u.Line+u.Size]
	m := &core.Message{Subject: u.Subject, Reply: u.Reply, Payload: body[u.HeaderSize:]}
	if u.HeaderSize > 0 {
		m.Header = body[:u.HeaderSize]
	}
	if u.Tail > 0 {
		m.Tail, m.TailForm = []byte(in)[u.Tail:], headerForm{}
	}
	return m
}

// foreign is the same message from a frontend with another form.
func foreign(m *core.Message) *core.Message {
	f := *m
	f.Tail, f.TailForm = nil, nil
	return &f
}

func TestForms(t *testing.T) {
	large := strings.Repeat("x", core.SplitSize)
	for _, c := range []struct{ name, in, headers, plain string }{
		{"pub", "PUB a 2\r\nhi\r\n", "MSG a 7 2\r\nhi\r\n", "MSG a 7 2\r\nhi\r\n"},
		{"pub reply", "PUB a r 2\r\nhi\r\n", "MSG a 7 r 2\r\nhi\r\n", "MSG a 7 r 2\r\nhi\r\n"},
		{"pub empty", "PUB a 0\r\n\r\n", "MSG a 7 0\r\n\r\n", "MSG a 7 0\r\n\r\n"},
		{"pub blanks", "PUB  a  r\t2\nhi\r\n", "MSG a 7 r 2\r\nhi\r\n", "MSG a 7 r 2\r\nhi\r\n"},
		{"pub large", "PUB a 16384\r\n" + large + "\r\n", "MSG a 7 16384\r\n" + large + "\r\n", "MSG a 7 16384\r\n" + large + "\r\n"},
		{"hpub", "HPUB a 18 20\r\n" + block + "hi\r\n", "HMSG a 7 18 20\r\n" + block + "hi\r\n", "MSG a 7 2\r\nhi\r\n"},
		{"hpub reply", "HPUB a r 18 20\r\n" + block + "hi\r\n", "HMSG a 7 r 18 20\r\n" + block + "hi\r\n", "MSG a 7 r 2\r\nhi\r\n"},
		{"hpub header only", "HPUB a 18 18\r\n" + block + "\r\n", "HMSG a 7 18 18\r\n" + block + "\r\n", "MSG a 7 0\r\n\r\n"},
		{"hpub large", "HPUB a 18 16402\r\n" + block + large + "\r\n", "HMSG a 7 18 16402\r\n" + block + large + "\r\n",
			"MSG a 7 16384\r\n" + large + "\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := message(t, c.in)
			for _, m := range []*core.Message{m, foreign(m)} {
				checkForm(t, headerForm{}, m, c.headers)
				checkForm(t, plainForm{}, m, c.plain)
			}
		})
	}
}

func checkForm(t *testing.T, f core.Form, m *core.Message, want string) {
	t.Helper()
	prefix := f.Prefix(nil, m.Subject, &sub{sid: "7"})
	if got := string(f.Append(nil, prefix, m)); got != want {
		t.Errorf("%T appends %q, want %q", f, got, want)
	}
	head, rest := f.Split(nil, prefix, m)
	if got := string(head) + string(rest); got != want {
		t.Errorf("%T splits %q and %q, want %q", f, head, rest, want)
	}
	run := want + "MSG other 1 3\r\nabc\r\n"
	if got := string(f.(core.Cutter).Cut([]byte(run), 1)); got != want {
		t.Errorf("%T cuts %q, want %q", f, got, want)
	}
}

func TestFormSplitBorrows(t *testing.T) {
	m := message(t, "HPUB a 18 16402\r\n"+block+strings.Repeat("x", core.SplitSize)+"\r\n")
	for _, f := range []core.Form{headerForm{}, plainForm{}} {
		head, rest := f.Split(nil, f.Prefix(nil, m.Subject, &sub{sid: "7"}), m)
		if len(head) > 64 || &rest[len(rest)-1] != &m.Tail[len(m.Tail)-1] {
			t.Errorf("%T copies: %d bytes of head", f, len(head))
		}
	}
}

func TestFormAllocs(t *testing.T) {
	buf, tag := make([]byte, 0, 1<<10), &sub{sid: "7"}
	for _, in := range []string{"PUB a r 2\r\nhi\r\n", "HPUB a 18 20\r\n" + block + "hi\r\n"} {
		m := message(t, in)
		for _, m := range []*core.Message{m, foreign(m)} {
			for _, f := range []core.Form{headerForm{}, plainForm{}} {
				prefix := f.Prefix(nil, m.Subject, tag)
				if n := testing.AllocsPerRun(100, func() { buf = f.Append(buf[:0], prefix, m) }); n != 0 {
					t.Errorf("%T, %q: %v allocations, want 0", f, in, n)
				}
			}
		}
	}
}

package natsproto

import (
	"bytes"
	"strings"
	"testing"

	"leafgate/natsproto/wire"
)

// FuzzAppendWithout: whatever a header is made of, nobody finds the field in what is passed on, however they read lines;
// and what is appended behind it is found.
func FuzzAppendWithout(f *testing.F) {
	for _, s := range []string{
		"", "NATS/1.0\r\n\r\n", "NATS/1.0\r\nNats-Request-Info: x\r\nA: b\r\n\r\n", "NATS/1.0\nnats-request-info:x", "Nats-Request-Info: x", "NATS/1.0 503\r\n\r\n",
		"NATS/1.0\r\nA: b\rNats-Request-Info : x\r\n\r\n\r\nC", "\r\n\r\nNATS/1.0\r\n", "NATS/1.0\r\n \tNATS-REQUEST-INFO\t:x", "NATS/1.0Nats-Request-Info: x",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, header []byte) {
		before := bytes.Clone(header)
		out := append(appendWithout([]byte("kept"), header, requestInfo), requestInfo+": mine\r\n\r\n"...)
		if !bytes.Equal(header, before) || !bytes.HasPrefix(out, []byte("kept")) {
			t.Fatal("the header or what stood before was touched")
		}
		h := wire.Header(out[len("kept"):])
		if !h.Valid() {
			t.Fatalf("%q is no header", h)
		}
		if value, ok := h.Get(requestInfo); !ok || string(value) != "mine" {
			t.Fatalf("%q says %q", h, value)
		}
		found := 0
		for _, line := range strings.FieldsFunc(string(h), func(r rune) bool { return r == '\r' || r == '\n' }) {
			if key, _, _ := strings.Cut(line, ":"); strings.EqualFold(strings.TrimSpace(key), requestInfo) {
				found++
			}
		}
		if found != 1 {
			t.Fatalf("%q has the field %d times", h, found)
		}
	})
}

func TestAppendWithout(t *testing.T) {
	for _, tt := range []struct{ name, header, want string }{
		{"none", "", "NATS/1.0\r\n"},
		{"empty", "NATS/1.0\r\n\r\n", "NATS/1.0\r\n"},
		{"status", "NATS/1.0 100 Idle\r\nA: b\r\n\r\n", "NATS/1.0 100 Idle\r\nA: b\r\n"},
		{"others", "NATS/1.0\r\nA: b\r\nNats-Request-Info: x\r\nA: c\r\n\r\n", "NATS/1.0\r\nA: b\r\nA: c\r\n"},
		{"value that looks like it", "NATS/1.0\r\nA: Nats-Request-Info: x\r\n\r\n", "NATS/1.0\r\nA: Nats-Request-Info: x\r\n"},
		{"longer name", "NATS/1.0\r\nNats-Request-Info-2: x\r\n\r\n", "NATS/1.0\r\nNats-Request-Info-2: x\r\n"},
		{"no status", "A: b\r\n\r\n", "NATS/1.0\r\nA: b\r\n"},
	} {
		if got := string(appendWithout(nil, []byte(tt.header), requestInfo)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

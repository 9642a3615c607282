package gateway

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"leafgate/config"
)

func newFrom(t *testing.T, text string) error {
	t.Helper()
	g, err := New(Options{Text: text, Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		if err := g.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}
	return err
}

func TestEveryRefusalIsAnError(t *testing.T) {
	owned := make(map[string]bool)
	for _, spec := range modules() {
		for _, key := range spec.Keys {
			owned[key] = true
		}
	}
	for _, r := range refusals {
		for _, key := range r.keys {
			if owned[key] {
				continue
			}
			for _, value := range []string{"true", "{ a: b }", "[ { a: b } ]", "1"} {
				err := newFrom(t, fmt.Sprintf("port: -1\n%s: %s\n", key, value))
				want := fmt.Sprintf("configuration:2:1: %s: not supported: %s", key, r.why)
				if err == nil || err.Error() != want {
					t.Errorf("%s: %s: got %v, want %s", key, value, err, want)
				}
			}
		}
	}
}

func TestSettingErrors(t *testing.T) {
	tests := []struct{ text, want string }{
		{`server_name: "a b"`, "configuration:2:1: server_name: cannot contain white space"},
		{`log_format: xml`, `configuration:2:1: log_format: want "text" or "json", got "xml"`},
		{`debug: 1`, "configuration:2:1: debug"},
		{`prof_port: 70000`, "configuration:2:1: prof_port"},
		{`log_size_limit: -1`, "configuration:2:1: log_size_limit"},
		{`debg: true`, `configuration:2:1: unknown field "debg" (did you mean "debug"?)`},
		{`https_port: 8443`, "configuration:2:1: https_port: needs a tls block"},
		{`monitor { authorization { user: a, password: b } }`, "configuration:2:1: monitor: needs http or https"},
		{`http: -1, monitor {}`, "configuration:2:11: monitor: authorization is missing"},
		{`http: -1, monitor { user: a, authorization { user: a } }`, `configuration:2:21: unknown field "user"`},
		{`max_closed_clients: -1`, "configuration:2:1: max_closed_clients"},
		{`http: [1, 2 ]`, "configuration:2:1: http: want a port or host:port"},
	}
	for _, tt := range tests {
		if err := newFrom(t, "\n"+tt.text); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.text, err, tt.want)
		}
	}
}

func TestAllErrorsInOneRun(t *testing.T) {
	err := newFrom(t, `debug: 1
authorization { users: [ { user: a }, { user: a } ] }
nonsense: 1
max_payload: "x"
mqtt { prt: 1883 }
http: true
`)
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	for i, line := range lines {
		if want := fmt.Sprintf("configuration:%d:", i+1); !strings.HasPrefix(line, want) {
			t.Errorf("line %d is %q, want one that begins with %s", i+1, line, want)
		}
	}
	if len(lines) != 6 {
		t.Errorf("%d lines, want 6:\n%v", len(lines), err)
	}
}

func TestFlagsWin(t *testing.T) {
	_, err := New(Options{
		Text:     "server_name: one",
		Override: func(conf *config.Block) { conf.Override("server_name", "a b") },
		Log:      slog.New(slog.DiscardHandler),
	})
	if err == nil || !strings.HasPrefix(err.Error(), "flag: server_name:") {
		t.Errorf("got %v", err)
	}
}

func TestDistinct(t *testing.T) {
	a, b := errors.New("a"), errors.New("b")
	if err := distinct(nil, errors.Join(nil, nil)); err != nil {
		t.Errorf("nothing: %v", err)
	}
	got := distinct(errors.Join(a, errors.Join(b, a)), nil, errors.New("b"), fmt.Errorf("c: %w", a))
	if got.Error() != "a\nb\nc: a" || !errors.Is(got, a) {
		t.Errorf("got %q", got)
	}
}

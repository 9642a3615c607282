package monitor

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"leafgate/module"
)

// lister is a module that says what it serves.
type lister []module.Listener

func (lister) Start(context.Context) error    { return nil }
func (lister) Stop(context.Context) error     { return nil }
func (l lister) Listeners() []module.Listener { return l }

func TestCertificatesInHealthz(t *testing.T) {
	in := func(d time.Duration) module.Listener {
		return module.Listener{Protocol: "nats", Addr: "h:1", TLS: "tls", Expires: time.Now().Add(d)}
	}
	tests := []struct {
		name      string
		listeners lister
		status    int
		want      string
		not       string
	}{
		{"none", lister{{Protocol: "http"}}, http.StatusOK, `"ok"`, "warnings"},
		{"a year", lister{in(365 * 24 * time.Hour)}, http.StatusOK, `"ok"`, "warnings"},
		{"six days", lister{in(6 * 24 * time.Hour), in(8 * 24 * time.Hour)}, http.StatusOK, "nats on h:1: the certificate expires soon: 2", "error"},
		{"over", lister{in(6 * 24 * time.Hour), in(-time.Minute)}, http.StatusServiceUnavailable, "nats on h:1: the certificate has expired: 2", `"ok"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := &monitor{env: &module.Env{Modules: func(yield func(string, module.Module) bool) { yield("x", tt.listeners) }}}
			w := httptest.NewRecorder()
			m.serve("healthz")(w, httptest.NewRequest(http.MethodGet, "/healthz", nil))
			if body := w.Body.String(); w.Code != tt.status || !strings.Contains(body, tt.want) || strings.Contains(body, tt.not) {
				t.Errorf("%d %s", w.Code, body)
			}
		})
	}
}

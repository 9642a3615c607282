package monitor

import (
	"fmt"
	"net/http"

	"leafgate/module"
)

// health is the answer of /healthz.
type health struct {
	Status     string        `json:"status"`
	StatusCode int           `json:"status_code,omitempty"` // of HTTP; there it is left out
	Error      string        `json:"error,omitempty"`
	Errors     []healthError `json:"errors,omitempty"`
	Warnings   []string      `json:"warnings,omitempty"`
}

// A healthError is one with details=1.
type healthError struct {
	Type  string `json:"type"`
	Error string `json:"error"`
}

// healthz is ready when every module is, no certificate has expired, and the store takes what is to be stored.
func (m *monitor) healthz(q *query) (any, error) {
	for _, name := range []string{"js-enabled", "js-enabled-only", "js-server-only", "js-meta-only"} {
		q.flag(name) // there are no streams that could be ill
	}
	account, stream, consumer := q.text("account"), q.text("stream"), q.text("consumer")
	h, details := &health{Status: "ok", StatusCode: http.StatusOK}, q.flag("details")
	switch {
	case account == "" && stream != "":
		h.ill(details, http.StatusBadRequest, "BAD_REQUEST", "error", `"account" must not be empty when checking stream health`)
		return h, nil
	case stream == "" && consumer != "":
		h.ill(details, http.StatusBadRequest, "BAD_REQUEST", "error", `"stream" must not be empty when checking consumer health`)
		return h, nil
	}
	m.examine(h, details)
	return h, nil
}

// examine looks at certificates, modules, the store and memory, worst first.
func (m *monitor) examine(h *health, details bool) {
	warnings, err := m.certificates(m.env.Clock.Valid())
	store := m.env.Storage.State()
	h.Warnings = append(warnings, store.Warnings()...)
	short, full := shortage(m.env.Memory.State())
	if short != "" && !full {
		h.Warnings = append(h.Warnings, short)
	}
	if err == nil {
		err = m.ready()
	}
	failed := store.Failed()
	switch {
	case err != nil:
		h.ill(details, http.StatusServiceUnavailable, "CONNECTION", "unavailable", err.Error())
	case failed != nil: // what needs no store goes on
		h.ill(details, http.StatusServiceUnavailable, "STORE", degraded, failed.Error())
	case full: // those who are there are served
		h.ill(details, http.StatusServiceUnavailable, "MEMORY", degraded, short)
	case (len(store.Warnings()) > 0 || short != "") && !details:
		h.Status = degraded
	}
}

// degraded is the status of a gateway that serves, and has lost something, or may not store.
const degraded = "degraded"

func (h *health) ill(details bool, code int, kind, status, text string) {
	h.StatusCode = code
	if details {
		h.Status, h.Errors = "error", append(h.Errors, healthError{kind, text})
		return
	}
	h.Status, h.Error = status, text
}

// ready says which module is not, and why.
func (m *monitor) ready() error {
	for name, other := range m.env.Modules {
		if r, ok := other.(module.Readier); ok {
			if err := r.Ready(); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

package monitor

import (
	"fmt"
	"net/http"
	"time"

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

// healthz is ready when every module is, and no certificate has expired.
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
	warnings, err := m.certificates(time.Now())
	h.Warnings = warnings
	if err == nil {
		err = m.ready()
	}
	if err != nil {
		h.ill(details, http.StatusServiceUnavailable, "CONNECTION", "unavailable", err.Error())
	}
	return h, nil
}

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

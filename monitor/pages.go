package monitor

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"sync"
	"time"

	"leafgate/module"
)

// handler mounts the pages of this room and of every module that has some.
func (m *monitor) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", index)
	mux.HandleFunc("/healthz", m.healthz)
	mux.HandleFunc("/varz", m.varz)
	for _, other := range m.env.Modules {
		if r, ok := other.(module.Router); ok {
			r.Routes(mux)
		}
	}
	return http.StripPrefix(m.options.base, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "" {
			r.URL.Path = "/"
		}
		_, pattern := mux.Handler(r)
		m.visits.count(pattern)
		mux.ServeHTTP(w, r)
	}))
}

func index(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Leafgate</title></head>
<body><h1>Leafgate</h1><ul>
<li><a href="varz">varz</a>: the gateway in numbers</li>
<li><a href="healthz">healthz</a>: is it ready</li>
</ul></body></html>
`))
}

// healthz is ready when every module is, and no certificate has expired.
func (m *monitor) healthz(w http.ResponseWriter, _ *http.Request) {
	warnings, err := m.certificates(time.Now())
	for name, other := range m.env.Modules {
		if r, ok := other.(module.Readier); ok && err == nil {
			if err = r.Ready(); err != nil {
				err = fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	body, status := map[string]any{"status": "ok"}, http.StatusOK
	if err != nil {
		body, status = map[string]any{"status": "unavailable", "error": err.Error()}, http.StatusServiceUnavailable
	}
	if len(warnings) > 0 {
		body["warnings"] = warnings
	}
	reply(w, status, body)
}

func reply(w http.ResponseWriter, status int, body map[string]any) {
	text, err := json.MarshalIndent(body, "", "  ")
	if err != nil {
		http.Error(w, "render: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

// visits count requests for each page.
type visits struct {
	mu     sync.Mutex
	number map[string]int64
}

func (v *visits) count(page string) {
	if page == "" {
		return // not found
	}
	if page == "/{$}" {
		page = "/"
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.number == nil {
		v.number = make(map[string]int64)
	}
	v.number[page]++
}

func (v *visits) snapshot() map[string]int64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return maps.Clone(v.number)
}

package monitor

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/netip"
	"sync"

	"leafgate/auth"
	"leafgate/module"
)

// handler mounts the pages of this room and of every module that has some.
func (m *monitor) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", index)
	for name := range pages {
		mux.HandleFunc("/"+name, m.serve(name))
	}
	for name := range aliases {
		mux.HandleFunc("/"+name, m.serve(name))
	}
	mux.Handle("/metrics", m.metrics())
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
		if pattern != open && !m.allowed(r) {
			w.Header().Set("WWW-Authenticate", `Basic realm="leafgate", charset="UTF-8"`)
			refuse(w, http.StatusUnauthorized, "unauthorized")
			return
		}
		m.visits.count(pattern)
		mux.ServeHTTP(w, r)
	}))
}

// open is the one page that needs no password: probes have none.
const open = "/healthz"

// allowed says whether the request comes from somebody who may look.
func (m *monitor) allowed(r *http.Request) bool {
	rules := m.rules.Load()
	if rules == nil {
		return true
	}
	user, pass, _ := r.BasicAuth()
	remote, _ := netip.ParseAddrPort(r.RemoteAddr)
	_, err := rules.Authenticate(&auth.Credentials{Protocol: protocol, User: user, Pass: pass, Token: pass, Remote: remote})
	if err != nil {
		m.env.Log.Info("monitoring refused", "remote", r.RemoteAddr, "err", err)
	}
	return err == nil
}

// protocol is this room's name for itself.
const protocol = "http"

func index(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Leafgate</title></head>
<body><h1>Leafgate</h1><ul>
<li><a href="varz">varz</a>: the gateway in numbers</li>
<li><a href="connz">connz</a>: connections</li>
<li><a href="connz?state=closed">connz?state=closed</a>: connections that have ended</li>
<li><a href="eventz">eventz</a>: what happened lately, and why</li>
<li><a href="accountz">accountz</a>, <a href="accstatz?unused=1">accstatz</a>: accounts</li>
<li><a href="subsz?subs=1">subsz</a>: subscriptions</li>
<li><a href="leafz">leafz</a>, <a href="uplinkz">uplinkz</a>: links to other servers</li>
<li><a href="jsz">jsz</a>: streams</li>
<li><a href="metrics">metrics</a>: for Prometheus</li>
<li><a href="healthz">healthz</a>: is it ready</li>
</ul></body></html>
`))
}

// serve answers with a page.
func (m *monitor) serve(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer, err := m.Page(name, r.URL.Query())
		var refused *module.PageError
		switch h, isHealth := answer.(*health); {
		case errors.As(err, &refused):
			refuse(w, refused.Status, refused.Text)
		case err != nil:
			refuse(w, http.StatusInternalServerError, err.Error())
		case isHealth:
			status := h.StatusCode
			h.StatusCode = 0 // stands in the answer already
			reply(w, status, h)
		default:
			reply(w, http.StatusOK, answer)
		}
	}
}

// refuse answers with text and nothing else, no end of line either: tools compare it.
func refuse(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff") // it may repeat what was asked
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
}

// longPage is the size in bytes from which on an answer is for programs: indenting takes as long as writing it.
const longPage = 64 << 10

func reply(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err == nil && len(text) < longPage {
		var nice bytes.Buffer
		if err = json.Indent(&nice, text, "", "  "); err == nil {
			text = nice.Bytes()
		}
	}
	if err != nil {
		refuse(w, http.StatusInternalServerError, "render: "+err.Error())
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
	if v.number == nil {
		return map[string]int64{}
	}
	return maps.Clone(v.number)
}

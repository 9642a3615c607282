//go:build peers

package peers

import (
	"bufio"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"leafgate/internal/peer"
)

// A scenario is one of js/nats.js or js/mqtt.js.
type scenario struct {
	Client  string            `json:"client"` // which of the two
	Name    string            `json:"scenario"`
	URL     string            `json:"url"`
	Version int               `json:"version,omitempty"` // of MQTT
	Topics  []string          `json:"topics,omitempty"`  // for the scenario of that name
	CA      string            `json:"ca,omitempty"`      // a file, for Node
	Cookies map[string]string `json:"cookies,omitempty"`
}

// A stage is where plays are performed, one after another: Node, or pages in Chromium.
type stage struct {
	*program
	lines *bufio.Reader
}

func newStage(t *testing.T, args ...string) *stage {
	t.Helper()
	p := nodejs(t.Context(), t, args...)
	t.Cleanup(func() {
		_ = p.in.Close() // it may have ended by itself, which has been told
		_ = p.Wait()
	})
	return &stage{p, bufio.NewReader(p.out)}
}

// perform plays x, in whose midst the server may have to be killed and started again.
func (s *stage) perform(t *testing.T, server *peer.Server, x scenario) {
	t.Helper()
	must(t, json.NewEncoder(s.in).Encode(x))
	for {
		line, err := s.lines.ReadString('\n')
		switch said, why, _ := strings.Cut(strings.TrimSpace(line), " "); said {
		case "ready":
			server.Kill()
			server.Restart()
		case "done":
			return
		case "failed":
			var stack string
			must(t, json.Unmarshal([]byte(why), &stack))
			t.Fatal(stack)
		default:
			_ = s.Wait()
			t.Fatalf("got %q, %v\n%s", line, err, &s.err)
		}
	}
}

// stages are all that there are, with a site for what is shown on them.
var stages = map[string]func(t *testing.T, w *site) *stage{
	"node": func(t *testing.T, _ *site) *stage { return newStage(t, "node.js") },
	"chromium": func(t *testing.T, w *site) *stage {
		return newStage(t, "chromium.js", chromium(t), w.URL, w.pin)
	},
}

func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("chromium is missing: make peers-setup")
	return ""
}

// A site is where pages come from, by HTTPS if it has a certificate.
type site struct {
	*httptest.Server
	pin string // hash of the key of its certificate
}

// newSite serves js/, and its page to who asks for /login, with cookies that scripts do not see: a query says which.
func newSite(t *testing.T, cert, key string) *site {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir("js")))
	mux.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		for name, values := range r.URL.Query() {
			http.SetCookie(w, &http.Cookie{Name: name, Value: values[0], HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode})
		}
		http.ServeFile(w, r, "js/page.html")
	})
	s := &site{Server: httptest.NewUnstartedServer(mux)}
	t.Cleanup(s.Close)
	if cert == "" {
		s.Start()
		return s
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	must(t, err)
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	must(t, err)
	hash := sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	s.pin, s.TLS = base64.StdEncoding.EncodeToString(hash[:]), &tls.Config{Certificates: []tls.Certificate{pair}}
	s.StartTLS()
	return s
}

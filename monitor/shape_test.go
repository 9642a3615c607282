package monitor_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"leafgate/internal/peer"
)

const shapeConf = `
http: "127.0.0.1:-1"
server_name: shape
system_account: SYS
accounts {
  SYS { users: [ { user: sys, password: s } ] }
  A {
    users: [ { user: ann, password: a } ]
    exports: [ { service: "help.*" }, { stream: "news.>", accounts: [B] } ]
    mappings { "old.*": "new.$1" }
  }
  B {
    users: [ { user: bob, password: b } ]
    imports: [ { service: { account: A, subject: "help.1" }, to: "aid" }, { stream: { account: A, subject: "news.>" } } ]
  }
}
`

// intended are the differences between our answers and nats-server's, by page and path in the answer, all below it
// included.
var intended = map[string]string{
	"/varz feature_flags":                      "there are no features to switch",
	"/connz?acc=nobody connections":            "never null",
	"/connz?filter_subject=a":                  "nats-server reads it in requests of the system account only",
	"/accountz?acc=A account_detail.imports":   "services of the system account are no imports here",
	"/accountz?acc=SYS account_detail.imports": "services of the system account are no imports here",
	"/accountz?acc=SYS account_detail.exports": "services of the system account are no exports here",
}

// isIntended answers which of the intended differences at is.
func isIntended(at string) (key string, ok bool) {
	for key := range intended {
		if rest, found := strings.CutPrefix(at, key); found && (rest == "" || rest[0] == '.' || rest[0] == ' ') {
			return key, true
		}
	}
	return "", false
}

// TestShapes compares which names there are in every answer, and of what types their values are.
func TestShapes(t *testing.T) {
	t.Setenv("GOMEMLIMIT", "2GiB") // of the servers: nats-server shows it where there is one, we have one always
	ours, theirs := shapes(t, "leafgate"), shapes(t, "nats-server")
	used := make(map[string]bool)
	for _, page := range shapePages {
		a, b := ours[page], theirs[page]
		for _, path := range slices.Sorted(maps.Keys(union(a, b))) {
			if at := page + " " + path; a[path] != b[path] {
				if key, found := isIntended(at); found {
					used[key] = true
					continue
				}
				t.Errorf("%s: ours %q, theirs %q", at, a[path], b[path])
			}
		}
	}
	for at := range intended {
		if !used[at] {
			t.Errorf("there is no difference any more: %s", at)
		}
	}
}

func union(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

var shapePages = []string{
	"/varz", "/connz", "/connz?auth=1&subs=1", "/connz?subs=detail", "/connz?state=closed&auth=1", "/connz?state=any&sort=uptime",
	"/connz?acc=nobody", "/routez", "/subsz", "/subsz?subs=1", "/subscriptionsz", "/leafz", "/gatewayz", "/accountz", "/accountz?acc=A",
	"/accountz?acc=B", "/accountz?acc=SYS", "/accstatz", "/accstatz?unused=1", "/jsz", "/jsz?streams=1&config=1", "/healthz", "/healthz?js-enabled-only=1",
	"/healthz?details=1", "/healthz?stream=S", "/healthz?account=A&stream=S", "/ipqueuesz",
	// What is refused is compared with its text.
	"/raftz", "/accountz?acc=nobody", "/connz?sort=zz", "/connz?sort=stop", "/connz?sort=reason&state=all", "/connz?subs=x", "/connz?limit=x",
	"/connz?cid=-1", "/connz?state=x", "/connz?filter_subject=a", "/connz?auth=2", "/subsz?subs=1&test=a.*", "/subsz?subs=2",
	"/accstatz?unused=x", "/healthz?details=x", "/healthz?consumer=C", "/ipqueuesz?all=x", "/leafz?subs=x", "/routez?subs=x",
}

// shapes runs a server with some clients and answers what is in its pages.
func shapes(t *testing.T, name string) map[string]map[string]string {
	t.Helper()
	s := peer.Start(t, name, shapeConf)
	natsClient(t, s.Addr(), `{"user":"ann","pass":"a","name":"ann","lang":"go","version":"1","protocol":1,"headers":true}`,
		"SUB help.* workers 1\r\n", "SUB x 2\r\n", "UNSUB 2 5\r\n", "PUB x 2\r\nhi\r\n")
	natsClient(t, s.Addr(), `{"user":"bob","pass":"b","verbose":false}`, "SUB news.> 1\r\n")
	natsClient(t, s.Addr(), `{"user":"ann","pass":"a","lang":"go","name":"gone"}`, "SUB y 1\r\n").Close()
	until(t, "the client is gone", func() bool { return strings.Contains(fetch(t, s, "/connz?state=closed"), `"gone"`) })
	all := make(map[string]map[string]string)
	for _, page := range shapePages {
		all[page] = shapeOf(fetch(t, s, page))
	}
	return all
}

// fetch answers status, kind and body.
func fetch(t *testing.T, s *peer.Server, page string) string {
	t.Helper()
	client := http.Client{Timeout: patience}
	res, err := client.Get(s.Monitoring() + page)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	kind, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
	return fmt.Sprintf("%d %s\n%s", res.StatusCode, kind, body)
}

// shapeOf answers the type of what is under each path.
func shapeOf(answer string) map[string]string {
	status, body, _ := strings.Cut(answer, "\n")
	all := map[string]string{"status": status}
	var v any
	if json.Unmarshal([]byte(body), &v) != nil {
		all["text"] = body
		return all
	}
	walk(all, "", v)
	return all
}

// counted are objects whose names are data.
var counted = []string{"http_req_stats", "mappings", "responses"}

func walk(all map[string]string, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		all[path] = "object"
		if slices.Contains(counted, path) || slices.Contains(counted, path[strings.LastIndexByte(path, '.')+1:]) {
			return
		}
		for name, member := range v {
			walk(all, strings.TrimPrefix(path+"."+name, "."), member)
		}
	case []any:
		all[path] = "array"
		for _, item := range v {
			walk(all, path, item)
		}
	case string:
		all[path] = "string"
		if _, err := time.Parse(time.RFC3339Nano, v); err == nil {
			all[path] = "time"
		}
	case nil:
		all[path] = "null"
	default:
		all[path] = fmt.Sprintf("%T", v)
	}
}

package system_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"leafgate/internal/peer"
)

const conf = `
server_name: shape
system_account: SYS
accounts {
  SYS { users: [ { user: sys, password: sys } ] }
  A { users: [
    { user: ann, password: ann }
    { user: eve, password: eve, permissions { publish: ["$SYS.REQ.>", x], subscribe { allow: ["_INBOX.>", "q grp"], deny: zz }, allow_responses { max: 3, expires: "1m" } } }
  ] }
}
`

// A question is one that both servers are asked.
type question struct{ user, subject, body string }

// questions have ID for the server's id, and CID for that of a connection of nats.go.
var questions = []question{
	{"sys", "$SYS.REQ.SERVER.PING", ""}, {"sys", "$SYS.REQ.SERVER.PING", "{}"},
	{"sys", "$SYS.REQ.SERVER.PING.IDZ", ""}, {"sys", "$SYS.REQ.SERVER.PING.STATSZ", ""},
	{"sys", "$SYS.REQ.SERVER.PING.VARZ", ""}, {"sys", "$SYS.REQ.SERVER.PING.VARZ", `{"server_name":"shape","exact_match":true}`},
	{"sys", "$SYS.REQ.SERVER.PING.VARZ", `{"server_name":"sha"}`}, {"sys", "$SYS.REQ.SERVER.PING.SUBSZ", ""},
	{"sys", "$SYS.REQ.SERVER.PING.CONNZ", ""}, {"sys", "$SYS.REQ.SERVER.PING.CONNZ", `{"auth":true,"subscriptions":true,"sort":"cid","limit":1024}`},
	{"sys", "$SYS.REQ.SERVER.PING.CONNZ", `{"subscriptions_detail":true,"state":2}`}, {"sys", "$SYS.REQ.SERVER.PING.CONNZ", `{"acc":"A","filter_subject":"x"}`},
	{"sys", "$SYS.REQ.SERVER.PING.CONNZ", `{"sort":"zz"}`}, {"sys", "$SYS.REQ.SERVER.PING.CONNZ", `{x`},
	{"sys", "$SYS.REQ.SERVER.PING.ROUTEZ", ""}, {"sys", "$SYS.REQ.SERVER.PING.GATEWAYZ", `{"accounts":true}`},
	{"sys", "$SYS.REQ.SERVER.PING.LEAFZ", `{"subscriptions":false,"account":""}`},
	{"sys", "$SYS.REQ.SERVER.PING.ACCOUNTZ", ""}, {"sys", "$SYS.REQ.SERVER.PING.ACCOUNTZ", `{"account":"A"}`}, {"sys", "$SYS.REQ.SERVER.PING.ACCOUNTZ", `{"account":"nope"}`},
	{"sys", "$SYS.REQ.SERVER.PING.JSZ", `{"limit":2048}`}, {"sys", "$SYS.REQ.SERVER.PING.HEALTHZ", ""}, {"sys", "$SYS.REQ.SERVER.PING.HEALTHZ", `{"details":true}`},
	{"sys", "$SYS.REQ.SERVER.PING.NOPE", ""}, {"sys", "$SYS.REQ.SERVER.PING.RELOAD", ""}, {"sys", "$SYS.REQ.SERVER.NOPE.IDZ", ""},
	{"sys", "$SYS.REQ.SERVER.ID.IDZ", ""}, {"sys", "$SYS.REQ.SERVER.ID.STATSZ", ""}, {"sys", "$SYS.REQ.SERVER.ID.HEALTHZ", ""},
	{"sys", "$SYS.REQ.SERVER.ID.KICK", `{"cid":999}`}, {"sys", "$SYS.REQ.SERVER.ID.LDM", `{"cid":999}`}, {"sys", "$SYS.REQ.SERVER.ID.LDM", `{"cid":CID}`},
	{"sys", "$SYS.REQ.SERVER.ID.RELOAD", ""}, {"sys", "$SYS.REQ.SERVER.ID.RELOAD", "{x"},
	{"sys", "$SYS.REQ.ACCOUNT.A.SUBSZ", ""}, {"sys", "$SYS.REQ.ACCOUNT.A.CONNZ", ""}, {"sys", "$SYS.REQ.ACCOUNT.A.LEAFZ", ""}, {"sys", "$SYS.REQ.ACCOUNT.A.JSZ", ""},
	{"sys", "$SYS.REQ.ACCOUNT.A.INFO", ""}, {"sys", "$SYS.REQ.ACCOUNT.nope.INFO", ""}, {"sys", "$SYS.REQ.ACCOUNT.A.STATZ", ""}, {"sys", "$SYS.REQ.ACCOUNT.A.CONNS", ""},
	{"sys", "$SYS.REQ.ACCOUNT.nope.SUBSZ", ""}, {"sys", "$SYS.REQ.ACCOUNT.A.NOPE", ""}, {"sys", "$SYS.REQ.ACCOUNT.PING.STATZ", ""},
	{"sys", "$SYS.REQ.ACCOUNT.PING.STATZ", `{"accounts":["A"],"include_unused":true}`}, {"sys", "$SYS.REQ.USER.INFO", ""},
	{"sys", "$SYS.DEBUG.SUBSCRIBERS", ""}, {"sys", "$SYS.DEBUG.SUBSCRIBERS", "nobody.listens"}, {"sys", "$SYS.DEBUG.SUBSCRIBERS", "some.subject q"},
	{"ann", "$SYS.REQ.USER.INFO", ""}, {"ann", "$SYS.REQ.ACCOUNT.PING.CONNZ", ""}, {"ann", "$SYS.REQ.SERVER.PING.CONNZ", `{"acc":"SYS","auth":true}`},
	{"ann", "$SYS.REQ.ACCOUNT.PING.STATZ", ""}, {"ann", "$SYS.REQ.ACCOUNT.PING.STATZ", `{"accounts":["SYS"]}`}, {"ann", "$SYS.DEBUG.SUBSCRIBERS", "x"},
	{"ann", "$SYS.REQ.SERVER.PING", ""}, {"ann", "$SYS.REQ.SERVER.PING.VARZ", ""}, {"ann", "$SYS.REQ.ACCOUNT.A.CONNZ", ""}, {"ann", "$SYS.REQ.SERVER.ID.KICK", `{"cid":1}`},
	{"eve", "$SYS.REQ.USER.INFO", ""}, {"eve", "$SYS.REQ.USER.INFO", "anything"}, {"eve", "$SYS.REQ.ACCOUNT.PING.CONNZ", `{"acc":"SYS"}`},
}

// intended are the differences between our answers and nats-server's, by path in the answer, all below it
// included; "data null" is one by its type.
var intended = map[string]string{
	"server.feature_flags":        "there are no features to switch",
	"data.feature_flags":          "there are no features to switch",
	"data null":                   "an answer with an error has no data",
	"data.account_detail.imports": "services of the system account are no imports here",
	"data.imports":                "services of the system account are no imports here",
}

// TestShapes compares which names there are in every answer, and of what types their values are. Errors are compared by
// their text.
func TestShapes(t *testing.T) {
	t.Setenv("GOMEMLIMIT", "2GiB") // of the servers: nats-server shows it where there is one, we have one always
	ours, theirs := shapes(t, "leafgate"), shapes(t, "nats-server")
	used := make(map[string]bool)
	for _, q := range questions {
		a, b := ours[q], theirs[q]
		union := maps.Clone(a)
		maps.Copy(union, b)
		for _, path := range slices.Sorted(maps.Keys(union)) {
			if a[path] == b[path] {
				continue
			}
			if key := intendedKey(path, b[path]); key != "" {
				used[key] = true
				continue
			}
			t.Errorf("%s asks %s %s: %s: ours %q, theirs %q", q.user, q.subject, q.body, path, a[path], b[path])
		}
	}
	for key := range intended {
		if !used[key] {
			t.Errorf("there is no difference any more: %s", key)
		}
	}
}

// intendedKey answers which of the intended differences it is, or nothing.
func intendedKey(path, theirs string) string {
	for key := range intended {
		if path == key || strings.HasPrefix(path, key+".") || path+" "+theirs == key {
			return key
		}
	}
	return ""
}

// shapes asks a server everything.
func shapes(t *testing.T, name string) map[question]map[string]string {
	t.Helper()
	s := peer.Start(t, name, conf)
	by := make(map[string]*nats.Conn)
	for _, user := range []string{"sys", "ann", "eve"} {
		by[user] = login(t, s.URL, user)
		listen(t, by[user], nats.NewInbox()) // its first round trip is over, and so it takes INFO
	}
	cid, err := by["ann"].GetClientID()
	if err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer(".ID.", "."+by["sys"].ConnectedServerId()+".", "CID", fmt.Sprint(cid))
	all := make(map[question]map[string]string)
	for _, q := range questions {
		all[q] = shapeOf(ask(t, by[q.user], fill.Replace(q.subject), fill.Replace(q.body)))
	}
	return all
}

// shapeOf answers the type of what is under each path.
func shapeOf(answer string) map[string]string {
	all := make(map[string]string)
	var v any
	if json.Unmarshal([]byte(answer), &v) != nil {
		all["text"] = answer
		return all
	}
	walk(all, "", v)
	return all
}

func walk(all map[string]string, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		all[path] = "object"
		if strings.HasSuffix(path, "http_req_stats") {
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
		} else if path == "error.description" {
			all[path] = v
		}
	case nil:
		all[path] = "null"
	default:
		all[path] = fmt.Sprintf("%T", v)
	}
}

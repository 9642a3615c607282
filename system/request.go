package system

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"leafgate/core"
)

// A request waits for its answer.
type request struct {
	peer    *peer
	service *service
	subject string
	reply   string
	body    []byte
	tooLong bool           // the body was, and was not kept
	asker   *core.Identity // nil: not known
}

// filters say which servers are asked.
type filters struct {
	Name    string   `json:"server_name"`
	Cluster string   `json:"cluster"`
	Host    string   `json:"host"`
	Exact   bool     `json:"exact_match"`
	Tags    []string `json:"tags"`
	Domain  string   `json:"domain"`
}

// matches says whether s is one of them. It belongs to no cluster and no domain.
func (f *filters) matches(s server) bool {
	same := strings.Contains
	if f.Exact {
		same = func(a, b string) bool { return a == b }
	}
	if f.Name != "" && !same(s.Name, f.Name) || f.Host != "" && !same(s.Host, f.Host) || f.Cluster != "" || f.Domain != "" {
		return false
	}
	for _, tag := range f.Tags {
		if !slices.ContainsFunc(s.Tags, func(t string) bool { return strings.EqualFold(t, tag) }) {
			return false
		}
	}
	return true
}

// An option of a request is a part of a page's query.
type option struct {
	name  string // in JSON
	query string // of the page
	kind  any    // a value of its type
}

// options by page.
var options = map[string][]option{
	"connz": {{"sort", "sort", ""}, {"auth", "auth", false}, {"subscriptions", "subs", false}, {"subscriptions_detail", "subs", detail{}},
		{"offset", "offset", 0}, {"limit", "limit", 0}, {"cid", "cid", uint64(0)}, {"mqtt_client", "mqtt_client", ""}, {"state", "state", state(0)},
		{"user", "user", ""}, {"acc", "acc", ""}, {"filter_subject", "filter_subject", ""}},
	"subsz":  {{"offset", "offset", 0}, {"limit", "limit", 0}, {"subscriptions", "subs", false}, {"account", "acc", ""}, {"test", "test", ""}},
	"leafz":  {{"subscriptions", "subs", false}, {"account", "acc", ""}},
	"routez": {{"subscriptions", "subs", false}, {"subscriptions_detail", "subs", detail{}}},
	"gatewayz": {{"name", "gw_name", ""}, {"accounts", "accs", false}, {"account_name", "acc_name", ""}, {"subscriptions", "subs", false},
		{"subscriptions_detail", "subs", detail{}}},
	"accountz": {{"account", "acc", ""}},
	"jsz": {{"account", "acc", ""}, {"accounts", "accounts", false}, {"streams", "streams", false}, {"consumer", "consumers", false},
		{"direct_consumer", "direct-consumers", false}, {"config", "config", false}, {"leader_only", "leader-only", false},
		{"stream_leader_only", "stream-leader-only", false}, {"offset", "offset", 0}, {"limit", "limit", 0}, {"raft", "raft", false}},
	"healthz": {{"js-enabled-only", "js-enabled-only", false}, {"js-server-only", "js-server-only", false}, {"account", "account", ""},
		{"stream", "stream", ""}, {"consumer", "consumer", ""}, {"details", "details", false}},
	"ipqueuesz": {{"all", "all", false}},
}

type (
	detail struct{} // a flag whose query is a word
	state  int      // of connections
)

var states = []string{"open", "closed", "all"}

// read reads the body of a request: whom it is for, and what of a page.
func (r *request) read(page string) (f filters, query url.Values, err error) {
	query = make(url.Values)
	if r.tooLong {
		return f, nil, refusal("the body is too long")
	}
	if len(r.body) == 0 {
		return f, query, nil
	}
	if err = json.Unmarshal(r.body, &f); err != nil {
		return f, nil, err
	}
	var given map[string]json.RawMessage
	if err = json.Unmarshal(r.body, &given); err != nil {
		return f, nil, err
	}
	for _, o := range options[page] {
		if text, found := given[o.name]; found {
			if err = o.set(query, text); err != nil {
				return f, nil, err
			}
		}
	}
	return f, query, nil
}

// set adds what text says to a query.
func (o *option) set(query url.Values, text json.RawMessage) (err error) {
	var word string
	switch kind := o.kind.(type) {
	case string:
		err = json.Unmarshal(text, &word)
	case bool, detail:
		on := false
		if err = json.Unmarshal(text, &on); on {
			if word = "true"; kind == (detail{}) {
				word = "detail"
			}
		}
	case uint64:
		var n uint64
		err = json.Unmarshal(text, &n)
		word = strconv.FormatUint(n, 10)
	case int:
		n := 0
		err = json.Unmarshal(text, &n)
		word = strconv.Itoa(n)
	case state:
		n := 0
		if err = json.Unmarshal(text, &n); n < 0 || n >= len(states) {
			word = "state " + strconv.Itoa(n)
		} else {
			word = states[n]
		}
	}
	if word != "" {
		query.Set(o.query, word)
	}
	return err
}

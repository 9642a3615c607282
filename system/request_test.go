package system

import (
	"strings"
	"testing"
)

// TestRead turns bodies into queries of pages.
func TestRead(t *testing.T) {
	for _, tt := range []struct{ page, body, query, err string }{
		{page: "connz", query: ""},
		{page: "connz", body: "{}", query: ""},
		{page: "connz", body: "null", query: ""},
		{page: "connz", body: `{"sort":"cid","auth":true,"limit":5,"offset":2,"cid":18446744073709551615}`, query: "auth=true&cid=18446744073709551615&limit=5&offset=2&sort=cid"},
		{page: "connz", body: `{"subscriptions":true}`, query: "subs=true"},
		{page: "connz", body: `{"subscriptions":true,"subscriptions_detail":true,"state":1}`, query: "state=closed&subs=detail"},
		{page: "connz", body: `{"subscriptions":false,"auth":false,"user":"","acc":"A","mqtt_client":"m","filter_subject":"a.*"}`, query: "acc=A&filter_subject=a.%2A&mqtt_client=m"},
		{page: "connz", body: `{"state":3}`, query: "state=state+3"},
		{page: "connz", body: `{"server_name":"x","exact_match":true,"unknown":[1]}`, query: ""},
		{page: "accountz", body: `{"account":"A","acc":"B"}`, query: "acc=A"},
		{page: "jsz", body: `{"account":"A","accounts":true,"streams":true,"consumer":true,"config":true,"raft":true,"limit":2048}`, query: "acc=A&accounts=true&config=true&consumers=true&limit=2048&raft=true&streams=true"},
		{page: "healthz", body: `{"js-enabled-only":true,"details":true,"stream":"S"}`, query: "details=true&js-enabled-only=true&stream=S"},
		{page: "varz", body: `{"limit":1}`, query: ""},
		{page: "connz", body: `{"cid":-1}`, err: "cannot unmarshal"},
		{page: "connz", body: `{"cid":18446744073709551616}`, err: "cannot unmarshal"},
		{page: "connz", body: `{"limit":9223372036854775808}`, err: "cannot unmarshal"},
		{page: "connz", body: `{"limit":1.5}`, err: "cannot unmarshal"},
		{page: "connz", body: `{"auth":1}`, err: "cannot unmarshal"},
		{page: "connz", body: `{"server_name":1}`, err: "cannot unmarshal"},
		{page: "connz", body: `{"tags":"a"}`, err: "cannot unmarshal"},
		{page: "connz", body: `[]`, err: "cannot unmarshal"},
		{page: "connz", body: `{`, err: "unexpected end"},
		{page: "connz", body: `{} x`, err: "after top-level value"},
	} {
		r := request{body: []byte(tt.body)}
		_, query, err := r.read(tt.page)
		switch {
		case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
			t.Errorf("%s %s: %v, want %s", tt.page, tt.body, err, tt.err)
		case tt.err == "" && (err != nil || query.Encode() != tt.query):
			t.Errorf("%s %s: %s, %v, want %s", tt.page, tt.body, query.Encode(), err, tt.query)
		}
	}
}

func TestMatches(t *testing.T) {
	s := server{Name: "edge-7", Host: "10.0.0.7", Tags: []string{"eu", "Rack:r7"}}
	for _, tt := range []struct {
		f    filters
		want bool
	}{
		{filters{}, true}, {filters{Exact: true}, true},
		{filters{Name: "edge"}, true}, {filters{Name: "edge", Exact: true}, false}, {filters{Name: "edge-7", Exact: true}, true}, {filters{Name: "other"}, false},
		{filters{Host: "10.0"}, true}, {filters{Host: "10.0", Exact: true}, false}, {filters{Name: "edge", Host: "10.1"}, false},
		{filters{Tags: []string{"EU"}}, true}, {filters{Tags: []string{"eu", "rack:r7"}}, true}, {filters{Tags: []string{"eu", "us"}}, false},
		{filters{Cluster: "c"}, false}, {filters{Domain: "d"}, false},
	} {
		if got := tt.f.matches(s); got != tt.want {
			t.Errorf("%+v: %v", tt.f, got)
		}
	}
}

// FuzzRequest reads any body for every page: it makes a query that is one, or an error.
func FuzzRequest(f *testing.F) {
	for _, body := range []string{"", "{}", `{"sort":"cid","auth":true,"state":2,"limit":5,"tags":["a"]}`, `{"cid":1e3}`, `{"account":"A","cid":7}`, `[`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r := request{body: body}
		for page, known := range options {
			_, query, err := r.read(page)
			if err != nil {
				continue
			}
			for name, values := range query {
				found := false
				for _, o := range known {
					found = found || o.query == name
				}
				if !found || len(values) != 1 || values[0] == "" {
					t.Errorf("%s: %s is %q", page, name, values)
				}
			}
		}
		_, _ = r.connection()
	})
}

package system

import (
	"iter"
	"net/http"
	"net/url"
	"strings"
)

// A service answers requests.
type service struct {
	page   string // whose query the body of a request is, or empty
	answer func(m *system, r *request, query url.Values) (any, error)
	bare   bool // the answer stands alone
	raw    bool // the body is no JSON, or does not matter
}

// errSilent is the error of a service that has nothing to say.
type errSilent struct{}

func (errSilent) Error() string { return "no answer" }

// ofServer are the services of one server, by the last token.
var ofServer = map[string]*service{
	"IDZ":       {answer: (*system).idz, bare: true},
	"STATSZ":    {answer: (*system).statsz, bare: true},
	"VARZ":      ofPage("varz"),
	"SUBSZ":     ofPage("subsz"),
	"CONNZ":     ofPage("connz"),
	"ROUTEZ":    ofPage("routez"),
	"GATEWAYZ":  ofPage("gatewayz"),
	"LEAFZ":     ofPage("leafz"),
	"ACCOUNTZ":  ofPage("accountz"),
	"JSZ":       ofPage("jsz"),
	"HEALTHZ":   ofPage("healthz"),
	"IPQUEUESZ": ofPage("ipqueuesz"),
	"RAFTZ":     ofPage("raftz"),
	"PROFILEZ":  {answer: notHere("profiles are not sent: see prof_port")},
	"EXPVARZ":   {answer: notHere("variables are not sent: see VARZ")},
}

// ofThisServer are those that only make sense for one.
var ofThisServer = map[string]*service{
	"RELOAD": {answer: (*system).reload},
	"KICK":   {answer: (*system).kick},
	"LDM":    {answer: (*system).lameDuckOne},
}

// ofAccount are the services about an account, by the last token.
var ofAccount = map[string]*service{
	"SUBSZ": ofPageOf("subsz"),
	"CONNZ": ofPageOf("connz"),
	"LEAFZ": ofPageOf("leafz"),
	"JSZ":   ofPageOf("jsz"),
	"INFO":  {answer: (*system).accountInfo},
	"STATZ": {answer: (*system).accountStats},
	"CONNS": {answer: (*system).accountConns, bare: true},
}

// ofEverybody are the services in each account but the system's, about that account and who asks. They have the subjects
// of services that say more in the system account.
var ofEverybody = map[string]*service{
	"$SYS.REQ.ACCOUNT.PING.CONNZ": {page: "connz", answer: ownPage("connz")},
	"$SYS.REQ.SERVER.PING.CONNZ":  {page: "connz", answer: ownPage("connz")},
	"$SYS.REQ.ACCOUNT.PING.STATZ": {answer: (*system).ownStats},
	userInfo:                      userService,
}

const userInfo = "$SYS.REQ.USER.INFO"

var (
	userService       = &service{answer: (*system).userInfo, raw: true}
	subscriberService = &service{answer: (*system).subscribers, bare: true, raw: true}
)

// services are those of an account, by subject.
func services(id string, home bool) iter.Seq2[string, *service] {
	all := make(map[string]*service)
	if !home {
		all = ofEverybody
	} else {
		const servers, accounts = "$SYS.REQ.SERVER.", "$SYS.REQ.ACCOUNT.*."
		all[servers+"PING"], all[userInfo], all["$SYS.DEBUG.SUBSCRIBERS"] = ofServer["STATSZ"], userService, subscriberService
		for name, s := range ofServer {
			all[servers+"PING."+name], all[servers+id+"."+name] = s, s
		}
		for name, s := range ofThisServer {
			all[servers+id+"."+name] = s
		}
		for name, s := range ofAccount {
			all[accounts+name] = s
		}
	}
	return func(yield func(string, *service) bool) {
		for subject, s := range all {
			if !yield(subject, s) {
				return
			}
		}
	}
}

func ofPage(page string) *service {
	return &service{page: page, answer: func(m *system, _ *request, query url.Values) (any, error) { return m.page(page, query) }}
}

// ofPageOf answers with what a page says of the account in the subject.
func ofPageOf(page string) *service {
	return &service{page: page, answer: func(m *system, r *request, query url.Values) (any, error) {
		switch name := r.account(); {
		case name != everyAccount:
			query.Set("acc", name)
		case page == "subsz" || page == "jsz":
			return nil, errSilent{}
		}
		switch page {
		case "subsz":
			query.Set("subs", "true")
		case "jsz":
			return m.jszOf(query)
		}
		return m.page(page, query)
	}}
}

// jszOf answers for an account with an error where there are no streams; for a server that is none.
func (m *system) jszOf(query url.Values) (any, error) {
	var p struct {
		Disabled bool `json:"disabled"`
	}
	if err := m.read("jsz", query, &p); err != nil {
		return nil, err
	}
	if p.Disabled {
		return nil, refusal("jetstream not enabled")
	}
	return m.page("jsz", query)
}

// ownPage answers with what a page says of the account of whoever asks, whatever the question says.
func ownPage(page string) func(*system, *request, url.Values) (any, error) {
	return func(m *system, r *request, query url.Values) (any, error) {
		query.Set("acc", r.peer.ep.Account().Name())
		return m.page(page, query)
	}
}

func notHere(why string) func(*system, *request, url.Values) (any, error) {
	return func(*system, *request, url.Values) (any, error) { return nil, refusal(why) }
}

// A refusal is an error that whoever asks may read.
type refusal string

func (r refusal) Error() string { return string(r) }

// everyAccount stands where the name of an account does.
const everyAccount = "PING"

// account is the one that the subject names.
func (r *request) account() string {
	name := strings.TrimPrefix(r.subject, "$SYS.REQ.ACCOUNT.")
	return name[:strings.LastIndexByte(name, '.')]
}

// An envelope is what answers come in.
type envelope struct {
	Server server `json:"server"`
	Data   any    `json:"data,omitempty"`
	Error  *fault `json:"error,omitempty"`
}

type fault struct {
	Code int    `json:"code"` // of HTTP
	Text string `json:"description"`
}

// do implements job.
func (r *request) do(m *system) {
	r.peer.asked.Add(-1)
	var query url.Values
	if !r.service.raw {
		f, q, err := r.read(r.service.page)
		if err != nil {
			r.peer.send(r.reply, envelope{Server: m.server(), Error: &fault{http.StatusBadRequest, err.Error()}})
			return
		}
		if !f.matches(m.server()) {
			return
		}
		query = q
	}
	data, err := r.service.answer(m, r, query)
	switch {
	case err == errSilent{}:
	case err != nil:
		r.peer.send(r.reply, envelope{Server: m.server(), Error: &fault{http.StatusInternalServerError, err.Error()}})
	case r.service.bare:
		r.peer.send(r.reply, data)
	default:
		r.peer.send(r.reply, envelope{Server: m.server(), Data: data})
	}
}

package monitor

import (
	"cmp"
	"net/http"
	"net/url"
	"time"

	"leafgate/module"
)

// A page answers a question. What it answers becomes JSON; it is called from any goroutine.
type page func(*monitor, *query) (any, error)

// pages are those that have an answer in JSON, by name. The $SYS services answer with the same.
var pages = map[string]page{
	"varz":      (*monitor).varz,
	"connz":     (*monitor).connz,
	"subsz":     (*monitor).subsz,
	"routez":    (*monitor).routez,
	"leafz":     (*monitor).leafz,
	"gatewayz":  (*monitor).gatewayz,
	"accountz":  (*monitor).accountz,
	"accstatz":  (*monitor).accstatz,
	"jsz":       (*monitor).jsz,
	"healthz":   (*monitor).healthz,
	"ipqueuesz": (*monitor).ipqueuesz,
	"raftz":     (*monitor).raftz,
	"eventz":    (*monitor).eventz,
	"uplinkz":   (*monitor).uplinkz,
}

// aliases are other names of pages.
var aliases = map[string]string{"subscriptionsz": "subsz"}

var _ module.Pager = (*monitor)(nil)

// Page implements module.Pager. It works without a monitoring port, too.
func (m *monitor) Page(name string, values url.Values) (any, error) {
	p := pages[cmp.Or(aliases[name], name)]
	if p == nil {
		return nil, &module.PageError{Status: http.StatusNotFound, Text: "no page " + name}
	}
	q := &query{values: values}
	answer, err := p(m, q)
	if q.err != nil { // what came of a question that was misunderstood
		return nil, q.err
	}
	return answer, err
}

// head is how every answer begins.
type head struct {
	ID  string    `json:"server_id"`
	Now time.Time `json:"now"`
}

func (m *monitor) head() head { return head{m.env.Server.ID, time.Now().UTC()} }

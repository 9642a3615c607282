package main

import (
	"encoding/json"
	"fmt"
	"time"

	"leafgate/journal"
)

// An exported is a record as --json prints it; bytes are in base64.
type exported struct {
	Journal string     `json:"journal"`
	Seq     uint64     `json:"seq"`
	ID      uint64     `json:"id,omitempty"` // its first seq, if it was carried over
	Kind    string     `json:"kind"`
	Time    *time.Time `json:"time,omitempty"`
	Key     []byte     `json:"key"`
	Subject string     `json:"subject,omitempty"`
	Header  []byte     `json:"header,omitempty"`
	Payload []byte     `json:"payload"`
}

// export prints r, unless it is not asked for.
func (l *look) export(name string, r *journal.Record) {
	if l.failed != nil || r.Seq < l.from || l.to > 0 && r.Seq > l.to {
		return
	}
	if l.json {
		if l.encoder == nil {
			l.encoder = json.NewEncoder(l.out)
		}
		l.failed = l.encoder.Encode(describeRecord(name, r))
		return
	}
	_, l.failed = fmt.Fprintf(l.out, "%s %d %s", name, r.Seq, kind(r))
	if l.failed == nil && !r.Mark {
		_, l.failed = fmt.Fprintf(l.out, " %s %q", time.Unix(0, r.Time).UTC().Format(time.RFC3339Nano), r.Subject)
	}
	if l.failed == nil {
		_, l.failed = fmt.Fprintf(l.out, " key=%q", r.Key)
	}
	if l.failed == nil && len(r.Header) > 0 {
		_, l.failed = fmt.Fprintf(l.out, " header=%q", r.Header)
	}
	if l.failed == nil {
		_, l.failed = fmt.Fprintf(l.out, " payload=%q\n", r.Payload)
	}
}

func kind(r *journal.Record) string {
	if r.Mark {
		return "mark"
	}
	return "message"
}

func describeRecord(name string, r *journal.Record) *exported {
	e := &exported{Journal: name, Seq: r.Seq, Kind: kind(r), Key: r.Key, Subject: string(r.Subject), Header: r.Header, Payload: r.Payload}
	if r.Carried() {
		e.ID = r.ID
	}
	if !r.Mark {
		at := time.Unix(0, r.Time).UTC()
		e.Time = &at
	}
	return e
}

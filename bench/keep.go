package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
)

// A book is all rounds that count: those of this run and, with -keep, those of runs before. Its file has a line of JSON for
// the beginning of each run and one for each round, so that a run may end at any time and go on later.
type book struct {
	path     string // "": nowhere
	settings []setting
	outcomes map[key]*outcome
}

// A key is what rounds have in common.
type key struct {
	row    string
	size   int
	server string
}

// A line is one of the file: either a run's setting or a round.
type line struct {
	Run    *setting `json:"run,omitempty"`
	Row    string   `json:"row,omitempty"`
	Size   int      `json:"payload_bytes,omitempty"`
	Server string   `json:"server,omitempty"`
	Round  *sample  `json:"round,omitempty"`
	Void   string   `json:"void,omitempty"`
}

// openBook reads what is there of path.
func openBook(path string) (*book, error) {
	b := &book{path: path, outcomes: map[key]*outcome{}}
	if path == "" {
		return b, nil
	}
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("read what is kept: %w", err)
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		var l line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return nil, fmt.Errorf("read what is kept: %s:%d: %w", path, n, err)
		}
		b.enter(l)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read what is kept: %w", err)
	}
	return b, nil
}

// enter takes in one line.
func (b *book) enter(l line) {
	o := b.outcome(l.Row, l.Size, l.Server)
	switch {
	case l.Run != nil:
		b.settings = append(b.settings, *l.Run)
	case l.Void != "":
		o.Void = l.Void
	case l.Round != nil:
		o.add(*l.Round, nil)
	}
}

// outcome is what is known of a row on a server; it may be nothing yet.
func (b *book) outcome(row string, size int, server string) *outcome {
	k := key{row, size, server}
	if row != "" && b.outcomes[k] == nil {
		b.outcomes[k] = &outcome{Row: row, Size: size, Server: server}
	}
	return b.outcomes[k]
}

// begin notes the setting of a run. What is kept must have been measured alike.
func (b *book) begin(s setting) error {
	for _, before := range b.settings {
		then, now := before.Options, s.Options
		if then.Seconds != now.Seconds || then.Window != now.Window || then.Rate != now.Rate || then.Conns != now.Conns || then.IO != now.IO {
			return fmt.Errorf("%s has rounds of other settings: -seconds, -window, -rate, -conns and -io must be the same", b.path)
		}
	}
	b.settings = append(b.settings, s)
	return b.write(line{Run: &s})
}

// add enters a round of o, or why it has none.
func (b *book) add(o *outcome, s sample, failed error) error {
	l := line{Row: o.Row, Size: o.Size, Server: o.Server, Round: &s}
	o.add(s, failed)
	if failed != nil {
		l.Round, l.Void = nil, failed.Error()
	}
	return b.write(l)
}

func (b *book) write(l line) error {
	if b.path == "" {
		return nil
	}
	text, err := json.Marshal(l)
	var f *os.File
	if err == nil {
		f, err = os.OpenFile(b.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	}
	if err == nil {
		_, err = f.Write(append(text, '\n'))
		err = cmp.Or(err, f.Close())
	}
	if err != nil {
		return fmt.Errorf("keep a round: %w", err)
	}
	return nil
}

// all is every outcome, in the order of the programme.
func (b *book) all() (list []*outcome) {
	for _, r := range rows {
		var own []*outcome
		for k, o := range b.outcomes {
			if k.row == r.name && (o.Void != "" || len(o.Rounds) > 0) {
				own = append(own, o)
			}
		}
		slices.SortFunc(own, func(a, b *outcome) int {
			return cmp.Or(cmp.Compare(a.Size, b.Size), cmp.Compare(kindRank(a.Server), kindRank(b.Server)))
		})
		list = append(list, own...)
	}
	return list
}

// peerOf is the server that others are compared with in a row: the last that it names.
func peerOf(name string) string {
	for _, r := range rows {
		if r.name == name {
			return r.servers[len(r.servers)-1]
		}
	}
	return ""
}

// report is of all that is kept, as if it had been one run.
func (b *book) report() (*report, error) {
	if len(b.settings) == 0 {
		return nil, fmt.Errorf("%s has no rounds", b.path)
	}
	r := &report{setting: b.settings[len(b.settings)-1], Results: b.all()}
	for _, o := range r.Results {
		if p := b.outcomes[key{o.Row, o.Size, peerOf(o.Row)}]; p != nil {
			o.compare(p)
		}
	}
	return r, nil
}

package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
)

// RESULTS.md is written from a book in one go, so that nothing in it is by hand: tables, goals, the machine, the servers, and
// what limits each row.

// A chapter is the rows of one table.
type chapter struct {
	title string
	has   func(row string) bool
	table func(out *bytes.Buffer, c []*outcome)
}

func chapters() []chapter {
	idle := func(row string) bool { return strings.HasSuffix(row, "idle") }
	stored := func(row string) bool {
		return strings.HasPrefix(row, "mqtt-stored") || strings.HasPrefix(row, "mqtt-slowdisk") || row == "mqtt-beside-stored"
	}
	begins := func(prefix string) func(string) bool {
		return func(row string) bool { return strings.HasPrefix(row, prefix) && !idle(row) && !stored(row) }
	}
	bridge := func(row string) bool { return row == "mqtt-to-nats" || row == "nats-to-mqtt" }
	return []chapter{
		{"MQTT and NATS together", func(row string) bool { return bridge(row) || row == "mixed" }, costTable},
		{"MQTT", func(row string) bool { return begins("mqtt-")(row) && !bridge(row) }, costTable},
		{"WebSocket", begins("web-"), costTable},
		{"Leaf nodes", begins("leaf-"), costTable},
		{"Stores", stored, costTable},
		{"Idle connections", idle, idleTable},
		{"NATS", func(string) bool { return true }, costTable}, // whatever is left
	}
}

// chapterOrder is how readers want them.
var chapterOrder = []string{"NATS", "MQTT", "MQTT and NATS together", "WebSocket", "Leaf nodes", "Idle connections", "Stores"}

// publish writes RESULTS.md.
func (b *book) publish(file string) error {
	if len(b.settings) == 0 {
		return fmt.Errorf("write results: nothing was measured")
	}
	var out bytes.Buffer
	b.preface(&out)
	all := b.all()
	scores(&out, all)
	parts := map[string][]*outcome{}
	tables := map[string]func(*bytes.Buffer, []*outcome){}
	for _, o := range all {
		for _, c := range chapters() {
			if c.has(o.Row) {
				parts[c.title], tables[c.title] = append(parts[c.title], o), c.table
				break
			}
		}
	}
	for _, title := range chapterOrder {
		if len(parts[title]) > 0 {
			fmt.Fprintf(&out, "\n## %s\n\n", title)
			tables[title](&out, parts[title])
		}
	}
	latencyTable(&out, all)
	failures(&out, all)
	limits(&out, all)
	if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	return nil
}

// preface says where, when and how.
func (b *book) preface(out *bytes.Buffer) {
	first, last := b.settings[0], b.settings[len(b.settings)-1]
	o := last.Options
	when := first.Date.UTC().Format("2006-01-02 15:04")
	if end := last.Date.UTC().Format("2006-01-02 15:04"); end != when {
		when += " to " + end
	}
	fmt.Fprintf(out, "# Results\n\nWritten by `go run ./bench -results bench/RESULTS.md`; [README.md](README.md) says what each row is and how it is measured.\n"+
		"Numbers are medians of %s that servers run by turns, %gs each after %gs in which every message is checked. In a row that\n"+
		"stands here without a word nothing was lost, doubled or reordered. Ratios are those of medians; ± is half the distance from\n"+
		"the best to the worst round. **CPU differences under 8 %% show nothing.**\n\n", b.rounds(), o.Seconds, o.Seconds/10)
	fmt.Fprintf(out, "- measured %s (UTC)\n", when)
	for _, m := range b.different(func(s setting) []string {
		where, _, _ := strings.Cut(s.Machine, ", load ")
		return []string{where + ", " + s.Go}
	}) {
		fmt.Fprintf(out, "- %s; the load generator is one thread on the same machine\n", m)
	}
	for _, k := range serverKinds() {
		for _, v := range b.versions(k.name) {
			fmt.Fprintf(out, "- `%s`: %s; settings: %s\n", k.name, v, k.settings)
		}
	}
	if o.IO != "" {
		fmt.Fprintf(out, "- `leafgate` with `io: %s`\n", o.IO)
	}
	fmt.Fprintf(out, "- window %s to a subscriber, %d idle connections\n", bytesText(float64(o.Window)), o.Conns)
}

// rounds says how many there are of a row, at least and at most.
func (b *book) rounds() string {
	least, most := 0, 0
	for _, o := range b.all() {
		n := len(o.Rounds)
		if most = max(most, n); least == 0 || n > 0 && n < least {
			least = n
		}
	}
	if least == most {
		return fmt.Sprintf("%d rounds", most)
	}
	return fmt.Sprintf("%d to %d rounds", least, most)
}

// versions are those of a server with which rounds were measured.
func (b *book) versions(server string) []string {
	return b.different(func(s setting) (v []string) {
		for _, bin := range s.Servers {
			if bin.Name == server {
				v = append(v, bin.Version)
			}
		}
		return v
	})
}

// different are all values of f, each once.
func (b *book) different(f func(setting) []string) (all []string) {
	for _, s := range b.settings {
		for _, v := range f(s) {
			if !slices.Contains(all, v) {
				all = append(all, v)
			}
		}
	}
	return all
}

// failures says which rows do not count, and why.
func failures(out *bytes.Buffer, all []*outcome) {
	title := "\n## Rows that do not count\n\n"
	for _, o := range all {
		if o.Void != "" {
			fmt.Fprintf(out, "%s- `%s` %s %s: %s\n", title, o.Row, sizeText(o.Size), o.Server, strings.ReplaceAll(o.Void, "\n", " "))
			title = ""
		}
	}
}

// limits says what keeps each row from costing less, rows of the same kind together.
func limits(out *bytes.Buffer, all []*outcome) {
	title := "\n## What limits each row now\n\n"
	for _, g := range goals {
		measured := slices.ContainsFunc(all, func(o *outcome) bool {
			return slices.Contains(g.rows, o.Row) && (g.sizes == nil || slices.Contains(g.sizes, o.Size))
		})
		if g.limit == "" || !measured {
			continue
		}
		fmt.Fprintf(out, "%s- `%s`%s: %s\n", title, strings.Join(g.rows, "`, `"), g.sizesText(), g.limit)
		title = ""
	}
}

// sizesText names the sizes that g is for.
func (g goal) sizesText() string {
	if g.sizes == nil {
		return ""
	}
	var all []string
	for _, n := range g.sizes {
		all = append(all, sizeText(n))
	}
	return " of " + strings.Join(all, " and ") + " bytes"
}

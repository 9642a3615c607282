package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The tables of RESULTS.md. A line is a row of one size on all servers.

// A contenders is the outcomes of one row and size.
type contenders []*outcome

// lines are all's outcomes row by row.
func lines(all []*outcome) (out []contenders) {
	for _, o := range all {
		if n := len(out); n > 0 && out[n-1][0].Row == o.Row && out[n-1][0].Size == o.Size {
			out[n-1] = append(out[n-1], o)
			continue
		}
		out = append(out, contenders{o})
	}
	return out
}

// on is the outcome on a server, nil if there is none that counts.
func (c contenders) on(server string) *outcome {
	for _, o := range c {
		if o.Server == server && o.Void == "" {
			return o
		}
	}
	return nil
}

// ours is Leafgate's outcome, of whichever guise runs the row.
func (c contenders) ours() *outcome {
	if o := c.on("leafgate"); o != nil {
		return o
	}
	return c.on(slowLeafgate)
}

// peer is the outcome that ours is compared with: that of the goal, or of the last that the row names.
func (c contenders) peer() *outcome {
	if g := goalOf(c[0].Row, c[0].Size); g.peer != "" {
		return c.on(g.peer)
	}
	if name := peerOf(c[0].Row); !isOurs(name) {
		return c.on(name)
	}
	return nil
}

// servers are all that have a place in a table.
func servers(all []*outcome) (names []string) {
	for _, k := range serverKinds() {
		if slices.ContainsFunc(all, func(o *outcome) bool { return o.Server == k.name }) {
			names = append(names, k.name)
		}
	}
	return names
}

// costTable shows CPU per message, ratio, goal and rate.
func costTable(out *bytes.Buffer, all []*outcome) {
	names := servers(all)
	head := []string{"workload", "bytes"}
	for _, name := range names {
		head = append(head, name+" ns/msg")
	}
	writeRow(out, append(head, "ratio", "goal (stretch)", "met", "msg/s, ours : peer", "generator", "notes")...)
	writeRow(out, slices.Repeat([]string{"---"}, len(head)+6)...)
	for _, c := range lines(all) {
		cells := []string{"`" + c[0].Row + "`", sizeText(c[0].Size)}
		for _, name := range names {
			cells = append(cells, c.cell(name, func(o *outcome) string { return fmt.Sprintf("%s ±%.0f %%", nsText(o.CPU), 100*o.Spread) }))
		}
		g, ratioNow, rates, share, notes := goalOf(c[0].Row, c[0].Size), 0.0, "-", "-", ""
		if ours := c.ours(); ours != nil {
			share, notes = percentText(ours.Share), remark(ours)
			if peer := c.peer(); peer != nil {
				ratioNow, rates = ratio(ours.CPU, peer.CPU), countText(ours.Rate)+" : "+countText(peer.Rate)
			}
		}
		writeRow(out, append(cells, costText(ratioNow, c.peer()), goalText(g.cpu, g.stretch), metText(ratioNow, g.cpu, g.stretch), rates, share, notes)...)
	}
}

// idleTable shows memory per connection.
func idleTable(out *bytes.Buffer, all []*outcome) {
	names := servers(all)
	head := []string{"connections by"}
	for _, name := range names {
		head = append(head, name+" bytes")
	}
	writeRow(out, append(head, "ratio", "goal (stretch)", "met", "whole process, ours : peer")...)
	writeRow(out, slices.Repeat([]string{"---"}, len(head)+4)...)
	for _, c := range lines(all) {
		cells := []string{"`" + c[0].Row + "`"}
		for _, name := range names {
			cells = append(cells, c.cell(name, func(o *outcome) string { return fmt.Sprintf("%.0f ±%.0f %%", o.ConnBytes, 100*o.Spread) }))
		}
		g, own, by, whole := goalOf(c[0].Row, 0), 0.0, 0.0, "-"
		if ours := c.ours(); ours != nil {
			own = ours.ConnBytes
			if peer := c.peer(); peer != nil {
				by, whole = ratio(own, peer.ConnBytes), bytesText(ours.RSS)+" : "+bytesText(peer.RSS)
			}
		}
		goal := "-"
		if g.bytes > 0 {
			if goal = fmt.Sprintf("%.0f", g.bytes); g.better > 0 {
				goal += fmt.Sprintf(" (%.0f)", g.better)
			}
		}
		writeRow(out, append(cells, costText(by, c.peer()), goal, metText(own, g.bytes, g.better), whole)...)
	}
}

// latencyTable shows how long messages and requests took, and whether the tail is no longer than the best peer's.
func latencyTable(out *bytes.Buffer, all []*outcome) {
	all = slices.DeleteFunc(slices.Clone(all), func(o *outcome) bool { return o.Latency == nil })
	if len(all) == 0 {
		return
	}
	fmt.Fprint(out, "\n## Latency\n\nFrom when a message was due, or a request sent. The goal for p99 is the best peer's, plus its spread.\n\n")
	names := servers(all)
	head := []string{"workload"}
	for _, name := range names {
		head = append(head, name+" p50", "p99")
	}
	writeRow(out, append(head, "goal for p99", "met")...)
	writeRow(out, slices.Repeat([]string{"---"}, len(head)+2)...)
	for _, c := range lines(all) {
		cells := []string{"`" + c[0].Row + "`"}
		for _, name := range names {
			cells = append(cells, c.cell(name, func(o *outcome) string { return short(o.Latency.P50) }),
				c.cell(name, func(o *outcome) string { return fmt.Sprintf("%s ±%.0f %%", short(o.Latency.P99), 100*o.tailSpread()) }))
		}
		goal, met := c.tail(), "-"
		if ours := c.ours(); ours != nil && goal > 0 {
			met = yesNo(ours.Latency.P99 <= goal)
		}
		writeRow(out, append(cells, shortOrNone(goal), met)...)
	}
}

// tail is what p99 is to be at most, 0 where nobody says.
func (c contenders) tail() (best time.Duration) {
	for _, o := range c {
		if isOurs(o.Server) || o.Void != "" {
			continue
		}
		if d := time.Duration(float64(o.Latency.P99) * (1 + o.tailSpread())); best == 0 || d < best {
			best = d
		}
	}
	return best
}

// tailSpread is the spread of p99.
func (o *outcome) tailSpread() float64 {
	return spread(o.each(func(s sample) float64 { return float64(s.Latency.P99) }))
}

// cell is what text says of the outcome on a server.
func (c contenders) cell(server string, text func(*outcome) string) string {
	for _, o := range c {
		switch {
		case o.Server != server:
		case o.Void != "":
			return "VOID"
		default:
			return text(o)
		}
	}
	return "-"
}

// scores says how many goals are met, and names those that are not.
func scores(out *bytes.Buffer, all []*outcome) {
	met, count, missed := 0, 0, []string(nil)
	for _, c := range lines(all) {
		g, ours, peer := goalOf(c[0].Row, c[0].Size), c.ours(), c.peer()
		if g.cpu == 0 && g.bytes == 0 {
			continue
		}
		count++
		if ours != nil && (g.bytes > 0 && ours.ConnBytes <= g.bytes || g.cpu > 0 && peer != nil && ratio(ours.CPU, peer.CPU) <= g.cpu) {
			met++
			continue
		}
		missed = append(missed, strings.TrimSuffix(fmt.Sprintf("`%s` %s", c[0].Row, sizeText(c[0].Size)), " -"))
	}
	if count == 0 {
		return
	}
	fmt.Fprintf(out, "\nGoals of cost met: %d of %d.", met, count)
	if len(missed) > 0 {
		fmt.Fprintf(out, " Not met: %s.", strings.Join(missed, ", "))
	}
	fmt.Fprintln(out)
}

func costText(r float64, peer *outcome) string {
	if r == 0 || peer == nil {
		return "-"
	}
	text := ratioText(r) + " of " + peer.Server
	if r > 0.92 && r < 1.08 {
		text += ", even"
	}
	return text
}

func goalText(goal, stretch float64) string {
	switch {
	case goal == 0:
		return "-"
	case stretch == 0:
		return ratioText(goal)
	}
	return fmt.Sprintf("%s (%s)", ratioText(goal), ratioText(stretch))
}

func metText(v, goal, stretch float64) string {
	switch {
	case goal == 0 || v == 0:
		return "-"
	case v <= stretch:
		return "yes, the stretch too"
	}
	return yesNo(v <= goal)
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "**no**"
}

func shortOrNone(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return short(d)
}

// remark is what an outcome has to say besides its figures. How late the sender was is for the terminal.
func remark(o *outcome) string {
	text := notesText(o)
	if strings.HasPrefix(text, "sender late") {
		_, text, _ = strings.Cut(text, ", ")
	}
	return text
}

func writeRow(out *bytes.Buffer, cells ...string) {
	fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | "))
}

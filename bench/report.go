package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"
)

// A setting is where and how a run was made.
type setting struct {
	Date    time.Time `json:"date"`
	Machine string    `json:"machine"`
	Go      string    `json:"go"`
	Files   uint64    `json:"open_files"`
	Options *options  `json:"options"`
	Servers []*binary `json:"servers"`
}

// A report is everything one run found.
type report struct {
	setting
	Results []*outcome `json:"results"`
	left    int        // rounds that there was no time for
}

// void reports whether any row of ours does not count.
func (r *report) void() bool {
	for _, o := range r.Results {
		if o.Void != "" && isOurs(o.Server) {
			return true
		}
	}
	return false
}

// publish prints the table and, if file is not empty, writes everything there.
func (r *report) publish(out io.Writer, file string) error {
	r.head(out)
	err := r.table(out)
	if file == "" {
		return err
	}
	b, jsonErr := json.MarshalIndent(r, "", "  ")
	if jsonErr == nil {
		jsonErr = os.WriteFile(file, append(b, '\n'), 0o644)
	}
	if jsonErr != nil {
		err = errors.Join(err, fmt.Errorf("write report: %w", jsonErr))
	}
	return err
}

func (r *report) head(out io.Writer) {
	o := r.Options
	fmt.Fprintf(out, "%s, %s, %s, %d open files\n", r.Date.Format("2006-01-02 15:04"), r.Machine, r.Go, r.Files)
	fmt.Fprintf(out, "rounds %d, %gs measured after %gs verified, window %s, paced %d/s, %d idle connections\n",
		o.Rounds, o.Seconds, o.Seconds/10, bytesText(float64(o.Window)), o.Rate, o.Conns)
	for _, b := range r.Servers {
		fmt.Fprintln(out, strings.ReplaceAll(b.Version, "\n", ", "))
	}
	fmt.Fprintln(out)
}

// columns are the table's, left to right.
var columns = []struct {
	title string
	text  func(*outcome) string
}{
	{"workload", func(o *outcome) string { return o.Row }},
	{"bytes", func(o *outcome) string { return sizeText(o.Size) }},
	{"server", func(o *outcome) string { return o.Server }},
	{"msg/s", func(o *outcome) string { return countText(o.Rate) }},
	{"cpu ns/msg", func(o *outcome) string { return nsText(o.CPU) }},
	{"spread", func(o *outcome) string { return fmt.Sprintf("±%.0f%%", 100*o.Spread) }},
	{"p50", func(o *outcome) string { return latencyText(o.Latency, 0) }},
	{"p99", func(o *outcome) string { return latencyText(o.Latency, 1) }},
	{"p99.9", func(o *outcome) string { return latencyText(o.Latency, 2) }},
	{"rss", func(o *outcome) string { return bytesText(o.RSS) }},
	{"ratios to", func(o *outcome) string { return cmp.Or(o.Peer, "-") }},
	{"cpu ratio", func(o *outcome) string { return ratioText(o.RatioCPU) }},
	{"rate ratio", func(o *outcome) string { return ratioText(o.RatioRate) }},
	{"p99 ratio", func(o *outcome) string { return ratioText(o.RatioP99) }},
	{"gen", func(o *outcome) string { return percentText(o.Share) }},
	{"notes", notesText},
}

func (r *report) table(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	var cells []string
	for _, c := range columns {
		cells = append(cells, c.title)
	}
	fmt.Fprintln(w, strings.Join(cells, "\t"))
	for _, o := range r.Results {
		cells = cells[:0]
		for i, c := range columns {
			text := c.text(o)
			if o.Void != "" && i > 2 {
				text = "-"
			}
			cells = append(cells, text)
		}
		if o.Void != "" {
			cells[3], cells[len(cells)-1] = "VOID", strings.ReplaceAll(o.Void, "\n", " ")
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	return w.Flush()
}

// isOurs reports whether a server is Leafgate in one of its guises.
func isOurs(server string) bool { return strings.HasPrefix(server, "leafgate") }

// printList shows what jobs would do.
func printList(out io.Writer, jobs []job) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, j := range jobs {
		fmt.Fprintf(w, "%s\t%s\t%s\n", j.row.name, sizeText(j.size), j.row.about)
	}
	w.Flush()
}

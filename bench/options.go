package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// options are the settings of one run; what the JSON report repeats is exported.
type options struct {
	Rows       string        `json:"rows"`
	Sizes      []int         `json:"sizes,omitempty"`
	Servers    []string      `json:"servers,omitempty"` // none: each row's own
	Rounds     int           `json:"rounds"`
	Seconds    float64       `json:"seconds"`
	Window     int64         `json:"window_bytes"`
	Rate       int           `json:"paced_per_second"`
	Conns      int           `json:"idle_connections"`
	Settle     time.Duration `json:"settle_ns"`
	IO         string        `json:"io,omitempty"` // how Leafgate waits for its sockets; "": its default
	list       bool
	quick      bool
	keep       string        // file of raw rounds
	results    string        // file of the report for readers
	budget     time.Duration // no trial begins after that; 0: none does too late
	besidePark bool
	json       string
	bins       map[string]string
	patience   time.Duration
}

// parseOptions reads the command line. Whatever it does not know is an error.
func parseOptions(args []string, out io.Writer) (*options, error) {
	o := &options{bins: map[string]string{}, patience: patience}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(out)
	f.StringVar(&o.Rows, "rows", everyRow, "`patterns` of whole row names, separated by commas (see -list)")
	f.Func("sizes", "payload `bytes` in place of each row's own, separated by commas", o.readSizes)
	servers := f.String("servers", "", "servers to run in place of each row's own, by turns; the last is what the others are compared with")
	f.IntVar(&o.Rounds, "rounds", 5, "rounds per row and server, idle rows 3 at most; the table shows medians; 0: only what is kept")
	f.Float64Var(&o.Seconds, "seconds", 2, "measured `length` of a run; a tenth of it is verified before")
	f.Int64Var(&o.Window, "window", 8<<20, "`bytes` under way to a subscriber before publishers wait")
	f.IntVar(&o.Rate, "rate", 20_000, "messages per second of paced rows that have no rate of their own")
	f.IntVar(&o.Conns, "conns", 10_000, "connections of the idle rows")
	f.DurationVar(&o.Settle, "settle", 10*time.Second, "longest wait for a server's memory to be still")
	f.StringVar(&o.IO, "io", "", "how Leafgate waits for its sockets, `park`, loop or auto: what its key io says")
	f.BoolVar(&o.besidePark, "beside-park", false, "where Leafgate runs, run it with io: park as well, by the name of "+parkLeafgate)
	f.BoolVar(&o.list, "list", false, "print the rows and exit")
	f.BoolVar(&o.quick, "quick", false, "a few rows of 128 bytes against their peers, 3 rounds of 0.3 s, 1,000 idle connections: under 3 minutes")
	f.StringVar(&o.json, "json", "", "also write everything to `file`")
	f.StringVar(&o.keep, "keep", "", "add each round to `file` as it ends, and go on from those that are there")
	f.DurationVar(&o.budget, "for", 0, "begin no round after this `time`; with -keep, the same command goes on later")
	f.StringVar(&o.results, "results", "", "also write `file`, as RESULTS.md, of all that is kept or measured")
	f.Func("bin", "use a binary that is there, `server=path`; may be repeated", o.readBin)
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("unknown argument %q", f.Arg(0))
	}
	if *servers != "" {
		o.Servers = strings.Split(*servers, ",")
	}
	if o.quick {
		o.hurry(f)
	}
	return o, o.check()
}

const everyRow = ".*"

// hurry is -quick, as far as the command line says nothing else.
func (o *options) hurry(f *flag.FlagSet) {
	given := map[string]bool{}
	f.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for name, set := range map[string]func(){
		"rows": func() { o.Rows = quickRows() }, "sizes": func() { o.Sizes = []int{128} }, "rounds": func() { o.Rounds = 3 },
		"seconds": func() { o.Seconds = 0.3 }, "conns": func() { o.Conns = 1000 }, "settle": func() { o.Settle = 2 * time.Second },
	} {
		if !given[name] {
			set()
		}
	}
}

// rounds is how often row r is run on each server. Memory is the same every time.
func (o *options) rounds(r row) int {
	switch {
	case r.few && o.quick:
		return min(o.Rounds, 1)
	case r.few:
		return min(o.Rounds, 3)
	}
	return o.Rounds
}

// programme is what is to be measured, and on what.
func (o *options) programme() ([]job, error) {
	jobs, err := selectJobs(o.Rows, o.Sizes, o.Servers)
	for i := range jobs {
		all := slices.Clone(jobs[i].servers)
		if n := len(all); o.quick && n > 2 && len(o.Servers) == 0 {
			all = []string{all[0], all[n-1]}
		}
		if at := slices.Index(all, "leafgate"); o.besidePark && at >= 0 && !slices.Contains(all, parkLeafgate) {
			all = slices.Insert(all, at+1, parkLeafgate)
		}
		jobs[i].servers = all
	}
	return jobs, err
}

func (o *options) check() error {
	var errs []error
	for i, name := range o.Servers {
		if kindOf(name) == nil {
			errs = append(errs, fmt.Errorf("unknown server %q: know %s", name, knownServers()))
		}
		if slices.Contains(o.Servers[:i], name) {
			errs = append(errs, fmt.Errorf("server %s is named twice", name))
		}
	}
	if o.Rounds == 0 && o.keep == "" {
		errs = append(errs, errors.New("-rounds 0 only shows what is kept: want -keep too"))
	}
	if !slices.Contains([]string{"", "park", "loop", "auto"}, o.IO) {
		errs = append(errs, fmt.Errorf("-io is %q: want park, loop or auto", o.IO))
	}
	for _, limit := range []struct {
		flag         string
		v, low, high float64
	}{
		{"rounds", float64(o.Rounds), 0, 1000},
		// An unread ping costs a publisher its connection after some minutes.
		{"seconds", o.Seconds, 0.01, 60},
		{"window", float64(o.Window), 1 << 10, 1 << 30},
		{"rate", float64(o.Rate), 1, 1e6},
		{"conns", float64(o.Conns), 1, 60_000},
	} {
		if limit.v < limit.low || limit.v > limit.high {
			errs = append(errs, fmt.Errorf("-%s is %v: want %v to %v", limit.flag, limit.v, limit.low, limit.high))
		}
	}
	return errors.Join(errs...)
}

func (o *options) readSizes(s string) error {
	for field := range strings.SplitSeq(s, ",") {
		n, err := strconv.Atoi(field)
		if err != nil || n < stampSize || n > 1<<20 {
			return fmt.Errorf("size %q: want %d to %d", field, stampSize, 1<<20)
		}
		o.Sizes = append(o.Sizes, n)
	}
	return nil
}

func (o *options) readBin(s string) error {
	name, path, ok := strings.Cut(s, "=")
	if !ok || path == "" || kindOf(name) == nil {
		return fmt.Errorf("want server=path, of %s", knownServers())
	}
	o.bins[name] = path
	return nil
}

// driver is what the server's key io says.
func (o *options) driver(server string) string {
	switch server {
	case "leafgate", slowLeafgate:
		return o.IO
	case parkLeafgate:
		return "park"
	}
	return ""
}

// length is how long a run is measured, verifyTime how long it is verified before.
func (o *options) length() time.Duration     { return time.Duration(o.Seconds * float64(time.Second)) }
func (o *options) verifyTime() time.Duration { return o.length() / 10 }

// limit is how long a trial may take: some are measured twice, and connections may be many.
func (o *options) limit() time.Duration { return time.Minute + 4*o.length() + 2*o.Settle }

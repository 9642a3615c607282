// Command bench loads a gateway and its peers with the same work and prints one table. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"syscall"
	"time"
)

// Servers die with the thread that started them: that must be the one which lives longest.
func init() { runtime.LockOSThread() }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run returns the exit code: 0, 1 when a row of Leafgate is void, 2 when nothing could be measured, 3 when time ran out.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	o, err := parseOptions(args, errOut)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	var jobs []job
	if err == nil {
		jobs, err = o.programme()
	}
	if err == nil && o.list {
		printList(out, jobs)
		return 0
	}
	var r *report
	var b *book
	if err == nil {
		b, err = openBook(o.keep)
	}
	switch {
	case err != nil:
	case o.Rounds == 0:
		r, err = b.report()
	default:
		r, err = measure(ctx, o, jobs, b, errOut)
	}
	if err == nil && o.results != "" {
		err = b.publish(o.results)
	}
	if err == nil {
		err = r.publish(out, o.json)
	}
	if err != nil {
		fmt.Fprintln(errOut, "bench:", err)
		return 2
	}
	switch {
	case r.void():
		return 1
	case r.left > 0:
		fmt.Fprintf(errOut, "bench: no time for %d rounds: with -keep the same command goes on\n", r.left)
		return 3
	}
	return 0
}

// measure runs all jobs, servers by turns within each, and enters every round in b.
func measure(ctx context.Context, o *options, jobs []job, b *book, progress io.Writer) (*report, error) {
	// The reading of sockets must not wait for a processor that a sleeping thread holds.
	runtime.GOMAXPROCS(max(4, runtime.NumCPU()))
	dir, err := os.MkdirTemp("", "leafgate-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a directory: %w", err)
	}
	defer os.RemoveAll(dir)
	files, err := raiseFiles()
	if err != nil {
		return nil, err
	}
	bins, err := prepare(ctx, o, jobs, dir, progress)
	if err != nil {
		return nil, err
	}
	r := &report{setting: setting{Machine: machine(), Go: runtime.Version(), Files: files, Date: time.Now(), Options: o, Servers: bins}}
	if err = b.begin(r.setting); err != nil {
		return nil, err
	}
	c := contest{o: o, bins: bins, book: b, try: func(ctx context.Context, j job, one *binary) (sample, error) {
		return try(ctx, o, j, one, bins, dir)
	}}
	if o.budget > 0 {
		c.end = r.Date.Add(o.budget)
	}
	for i, j := range jobs {
		fmt.Fprintf(progress, "%d/%d %s %s\n", i+1, len(jobs), j.row.name, sizeText(j.size))
		results, err := c.run(ctx, j)
		if err != nil {
			return nil, err
		}
		r.Results = append(r.Results, results...)
	}
	r.left = c.left
	return r, nil
}

// A contest is servers that run the same jobs.
type contest struct {
	o    *options
	bins []*binary
	book *book
	try  func(context.Context, job, *binary) (sample, error) // one round
	end  time.Time                                           // no round begins after that; zero: none is too late
	left int                                                 // rounds that would have
}

// run runs one job on all its servers: A B, then B A, and so on. A failed trial voids the row for that server. Rounds that
// the book has already are not run again.
func (c *contest) run(ctx context.Context, j job) ([]*outcome, error) {
	var bins []*binary
	for _, name := range j.servers {
		if at := slices.IndexFunc(c.bins, func(b *binary) bool { return b.Name == name }); at >= 0 {
			bins = append(bins, c.bins[at])
		}
	}
	results := make([]*outcome, len(bins))
	for i, b := range bins {
		results[i] = c.book.outcome(j.row.name, j.size, b.Name)
	}
	for round := range c.o.rounds(j.row) {
		for i := range bins {
			i = (i + round) % len(bins)
			if results[i].Void != "" || len(results[i].Rounds) > round {
				continue
			}
			if !c.end.IsZero() && time.Now().After(c.end) {
				c.left++
				continue
			}
			s, err := c.try(ctx, j, bins[i])
			if ctx.Err() != nil {
				return nil, fmt.Errorf("measure: %w", ctx.Err())
			}
			if err = c.book.add(results[i], s, err); err != nil {
				return nil, err
			}
		}
	}
	for _, res := range results {
		res.compare(results[len(results)-1])
	}
	return results, nil
}

// try runs one job on a fresh server, below a fresh hub if the row wants one. A server that is too slow to end voids the row.
func try(ctx context.Context, o *options, j job, b *binary, all []*binary, dir string) (sample, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, o.limit(), fmt.Errorf("not done in %s", o.limit()))
	defer cancel()
	var hub *server
	if j.row.above != none {
		var err error
		if hub, err = startHub(ctx, all, dir); err != nil {
			return sample{}, err
		}
		defer hub.stop()
	}
	s, err := b.start(ctx, dir, j.row, hub)
	if err != nil {
		return sample{}, err
	}
	defer s.stop()
	return j.row.run(newTrial(ctx, o, j, s, b.kind.drops))
}

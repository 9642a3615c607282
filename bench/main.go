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

// run returns the exit code: 0, 1 when a row is void, 2 when nothing could be measured.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	o, err := parseOptions(args, errOut)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	var jobs []job
	if err == nil {
		jobs, err = selectJobs(o.Rows, o.Sizes, o.Servers)
	}
	if err == nil && o.list {
		printList(out, jobs)
		return 0
	}
	var r *report
	if err == nil {
		r, err = measure(ctx, o, jobs, errOut)
	}
	if err == nil {
		err = r.publish(out, o.json)
	}
	if err != nil {
		fmt.Fprintln(errOut, "bench:", err)
		return 2
	}
	if r.void() {
		return 1
	}
	return 0
}

// measure runs all jobs, servers by turns within each.
func measure(ctx context.Context, o *options, jobs []job, progress io.Writer) (*report, error) {
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
	bins, err := prepare(ctx, o, jobs, dir)
	if err != nil {
		return nil, err
	}
	r := &report{Machine: machine(), Go: runtime.Version(), Files: files, Date: time.Now(), Options: o, Servers: bins}
	for i, j := range jobs {
		fmt.Fprintf(progress, "%d/%d %s %s\n", i+1, len(jobs), j.row.name, sizeText(j.size))
		results, err := contest(ctx, o, j, bins, dir)
		if err != nil {
			return nil, err
		}
		r.Results = append(r.Results, results...)
	}
	return r, nil
}

// contest runs one job on all its servers: A B, then B A, and so on. A failed trial voids the row for that server.
func contest(ctx context.Context, o *options, j job, all []*binary, dir string) ([]*outcome, error) {
	var bins []*binary
	for _, name := range j.servers {
		bins = append(bins, all[slices.IndexFunc(all, func(b *binary) bool { return b.Name == name })])
	}
	results := make([]*outcome, len(bins))
	for i, b := range bins {
		results[i] = &outcome{Row: j.row.name, Size: j.size, Server: b.Name}
	}
	for round := range o.Rounds {
		for i := range bins {
			i = (i + round) % len(bins)
			if results[i].Void != "" {
				continue
			}
			s, err := try(ctx, o, j, bins[i], all, dir)
			if ctx.Err() != nil {
				return nil, fmt.Errorf("measure: %w", ctx.Err())
			}
			results[i].add(s, err)
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

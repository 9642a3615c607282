package main

import (
	"fmt"
	"regexp"
	"strings"
)

// A row is one workload. What it does not set, it does not have.
type row struct {
	name, about string
	run         func(*trial) (sample, error)
	sizes       []int // payloads by default; none: the row has no payload

	pubs, subs int   // stream: publishers and subscribers
	pairs      bool  // stream: publisher i is for subscriber i only
	queue      bool  // stream: the subscribers are one queue group
	subjects   int   // stream: each publisher's subjects, in turn; 0: one
	single     bool  // stream: one message per write
	churners   int   // stream: others that subscribe and unsubscribe; compared with the same row without
	slow       int   // stream: subscribers that never read; compared with the same row without
	volume     int64 // stream: bytes to one subscriber that end the run, in place of time
	clients    int   // request: clients with one request under way each
	paced      bool  // paced: messages at -rate
	idle       bool  // idle: -conns connections
}

// rows is the whole programme, in the order of the table.
var rows = []row{
	{name: "1:1", about: "1 publisher, 1 subscriber", run: runStream, pubs: 1, subs: 1, sizes: []int{16, 128, 1024, 65536}},
	{name: "8:8", about: "8 publishers, a subscriber of its own each", run: runStream, pubs: 8, subs: 8, pairs: true, sizes: []int{16, 128}},
	{name: "20:1", about: "20 publishers, 1 subscriber", run: runStream, pubs: 20, subs: 1, sizes: []int{16, 128, 1024}},
	{name: "queue-4:8", about: "4 publishers, a queue group of 8", run: runStream, pubs: 4, subs: 8, queue: true, sizes: []int{16, 128}},
	{name: "1:50", about: "1 publisher, 50 subscribers to the same subject", run: runStream, pubs: 1, subs: 50, sizes: []int{128, 1024}},
	{name: "subjects-1:1", about: "1:1, 1,000 subjects in turn, subscribed by one wildcard", run: runStream, pubs: 1, subs: 1, subjects: 1000, sizes: []int{128}},
	{name: "publish", about: "1 publisher, nobody listens", run: runStream, pubs: 1, sizes: []int{128}},
	{name: "request-1", about: "1 client with one request under way, 1 responder", run: runRequest, clients: 1, sizes: []int{128}},
	{name: "request-8", about: "8 clients with one request under way each, 1 responder", run: runRequest, clients: 8, sizes: []int{128}},
	{name: "paced-1:1", about: "1:1, one message per write at -rate, latency from the time it was due", run: runPaced, paced: true, sizes: []int{128}},
	{name: "flat-100:1", about: "100 publishers, 1 subscriber, one message per write, flat out", run: runStream, pubs: 100, subs: 1, single: true, sizes: []int{128}},
	{name: "churn-1:1", about: "1:1 while 200 others subscribe and unsubscribe inboxes, against itself without", run: runStream, pubs: 1, subs: 1, churners: 200, sizes: []int{128}},
	{name: "slow-1:50", about: "1:49 with a 50th that never reads, against itself without", run: runStream, pubs: 1, subs: 49, slow: 1, volume: 96 << 20, sizes: []int{128}},
	{name: "idle", about: "-conns connections with one subscription each, memory per connection", run: runIdle, idle: true},
}

// A job is a row with one of its payload sizes.
type job struct {
	row  row
	size int
}

// selectJobs makes the programme from -rows and -sizes. Each comma-separated pattern must match a whole name.
func selectJobs(patterns string, sizes []int) ([]job, error) {
	chosen := make([]bool, len(rows))
	for pattern := range strings.SplitSeq(patterns, ",") {
		re, err := regexp.Compile("^(?:" + pattern + ")$")
		if err != nil {
			return nil, fmt.Errorf("read -rows: %w", err)
		}
		found := false
		for i, r := range rows {
			if re.MatchString(r.name) {
				found, chosen[i] = true, true
			}
		}
		if !found {
			return nil, fmt.Errorf("no row is named %q: see -list", pattern)
		}
	}
	var jobs []job
	for i, r := range rows {
		if chosen[i] {
			jobs = append(jobs, r.jobs(sizes)...)
		}
	}
	return jobs, nil
}

// jobs are the row's sizes, or sizes if there are any.
func (r row) jobs(sizes []int) []job {
	if len(r.sizes) == 0 {
		return []job{{row: r}}
	}
	if len(sizes) == 0 {
		sizes = r.sizes
	}
	jobs := make([]job, len(sizes))
	for i, n := range sizes {
		jobs[i] = job{r, n}
	}
	return jobs
}

// subjectsOf are the subjects of one flow: all of the same length, so that all messages have one size on the wire.
func (r row) subjectsOf(flow int) (publish [][]byte, subscribe []byte) {
	name := fmt.Appendf(nil, "bench.f%02d", flow)
	if r.subjects == 0 {
		return [][]byte{name}, name
	}
	for i := range r.subjects {
		publish = append(publish, fmt.Appendf(nil, "%s.%04d", name, i))
	}
	return publish, fmt.Appendf(nil, "%s.*", name)
}

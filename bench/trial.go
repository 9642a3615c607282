package main

import (
	"context"
	"fmt"
	"time"
)

// A trial is one row on one server, once: verified, then measured.
type trial struct {
	ctx    context.Context
	opt    *options
	row    row
	size   int
	server *server
	pub    entrance // of those who publish
	sub    entrance // of those who subscribe
	// mayLose is for servers that say they drop messages of QoS 0: then loss is shown and does not make a row void.
	mayLose bool
}

// newTrial is job j on server s.
func newTrial(ctx context.Context, o *options, j job, s *server, drops bool) *trial {
	return &trial{ctx: ctx, opt: o, row: j.row, size: j.size, server: s, pub: s.side(j.row, publishers).entrance(j.row.from, j.row.qos),
		sub: s.side(j.row, subscribers).entrance(j.row.to, j.row.qos), mayLose: drops && j.row.qos == 0}
}

// expired says that the trial is over, and why.
func (t *trial) expired() error {
	if t.ctx.Err() != nil {
		return context.Cause(t.ctx)
	}
	return nil
}

// window is how many messages of wire bytes may be under way in a flow. With MQTT there are fewer, since servers count
// messages there: leafgate keeps 10,000 of QoS 1 and 2 for a subscriber, mochi 65,535 with the settings it has here. Where
// many receive each message, some servers hold it once for each.
func (t *trial) window(wire int64) int64 {
	n := t.opt.Window / wire
	if t.row.speaks(mqtt) || t.row.speaks(webMQTT) {
		n = min(n, 1<<15, 1<<18/int64(max(t.row.subs, 1)))
	}
	if t.row.qos > 0 {
		n = min(n, 1<<13)
	}
	return max(n, 2)
}

// A sample is what a trial found.
type sample struct {
	Messages     int64         `json:"messages"`
	Elapsed      time.Duration `json:"elapsed_ns"`
	ServerCPU    time.Duration `json:"server_cpu_ns"`
	GeneratorCPU time.Duration `json:"generator_cpu_ns"`
	RSS          int64         `json:"rss_bytes"`
	Lost         int64         `json:"lost,omitempty"` // by a server that says it drops messages
	Latency      *latency      `json:"latency,omitempty"`
	ConnBytes    int64         `json:"bytes_per_connection,omitempty"`
	Without      *sample       `json:"without,omitempty"`   // the same row without its churners or slow subscribers
	Memory       *sample       `json:"in_memory,omitempty"` // the same row with the others' messages kept in memory
	Note         string        `json:"note,omitempty"`
}

// rate is messages per second.
func (s sample) rate() float64 { return ratio(float64(s.Messages), s.Elapsed.Seconds()) }

// cpu is the server's nanoseconds per message.
func (s sample) cpu() float64 { return ratio(float64(s.ServerCPU), float64(s.Messages)) }

// share is the generator's part of all CPU time.
func (s sample) share() float64 {
	return ratio(float64(s.GeneratorCPU), float64(s.GeneratorCPU+s.ServerCPU))
}

// ratio is a/b, 0 when that means nothing.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// A meter measures from its start to its stop.
type meter struct {
	pid         int
	begin       time.Time
	server, own time.Duration
}

func startMeter(pid int) (meter, error) {
	cpu, err := processCPU(pid)
	return meter{pid: pid, server: cpu, own: ownCPU(), begin: time.Now()}, err
}

// stop returns the sample of the messages since start.
func (m meter) stop(messages int64) (sample, error) {
	elapsed := time.Since(m.begin)
	cpu, err := processCPU(m.pid)
	if err != nil {
		return sample{}, err
	}
	own := ownCPU()
	rss, err := processRSS(m.pid)
	if err == nil && messages <= 0 {
		err = fmt.Errorf("nothing was delivered")
	}
	return sample{Messages: messages, Elapsed: elapsed, ServerCPU: cpu - m.server, GeneratorCPU: own - m.own, RSS: rss}, err
}

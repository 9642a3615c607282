package main

import "time"

// An outcome is one line of the table: medians of all rounds of one job on one server.
type outcome struct {
	Row       string   `json:"row"`
	Size      int      `json:"payload_bytes,omitempty"`
	Server    string   `json:"server"`
	Void      string   `json:"void,omitempty"` // why the row does not count
	Rate      float64  `json:"messages_per_second"`
	CPU       float64  `json:"server_cpu_ns_per_message"`
	Spread    float64  `json:"server_cpu_spread"` // half of greatest minus least, by the median
	Latency   *latency `json:"latency,omitempty"`
	RSS       float64  `json:"rss_bytes"`
	ConnBytes float64  `json:"bytes_per_connection,omitempty"`
	Share     float64  `json:"generator_share"`
	Peer      string   `json:"peer,omitempty"`       // the server that the ratios are to
	RatioCPU  float64  `json:"ratio_cpu,omitempty"`  // smaller is better
	RatioRate float64  `json:"ratio_rate,omitempty"` // greater is better
	RatioP99  float64  `json:"ratio_p99,omitempty"`
	SelfCPU   float64  `json:"self_cpu,omitempty"` // to itself without churners or slow subscribers
	SelfRate  float64  `json:"self_rate,omitempty"`
	AloneP99  float64  `json:"alone_p99_ns,omitempty"`  // without those beside
	MemoryP99 float64  `json:"memory_p99_ns,omitempty"` // with what those beside publish kept in memory
	Note      string   `json:"note,omitempty"`
	Rounds    []sample `json:"rounds"`
}

// add enters a round and updates the medians.
func (o *outcome) add(s sample, err error) {
	if err != nil {
		o.Void = err.Error()
		return
	}
	o.Rounds = append(o.Rounds, s)
	o.Note = s.Note
	if s.ConnBytes > 0 {
		o.weigh()
		return
	}
	o.Rate, o.CPU, o.Share = o.median(sample.rate), o.median(sample.cpu), o.median(sample.share)
	o.Spread = spread(o.each(sample.cpu))
	o.RSS = o.median(func(s sample) float64 { return float64(s.RSS) })
	if s.Without != nil {
		o.SelfRate = o.median(func(s sample) float64 { return ratio(s.rate(), s.Without.rate()) })
		o.SelfCPU = o.median(func(s sample) float64 { return ratio(s.cpu(), s.Without.cpu()) })
	}
	if s.Memory != nil {
		o.AloneP99 = o.median(func(s sample) float64 { return float64(s.Without.Latency.P99) })
		o.MemoryP99 = o.median(func(s sample) float64 { return float64(s.Memory.Latency.P99) })
	}
	if s.Latency != nil {
		o.Latency = &latency{
			P50:  o.middle(func(l *latency) time.Duration { return l.P50 }),
			P99:  o.middle(func(l *latency) time.Duration { return l.P99 }),
			P999: o.middle(func(l *latency) time.Duration { return l.P999 }),
		}
	}
}

// weigh is add for the idle row, which is about memory only.
func (o *outcome) weigh() {
	bytes := func(s sample) float64 { return float64(s.ConnBytes) }
	o.RSS = o.median(func(s sample) float64 { return float64(s.RSS) })
	o.ConnBytes, o.Spread = o.median(bytes), spread(o.each(bytes))
}

// compare fills in the ratios to peer.
func (o *outcome) compare(peer *outcome) {
	if o == peer || o.Void != "" || peer.Void != "" {
		return
	}
	o.Peer = peer.Server
	o.RatioCPU, o.RatioRate = ratio(o.CPU, peer.CPU), ratio(o.Rate, peer.Rate)
	if o.ConnBytes > 0 {
		o.RatioCPU = ratio(o.ConnBytes, peer.ConnBytes)
	}
	if o.Latency != nil && peer.Latency != nil {
		o.RatioP99 = ratio(float64(o.Latency.P99), float64(peer.Latency.P99))
	}
}

func (o *outcome) each(f func(sample) float64) []float64 {
	v := make([]float64, len(o.Rounds))
	for i, s := range o.Rounds {
		v[i] = f(s)
	}
	return v
}

func (o *outcome) median(f func(sample) float64) float64 { return median(o.each(f)) }

func (o *outcome) middle(f func(*latency) time.Duration) time.Duration {
	return time.Duration(o.median(func(s sample) float64 { return float64(f(s.Latency)) }))
}

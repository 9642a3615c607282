package main

import (
	"math/bits"
	"slices"
	"time"
)

// A latency is what a recorder found.
type latency struct {
	P50  time.Duration `json:"p50_ns"`
	P99  time.Duration `json:"p99_ns"`
	P999 time.Duration `json:"p999_ns"`
}

// A recorder counts durations in buckets less than 1 % wide. Adding does not allocate.
type recorder struct {
	buckets []int64
	total   int64
}

// fine is how many bits below the highest one a bucket keeps.
const fine = 7

func newRecorder() *recorder { return &recorder{buckets: make([]int64, (64-fine)<<fine)} }

func (r *recorder) reset() {
	clear(r.buckets)
	r.total = 0
}

func (r *recorder) add(d time.Duration) {
	r.buckets[bucket(uint64(max(d, 0)))]++
	r.total++
}

// bucket is exact below 2^fine; above it, each power of two has 2^fine buckets.
func bucket(v uint64) int {
	shift := max(bits.Len64(v)-fine-1, 0)
	return shift<<fine + int(v>>shift)
}

// bucketFloor is the smallest value in bucket i.
func bucketFloor(i int) time.Duration {
	shift := max(i>>fine-1, 0)
	return time.Duration(i-shift<<fine) << shift
}

// quantile is the value that the share q of all lies at or below.
func (r *recorder) quantile(q float64) time.Duration {
	left := int64(q * float64(r.total))
	for i, n := range r.buckets {
		if left -= n; left < 0 {
			return bucketFloor(i)
		}
	}
	return 0
}

func (r *recorder) latency() *latency {
	return &latency{P50: r.quantile(0.5), P99: r.quantile(0.99), P999: r.quantile(0.999)}
}

// median is 0 of nothing.
func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	n := len(v)
	if n == 0 {
		return 0
	}
	return (v[(n-1)/2] + v[n/2]) / 2
}

// spread is half the distance from the least to the greatest, as a share of the median.
func spread(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	return ratio((slices.Max(v)-slices.Min(v))/2, median(v))
}

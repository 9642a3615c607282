package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite golden files")

// testReport has every kind of line.
func testReport() *report {
	at := func(n int64, cpu, own time.Duration) sample {
		return sample{Messages: n, Elapsed: 2 * time.Second, ServerCPU: cpu, GeneratorCPU: own, RSS: 20 << 20}
	}
	r := &report{setting: setting{
		Date: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Machine: "2 x Processor, 24 GiB, Linux 6.1, load 0.10", Go: "go1.26", Files: 20000,
		Options: &options{Rounds: 3, Seconds: 2, Window: 8 << 20, Rate: 20000, Conns: 10000},
		Servers: []*binary{{Name: "leafgate", Version: "leafgate: v0.1.0"}, {Name: "nats-server", Version: "nats-server: v2.15.2"}},
	}}
	job := func(row string, size int, ours, peer []sample, void error) {
		a, b := &outcome{Row: row, Size: size, Server: "leafgate"}, &outcome{Row: row, Size: size, Server: "nats-server"}
		for _, s := range ours {
			a.add(s, nil)
		}
		for _, s := range peer {
			b.add(s, nil)
		}
		if void != nil {
			a.add(sample{}, void)
		}
		a.compare(b)
		r.Results = append(r.Results, a, b)
	}
	s, ms := time.Second, time.Millisecond
	job("1:1", 16, []sample{at(20e6, s, s), at(22e6, s, s), at(18e6, s, s)}, []sample{at(4e6, 2*s, s/4), at(4e6, 2*s, s/4)}, nil)
	job("1:50", 1024, nil, []sample{at(1e6, s, s)}, errors.New("subscriber sub-0-7: cut by the server"))
	paced := at(40000, 400*ms, 200*ms)
	paced.Latency, paced.Note = &latency{40 * time.Microsecond, 300 * time.Microsecond, 12 * ms}, "sender late p99 41µs"
	slower := paced
	slower.ServerCPU, slower.Latency = 800*ms, &latency{50 * time.Microsecond, 400 * time.Microsecond, 13 * ms}
	job("paced-1:1-20k", 128, []sample{paced}, []sample{slower}, nil)
	without, with := at(6e6, s, s), at(5e6, s, s)
	with.Without, with.Note = &without, "9990 sub+unsub/s"
	job("churn-1:1", 128, []sample{with}, []sample{with}, nil)
	idle, idlePeer := sample{RSS: 70 << 20, ConnBytes: 6300}, sample{RSS: 480 << 20, ConnBytes: 48000}
	job("idle", 0, []sample{idle}, []sample{idlePeer}, nil)
	return r
}

func TestReportGolden(t *testing.T) {
	file := filepath.Join(t.TempDir(), "report.json")
	var out bytes.Buffer
	if err := testReport().publish(&out, file); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.txt", out.Bytes())
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "report.json", b)
	var back report
	if err := json.Unmarshal(b, &back); err != nil || len(back.Results) != 10 || back.Results[0].Rounds[1].Messages != 22e6 {
		t.Errorf("the JSON report reads back as %+v, %v", back, err)
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s differs (%v), got:\n%s", file, err, got)
	}
}

// testBook is what the report was made of.
func testBook(path string) (*book, error) {
	b, r := &book{path: path, outcomes: map[key]*outcome{}}, testReport()
	err := b.begin(r.setting)
	for _, o := range r.Results {
		own := b.outcome(o.Row, o.Size, o.Server)
		for _, s := range o.Rounds {
			err = errors.Join(err, b.add(own, s, nil))
		}
		if o.Void != "" {
			err = errors.Join(err, b.add(own, sample{}, errors.New(o.Void)))
		}
	}
	return b, err
}

func TestResultsGolden(t *testing.T) {
	kept, file := filepath.Join(t.TempDir(), "kept.json"), filepath.Join(t.TempDir(), "RESULTS.md")
	if _, err := testBook(kept); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if code := run(t.Context(), []string{"-rounds", "0", "-keep", kept, "-results", file}, &out, &out); code != 1 {
		t.Errorf("code %d, want 1 for the void row:\n%s", code, out.String())
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "results.md", b)
	var before bytes.Buffer
	if err := testReport().table(&before); err != nil || !bytes.HasSuffix(out.Bytes(), before.Bytes()) {
		t.Errorf("what is kept shows as\n%s\nwhat was measured as\n%s", out.Bytes(), before.Bytes())
	}
}

func TestReportVoid(t *testing.T) {
	r := testReport()
	if !r.void() {
		t.Error("a void row does not void the report")
	}
	r.Results = slices.Delete(r.Results, 2, 4)
	if r.void() {
		t.Error("a report without void rows is void")
	}
}

func TestMedianAndSpread(t *testing.T) {
	for _, c := range []struct {
		v              []float64
		median, spread float64
	}{
		{nil, 0, 0},
		{[]float64{4}, 4, 0},
		{[]float64{9, 1, 5}, 5, 0.8},
		{[]float64{4, 1, 3, 2}, 2.5, 0.6},
	} {
		if m, s := median(c.v), spread(c.v); m != c.median || math.Abs(s-c.spread) > 1e-9 {
			t.Errorf("%v: median %v, spread %v", c.v, m, s)
		}
	}
}

func TestRecorder(t *testing.T) {
	r := newRecorder()
	for i := range 100_000 {
		r.add(time.Duration(i+1) * time.Microsecond)
	}
	for q, want := range map[float64]time.Duration{0.5: 50 * time.Millisecond, 0.99: 99 * time.Millisecond, 0.999: 99900 * time.Microsecond} {
		if got := r.quantile(q); math.Abs(float64(got-want)) > 0.01*float64(want) {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	r.reset()
	r.add(-1)
	r.add(math.MaxInt64)
	if r.quantile(0) != 0 || r.quantile(0.99) < math.MaxInt64/100*99 {
		t.Errorf("extremes are %v and %v", r.quantile(0), r.quantile(0.99))
	}
	for v := uint64(1); v < 1<<62; v += v/4 + 1 {
		if low := uint64(bucketFloor(bucket(v))); low > v || float64(v-low) > 0.01*float64(v) {
			t.Fatalf("bucket of %d begins at %d", v, low)
		}
	}
}

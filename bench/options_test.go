package main

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"testing"
)

// TestRun: what is unknown or out of range ends with 2 and says so, before anything is built.
func TestRun(t *testing.T) {
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"-list", 0, "1:50"},
		{"-list -rows 1:1,paced.* -sizes 16", 0, "paced-1:1"},
		{"-h", 0, "-rows"},
		{"-nonsense", 2, "not defined"},
		{"nonsense", 2, `unknown argument "nonsense"`},
		{"-rows 1:1,nonsense", 2, `no row is named "nonsense"`},
		{"-rows 1:", 2, `no row is named "1:"`},
		{"-rows (", 2, "read -rows"},
		{"-sizes 16,x", 2, `size "x"`},
		{"-sizes 15", 2, `want 16 to`},
		{"-servers leafgate,hivemq", 2, `unknown server "hivemq"`},
		{"-rows 1:1 -servers mosquitto", 2, "no row of 1:1 is for mosquitto"},
		{"-list -servers mosquitto", 0, "mqtt-idle"},
		{"-list -rows .*mqtt.*", 0, "nats-to-mqtt"},
		{"-rows mqtt-connects -servers mosquitto -bin mosquitto=/nonexistent/mosquitto", 2, "ask mosquitto for its version"},
		{"-servers leafgate,leafgate", 2, "named twice"},
		{"-bin hivemq=/bin/false", 2, "want server=path"},
		{"-rounds -1", 2, "-rounds is -1"},
		{"-rounds 0", 2, "want -keep"},
		{"-rounds 0 -keep testdata/none", 2, "testdata/none has no rounds"},
		{"-rounds 0 -keep testdata/report.json", 2, "testdata/report.json:1"},
		{"-io thread", 2, `-io is "thread"`},
		{"-list -quick", 0, "mqtt-idle"},
		{"-list -quick -rows publish", 0, "nobody listens"},
		{"-seconds 600", 2, "-seconds is 600"},
		{"-window 1", 2, "-window is 1"},
	} {
		var out bytes.Buffer
		code := run(context.Background(), strings.Fields(c.args), &out, &out)
		if code != c.code || !strings.Contains(out.String(), c.want) {
			t.Errorf("bench %s: code %d, want %d and %q in:\n%s", c.args, code, c.code, c.want, out.String())
		}
	}
}

// TestQuick: what is said beside -quick counts more, and each row has its peer.
func TestQuick(t *testing.T) {
	o, err := parseOptions([]string{"-quick", "-beside-park", "-seconds", "0.5"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	jobs, err := o.programme()
	if err != nil || len(jobs) < 20 || len(jobs) > 30 || o.Seconds != 0.5 || o.Conns != 1000 {
		t.Errorf("%d rows, %+v, %v", len(jobs), o, err)
	}
	for _, j := range jobs {
		peer := j.row.servers[len(j.row.servers)-1]
		if !slices.Equal(j.servers, []string{"leafgate", parkLeafgate, peer}) || j.size != 128 && j.size != 0 {
			t.Errorf("%s of %d bytes runs on %v", j.row.name, j.size, j.servers)
		}
	}
	if o.IO = "loop"; o.driver("leafgate") != "loop" || o.driver(parkLeafgate) != "park" || o.driver("nats-server") != "" {
		t.Errorf("drivers of -io loop: %q, %q, %q", o.driver("leafgate"), o.driver(parkLeafgate), o.driver("nats-server"))
	}
}

// TestProgramme: by default everything is measured that has a target.
func TestProgramme(t *testing.T) {
	jobs, err := selectJobs(".*", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, j := range jobs {
		name := j.row.name + " " + sizeText(j.size)
		if have[name] {
			t.Errorf("%s is there twice", name)
		}
		have[name] = true
	}
	for _, want := range []string{
		"1:1 16", "1:1 128", "1:1 1024", "1:1 65536", "8:8 16", "8:8 128", "20:1 16", "20:1 128", "20:1 1024",
		"queue-4:8 16", "queue-4:8 128", "1:50 128", "1:50 1024", "subjects-1:1 128", "publish 128", "request-1 128",
		"paced-1:1-5k 128", "paced-1:1-20k 128", "paced-100:1-5k 128", "paced-100:1-20k 128", "paced-100:100-5k 128", "paced-100:100-20k 128",
		"flat-100:1 128", "flat-100:100 128", "churn-1:1 128", "slow-1:50 128", "idle -", "tls-idle -", "mqtt-tls-idle -", "mixed 128", "1:50 16",
		"web-1:1 128", "web-1:50 128", "web-500:1 128", "web-mqtt-500:1-q0 128", "web-idle -", "web-mqtt-idle -",
		"mqtt-1:1-q0 16", "mqtt-1:1-q0 128", "mqtt-1:1-q1 128", "mqtt-1:1-q2 128", "mqtt-500:1-q0 128", "mqtt-500:1-q1 128",
		"mqtt-1:500-q0 128", "mqtt-1:500-q1 128", "mqtt-flat-100:1 128", "mqtt-paced-1000-q0 128", "mqtt-paced-1000-q1 128", "mqtt-retained-10k 128",
		"mqtt-connects -", "mqtt-idle -", "mqtt-to-nats 128", "nats-to-mqtt 128",
	} {
		if !have[want] {
			t.Errorf("%s is missing", want)
		}
	}
	if jobs, _ = selectJobs("1:1,idle", []int{16, 99}, nil); len(jobs) != 3 || jobs[1].size != 99 || jobs[2].size != 0 {
		t.Errorf("-sizes gives %+v", jobs)
	}
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// TestVerifyCatches proves that verified mode can fail, on each kind of driver, and says what went wrong.
func TestVerifyCatches(t *testing.T) {
	on := func(n int, f func(m []byte) []byte) fault {
		return func(i int, m []byte) []byte {
			if i == n {
				return f(m)
			}
			return m
		}
	}
	lose := on(3, func([]byte) []byte { return []byte{} })
	double := on(3, func(m []byte) []byte { return append(m, m...) })
	spoil := on(3, func(m []byte) []byte { return bytes.Replace(m, []byte("leafgate"), []byte("leafgone"), 1) })
	again := on(3, func(m []byte) []byte { // as an MQTT server marks what it sends again
		twice := append(bytes.Clone(m), m...)
		twice[len(m)] |= mqttDup
		return twice
	})
	downgrade := on(3, func(m []byte) []byte { m[0] &^= 6; return m })
	unmarked := on(3, func(m []byte) []byte { m[0] &^= mqttRetain; return m })
	longer := on(3, func(m []byte) []byte { // MQTT, one byte more of payload
		m = append(m, 'x')
		m[1]++
		return m
	})
	last := func(i int, m []byte) []byte { return append(m, m...) } // even the last one is doubled
	for _, c := range []struct {
		name, row string
		fault     fault
		want      string
	}{
		{"loss", "1:1", lose, "1 lost"},
		{"loss in fan-out", "1:50", lose, "lost"},
		{"loss in a queue group", "queue-4:8", lose, "lost"},
		{"loss of many publishers", "20:1", lose, "1 lost"},
		{"loss paced", "paced-1:1-20k", lose, "lost"},
		{"loss of a request", "request-1", lose, "lost"},
		{"duplicate", "1:1", double, "1 duplicated"},
		{"duplicate of all", "8:8", last, "duplicated"},
		{"duplicate in a queue group", "queue-4:8", double, "duplicated"},
		{"duplicate paced", "paced-1:1-20k", double, "1 duplicated"},
		{"reorder", "1:1", swap(3), "1 out of order"},
		{"reorder paced", "paced-1:1-20k", swap(3), "1 out of order"},
		{"reorder over subjects", "subjects-1:1", swap(5), "1 out of order"},
		{"content", "1:1", spoil, "another content"},
		{"content of an answer", "request-1", spoil, "is not to"},
		{"loss with QoS 0", "mqtt-1:1-q0", lose, "1 lost"},
		{"loss with QoS 1", "mqtt-500:1-q1", lose, "lost"},
		{"loss with QoS 2", "mqtt-1:1-q2", lose, "1 lost"},
		{"loss from MQTT", "mqtt-to-nats", lose, "1 lost"},
		{"loss to MQTT", "nats-to-mqtt", lose, "1 lost"},
		{"loss with QoS 1 paced", "mqtt-paced-1000-q1", lose, "lost"},
		{"duplicate of a pair", "paced-100:100-5k", last, "duplicated"},
		{"another pair's message", "paced-100:100-5k", swap(2), "went astray"},
		{"loss among many kinds", "mixed", lose, "lost"},
		{"duplicate among many kinds", "mixed", double, "duplicated"},
		{"loss of a device", "mqtt-paced-1000-q0", lose, "lost"},
		{"loss of a retained message", "mqtt-retained-10k", lose, "lost"},
		{"duplicate with QoS 1, unmarked", "mqtt-1:1-q1", double, "1 duplicated"},
		{"duplicate with QoS 2", "mqtt-1:1-q2", double, "1 duplicated"},
		{"duplicate with QoS 2, marked", "mqtt-1:1-q2", again, "1 duplicated"},
		{"duplicate retained", "mqtt-retained-10k", double, "1 duplicated"},
		{"reorder with QoS 1", "mqtt-1:500-q1", swap(3), "1 out of order"},
		{"another QoS", "mqtt-1:1-q1", downgrade, "QoS 0, want 1"},
		{"another size", "mqtt-1:1-q1", longer, "cannot be counted"},
		{"retained without its flag", "mqtt-retained-10k", unmarked, "without its flag"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tr := testTrial(t, c.row, 128, startFake(t, c.fault))
			tr.opt.patience /= 10
			_, err := tr.row.run(tr)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got error %v, want %q", err, c.want)
			}
			if strings.Contains(err.Error(), "out of order") != strings.HasPrefix(c.name, "reorder") {
				t.Errorf("error %v names the wrong fault", err)
			}
		})
	}
	t.Run("marked duplicate with QoS 1 is none", func(t *testing.T) {
		tr := testTrial(t, "mqtt-1:1-q1", 128, startFake(t, again))
		if _, err := tr.row.run(tr); err != nil {
			t.Error(err)
		}
	})
	for _, row := range []string{"mqtt-1:1-q1", "mqtt-1:1-q2"} {
		t.Run("no acknowledgements in "+row, func(t *testing.T) {
			srv := startFake(t, nil)
			srv.mu.Lock()
			srv.mute = true
			srv.mu.Unlock()
			tr := testTrial(t, row, 128, srv)
			tr.opt.patience /= 10
			if _, err := tr.row.run(tr); !errors.Is(err, errLost) || !strings.Contains(err.Error(), "acknowledgements") {
				t.Errorf("got error %v", err)
			}
		})
	}
}

// TestCut: a server that cuts a subscriber that reads is found out.
func TestCut(t *testing.T) {
	cut := func(i int, m []byte) []byte {
		if i == 3 {
			return nil
		}
		return m
	}
	tr := testTrial(t, "1:1", 128, startFake(t, cut))
	if _, err := tr.row.run(tr); !errors.Is(err, errCut) {
		t.Fatalf("got error %v, want that the server cut the subscriber", err)
	}
}

// TestLossThatIsSaid: a server that says it drops messages of QoS 0 may, and the row tells how many; with QoS 1 it may not.
func TestLossThatIsSaid(t *testing.T) {
	tenth := func(i int, m []byte) []byte {
		if i%10 == 0 {
			return []byte{}
		}
		return m
	}
	for _, c := range []struct {
		row  string
		void bool
	}{{row: "mqtt-1:1-q0"}, {row: "mqtt-1:500-q0"}, {row: "mqtt-1:1-q1", void: true}} {
		srv := startFake(t, tenth)
		srv.drops = true
		tr := testTrial(t, c.row, 128, srv)
		s, err := tr.row.run(tr)
		if c.void {
			if err == nil {
				t.Errorf("%s: lost messages and passed", c.row)
			}
			continue
		}
		share := ratio(float64(s.Lost), float64(s.Lost+s.Messages))
		if err != nil || share < 0.09 || share > 0.11 || !strings.HasPrefix(s.Note, "LOST ") {
			t.Errorf("%s: %d of %d lost, note %q, error %v", c.row, s.Lost, s.Lost+s.Messages, s.Note, err)
		}
	}
}

// TestTooSlow: a trial ends when its time is up, with the reason.
func TestTooSlow(t *testing.T) {
	slow := errors.New("not done in time")
	for _, row := range []string{"1:1", "request-1", "paced-1:1-20k", "idle", "mqtt-retained-10k", "mqtt-connects"} {
		tr := testTrial(t, row, 128, startFake(t, nil))
		ctx, cancel := context.WithTimeoutCause(t.Context(), 0, slow)
		tr.ctx = ctx
		if _, err := tr.row.run(tr); !errors.Is(err, slow) {
			t.Errorf("%s: got error %v", row, err)
		}
		cancel()
	}
}

// TestCutWhileMeasured: the counting mode sees a cut as well.
func TestCutWhileMeasured(t *testing.T) {
	srv := startFake(t, nil)
	tr := testTrial(t, "1:1", 128, srv)
	st, err := openStream(tr)
	defer st.close()
	if err != nil {
		t.Fatal(err)
	}
	srv.mu.Lock()
	srv.fault = func(n int, m []byte) []byte {
		if n > 100 {
			return nil
		}
		return m
	}
	srv.mu.Unlock()
	if _, err = st.measure(length{time: tr.opt.length()}); !errors.Is(err, errCut) {
		t.Fatalf("got error %v, want that the server cut the subscriber", err)
	}
}

// TestRowsOnFake: without a fault every row passes and counts exactly what the server delivered.
func TestRowsOnFake(t *testing.T) {
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			srv := startFake(t, nil)
			tr := testTrial(t, r.name, 128, srv)
			if r.pages {
				tr.server.pages = servePage(t)
			}
			s, err := tr.row.run(tr)
			if err != nil {
				t.Fatal(err)
			}
			srv.mu.Lock()
			defer srv.mu.Unlock()
			all := int64(0)
			for _, sub := range srv.subs {
				all += int64(sub.n)
			}
			if tr.row.subs+tr.row.retained > 0 && s.Messages >= all {
				t.Errorf("measured %d messages of %d, verified ones too", s.Messages, all)
			}
			if s.Messages == 0 || s.Elapsed <= 0 || s.RSS <= 0 {
				t.Errorf("got %+v", s)
			}
			if against := tr.row.slow+tr.row.churners+tr.row.logins > 0 || tr.row.pages || tr.row.conf != "" || tr.row.store && tr.row.away == 0; (s.Without != nil) != against {
				t.Errorf("compared with itself: %v", s.Without)
			}
		})
	}
}

// TestMeasuredCount: discarded bytes count to the very message.
func TestMeasuredCount(t *testing.T) {
	for _, size := range []int{16, 99, 128, 1000, 65536} {
		srv := startFake(t, nil)
		st, err := openStream(testTrial(t, "20:1", size, srv))
		if err == nil {
			var s sample
			s, err = st.measure(length{time: st.opt.length()})
			srv.mu.Lock()
			if n := int64(srv.subs[0].n); s.Messages != n {
				t.Errorf("%d bytes: counted %d of %d messages", size, s.Messages, n)
			}
			srv.mu.Unlock()
		}
		st.close()
		if err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

// TestSubjectsOfRows: all messages of a row have one size, and what is published is subscribed to.
func TestSubjectsOfRows(t *testing.T) {
	all := slices.Clone(rows)
	for _, l := range mixedLegs {
		all = append(all, row{name: "mixed", sizes: []int{128}}.only(l))
	}
	for _, r := range all {
		first := r.publishTo(0, 0)[0]
		if r.speaks(mqtt) && len(first) != 20 {
			t.Errorf("%s: subject %s has %d bytes, want 20", r.name, first, len(first))
		}
		filter := &fakeSub{subject: string(r.subscribeTo(0))}
		for pub := range max(r.pubs, r.retained, 1) {
			for _, subject := range r.publishTo(0, pub) {
				if len(subject) != len(first) || !filter.matches(string(subject)) {
					t.Fatalf("%s: subject %s beside %s, subscribed %s", r.name, subject, first, filter.subject)
				}
			}
		}
		if again := r.publishTo(0, max(r.pubs-1, 1)); r.devices == bytes.Equal(again[0], first) {
			t.Errorf("%s: publishers share subjects: %v", r.name, !r.devices)
		}
	}
}

// servePage answers every request of a watcher.
func servePage(t *testing.T) netip.AddrPort {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") }))
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().(*net.TCPAddr).AddrPort()
}

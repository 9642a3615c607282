package main

import (
	"bytes"
	"errors"
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
	cut := on(3, func([]byte) []byte { return nil })
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
		{"loss paced", "paced-1:1", lose, "lost"},
		{"loss of a request", "request-1", lose, "lost"},
		{"duplicate", "1:1", double, "1 duplicated"},
		{"duplicate of all", "8:8", last, "duplicated"},
		{"duplicate in a queue group", "queue-4:8", double, "duplicated"},
		{"duplicate paced", "paced-1:1", double, "1 duplicated"},
		{"reorder", "1:1", swap(3), "1 out of order"},
		{"reorder paced", "paced-1:1", swap(3), "1 out of order"},
		{"reorder over subjects", "subjects-1:1", swap(5), "1 out of order"},
		{"content", "1:1", spoil, "another content"},
		{"content of an answer", "request-1", spoil, "is not to"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tr := testTrial(t, c.row, 128, startFake(t, c.fault).server())
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
	t.Run("cut", func(t *testing.T) {
		tr := testTrial(t, "1:1", 128, startFake(t, cut).server())
		if _, err := tr.row.run(tr); !errors.Is(err, errCut) {
			t.Fatalf("got error %v, want that the server cut the subscriber", err)
		}
	})
}

// TestCutWhileMeasured: the counting mode sees a cut as well.
func TestCutWhileMeasured(t *testing.T) {
	srv := startFake(t, nil)
	tr := testTrial(t, "1:1", 128, srv.server())
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
			tr := testTrial(t, r.name, 128, srv.server())
			tr.row.churners = min(tr.row.churners, 3)
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
			if tr.row.subs > 0 && s.Messages >= all {
				t.Errorf("measured %d messages of %d, verified ones too", s.Messages, all)
			}
			if s.Messages == 0 || s.Elapsed <= 0 || s.RSS <= 0 {
				t.Errorf("got %+v", s)
			}
			if (s.Without != nil) != (tr.row.slow+tr.row.churners > 0) {
				t.Errorf("compared with itself: %v", s.Without)
			}
		})
	}
}

// TestMeasuredCount: discarded bytes count to the very message.
func TestMeasuredCount(t *testing.T) {
	for _, size := range []int{16, 99, 128, 1000, 65536} {
		srv := startFake(t, nil)
		st, err := openStream(testTrial(t, "20:1", size, srv.server()))
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

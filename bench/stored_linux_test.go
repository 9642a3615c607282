package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// A store that loses, doubles, spoils or reorders what is there for a session voids the row.
func TestStoredFaults(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault fault
		want  string
	}{
		{"lost", func(n int, m []byte) []byte {
			if n == 3 {
				return []byte{}
			}
			return m
		}, "lost"},
		{"doubled", func(n int, m []byte) []byte {
			if n == 3 {
				return append(m, m...)
			}
			return m
		}, "duplicated"},
		{"reordered", swap(3), "out of order"},
		{"spoilt", func(n int, m []byte) []byte {
			if n == 3 {
				m[len(m)-1] ^= 1
			}
			return m
		}, "came with another content"},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv := startFake(t, c.fault)
			tr := testTrial(t, "mqtt-stored-all", 128, srv)
			tr.row.pubs = 1 // or two that are swapped may be of two publishers, between which there is no order
			_, err := tr.row.run(tr)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// Nobody is acknowledged for what the server does not take.
func TestStoredMute(t *testing.T) {
	srv := startFake(t, nil)
	srv.mu.Lock()
	srv.mute = true
	srv.mu.Unlock()
	tr := testTrial(t, "mqtt-stored-1x1", 128, srv)
	if _, err := tr.row.run(tr); !errors.Is(err, errLost) {
		t.Errorf("got %v", err)
	}
}

func TestPublishedApart(t *testing.T) {
	p := &publisher{wire: 10, bytes: 530} // 53 messages
	for i, want := range map[int]int64{0: 6, 2: 6, 3: 5, 9: 5} {
		if got := p.published(i, 10); got != want {
			t.Errorf("subject %d: %d, want %d", i, got, want)
		}
	}
	for _, c := range []struct{ ids, subjects, want int }{{1, 1, 1}, {1, 50, 50}, {64, 50, 1600}, {100, 1, 100}} {
		if got := rounds(c.ids, c.subjects); got != c.want {
			t.Errorf("%d ids, %d subjects: %d, want %d", c.ids, c.subjects, got, c.want)
		}
	}
}

func TestPersistentConnect(t *testing.T) {
	once, kept := mqttDialect{}.Connect(nil, "a"), mqttDialect{persistent: true}.Connect(nil, "a")
	if once[9] != 2 || kept[9] != 0 || !bytes.Equal(once[:9], kept[:9]) || !bytes.Equal(once[10:], kept[10:]) {
		t.Errorf("%q, %q", once, kept)
	}
}

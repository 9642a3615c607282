package storage

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"leafgate/journal/journaltest"
)

// Whatever the file says, reading it comes to an end, and what is written next is read.
func FuzzClockFile(f *testing.F) {
	fs := journaltest.New()
	c := clockFile{dir: fs}
	for i := range 2 {
		if err := c.write(time.Unix(int64(i)+1e9, 5)); err != nil {
			f.Fatal(err)
		}
	}
	whole := fs.Bytes(clockName)
	for _, seed := range [][]byte{nil, whole, whole[:clockSlot], whole[:10], bytes.Repeat([]byte(clockMagic), 600)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		fs := journaltest.New()
		file, err := fs.Create(clockName)
		if err == nil {
			_, err = file.WriteAt(b, 0)
		}
		if err != nil {
			t.Fatal(err)
		}
		c, log := clockFile{dir: fs}, slog.New(slog.DiscardHandler)
		known := c.read(log)
		if turn := c.turn + 1; turn == 0 || turn+1 == 0 {
			return // after 2^64 writes it begins anew
		}
		next := time.Unix(2e9, 0)
		if err := c.write(next); err != nil {
			t.Fatal(err)
		}
		again := clockFile{dir: fs}
		if got := again.read(log); !got.Equal(next) {
			t.Errorf("read %v, then wrote %v, read %v", known, next, got)
		}
	})
}

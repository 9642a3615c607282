//go:build unix

package logging

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestIsJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stream")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var st syscall.Stat_t
	if err := syscall.Stat(path, &st); err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]bool{
		"": false, "1:1": false, fmt.Sprintf("%d:%d", st.Dev, st.Ino): true,
	} {
		t.Setenv("JOURNAL_STREAM", value)
		if got := isJournal(f); got != want {
			t.Errorf("JOURNAL_STREAM=%q: %v, want %v", value, got, want)
		}
	}
	t.Setenv("JOURNAL_STREAM", fmt.Sprintf("%d:%d", st.Dev, st.Ino))
	l := New(f, Options{})
	l.Logger().Error("bad")
	if got := read(t, path); got != "<3>msg=bad\n" {
		t.Errorf("got %q", got)
	}
}

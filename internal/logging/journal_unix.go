//go:build unix

package logging

import (
	"fmt"
	"os"
	"syscall"
)

// isJournal says whether f is the stream that systemd connected to the journal: JOURNAL_STREAM names its device and
// inode, and is inherited by those whose streams go elsewhere.
func isJournal(f *os.File) bool {
	info, err := f.Stat()
	if err != nil {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && os.Getenv("JOURNAL_STREAM") == fmt.Sprintf("%d:%d", st.Dev, st.Ino)
}

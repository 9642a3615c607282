package journal_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"leafgate/journal"
)

const killed = "LEAFGATE_TEST_STORE"

// TestMain is also the process that is killed: it appends, and prints what was acknowledged.
func TestMain(m *testing.M) {
	if path := os.Getenv(killed); path != "" {
		if err := appendForever(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

func appendForever(path string) error {
	j, err := journal.Open(journal.Dir(path), journal.Options{SegmentSize: 16 << 10})
	if err != nil {
		return err
	}
	for next := int(j.Next()) - 1; ; next++ {
		var seq uint64
		known := make(chan struct{})
		seq, err = j.Append(message(next), journal.Func(func(err error) {
			if <-known; err == nil {
				fmt.Println(seq)
			}
		}))
		if close(known); err != nil {
			if err = j.Sync(); err != nil {
				return err
			}
			next--
		}
	}
}

// A process is killed while it appends: what it printed is there, and the next one goes on behind it.
func TestKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for round := range 5 {
		cmd := exec.Command(exe)
		cmd.Env = append(os.Environ(), killed+"="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines, last := bufio.NewScanner(out), uint64(0)
		for n := 0; lines.Scan(); n++ {
			seq, err := strconv.ParseUint(lines.Text(), 10, 64)
			if err != nil {
				break
			}
			last = max(last, seq) // the last line may be half a one
			if n == 100+round*150 {
				cmd.Process.Kill()
			}
		}
		cmd.Wait()
		seen := uint64(0)
		j := open(t, journal.Dir(path), journal.Options{Visit: func(_ *journal.Journal, r *journal.Record) {
			if seen++; seen != r.Seq || !same(r, message(int(r.Seq)-1)) {
				t.Errorf("record %d, when %d was due", r.Seq, seen)
			}
		}})
		if rep := j.Report(); seen < last || last < 100 || rep.Clean {
			t.Errorf("round %d: %d records, %d were acknowledged, %+v", round, seen, last, rep)
		}
		j.Close()
	}
}

package main

import (
	"bufio"
	"bytes"
	endian "encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"leafgate/journal"
)

// runJournal runs the command, and fails the test if it changed anything in dir.
func runJournal(t *testing.T, dir string, args ...string) (code int, out, errs string) {
	t.Helper()
	before := content(t, dir)
	code, out, errs = typed(journalCommand, "", args...)
	if after := content(t, dir); after != before {
		t.Errorf("%v changed the store", args)
	}
	return code, out, errs
}

func content(t *testing.T, dir string) (all string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		all += fmt.Sprintf("%s %x\n", path, b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// makeStore makes a store with two journals, closed. The first has 30 messages and a mark, in several segments.
func makeStore(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, n := range map[string]int{"mqtt": 30, "uplink": 1} {
		j := openJournal(t, filepath.Join(dir, name))
		for i := range n {
			r := journal.Record{Time: int64(i+1) * 1e9, Key: []byte("k\x00"), Subject: []byte("plant.a"), Payload: bytes.Repeat([]byte{'p'}, 200)}
			if _, err := j.Append(&r, nil); err != nil {
				t.Fatal(err)
			}
			if err := j.Sync(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := j.Mark([]byte("k"), []byte{1}, nil); err != nil {
			t.Fatal(err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "clock"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func openJournal(t *testing.T, dir string) *journal.Journal {
	t.Helper()
	j, err := journal.Open(journal.Dir(dir), journal.Options{SegmentSize: 4096})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func firstSegment(t *testing.T, dir string) string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err != nil || len(all) == 0 {
		t.Fatal(all, err)
	}
	return all[0]
}

func change(t *testing.T, file string, by func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, by(b), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestJournalList(t *testing.T) {
	dir := makeStore(t)
	code, out, errs := runJournal(t, dir, "ls", dir)
	if lines := strings.Split(out, "\n"); code != exitClean || errs != "" || len(lines) != 4 ||
		strings.Join(strings.Fields(lines[1]), " ") != "mqtt 30 1 7103 2 1 32 1970-01-01T00:00:01Z 1970-01-01T00:00:30Z whole" {
		t.Errorf("exit code %d, %q, %s", code, errs, out)
	}
	code, out, _ = runJournal(t, dir, "ls", "--json", filepath.Join(dir, "uplink"))
	var page struct{ Journals []found }
	if err := json.Unmarshal([]byte(out), &page); err != nil || code != exitClean || len(page.Journals) != 1 ||
		page.Journals[0].Name != "uplink" || page.Journals[0].Messages != 1 || !page.Journals[0].Clean {
		t.Errorf("exit code %d, %v, %s", code, err, out)
	}
}

// A store in which nothing is stored yet is whole, and so is one without a journal.
func TestJournalEmpty(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "lock"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := runJournal(t, dir, "verify", dir); code != exitClean || out != "" || errs != "" {
		t.Errorf("exit code %d, %q, %q", code, out, errs)
	}
	openJournal(t, filepath.Join(dir, "mqtt")).Close()
	if code, out, errs := runJournal(t, dir, "verify", dir); code != exitClean || out != "mqtt: 0 records in 0 segments, 0 bytes, whole\n" || errs != "" {
		t.Errorf("exit code %d, %q, %q", code, out, errs)
	}
}

func TestJournalVerify(t *testing.T) {
	for _, test := range []struct {
		name   string
		damage func(t *testing.T, dir string) // of the journal
		code   int
		want   string
	}{
		{"whole", func(*testing.T, string) {}, exitClean, "mqtt: 31 records in 2 segments, 7103 bytes, whole\n"},
		{"a byte in the middle", func(t *testing.T, dir string) {
			change(t, firstSegment(t, dir), func(b []byte) []byte { b[1000] ^= 1; return b })
		}, exitDamaged, "bytes, records 5 to 5\n"},
		{"a segment is gone", func(t *testing.T, dir string) {
			if err := os.Remove(firstSegment(t, dir)); err != nil {
				t.Fatal(err)
			}
		}, exitDamaged, "mqtt: missing, records 1 to 17\n"},
		{"a tail that was cut when it was closed", func(t *testing.T, dir string) {
			all, _ := filepath.Glob(filepath.Join(dir, "*.seg"))
			change(t, all[len(all)-1], func(b []byte) []byte { return b[:len(b)-3] })
		}, exitDamaged, "mqtt: torn tail: "},
		{"the head", func(t *testing.T, dir string) {
			change(t, filepath.Join(dir, "head"), func(b []byte) []byte { b[10] ^= 1; b[4100] ^= 1; return b })
		}, exitDamaged, "mqtt: head file damaged: head at 0, 0 bytes, no record lost\n"},
		{"a newer format", func(t *testing.T, dir string) {
			change(t, firstSegment(t, dir), newer)
		}, exitRunTime, "store is of a newer format"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := makeStore(t)
			test.damage(t, filepath.Join(dir, "mqtt"))
			code, out, errs := runJournal(t, dir, "verify", dir)
			if code != test.code || !strings.Contains(out+errs, test.want) || !strings.Contains(out, "uplink: 2 records in 1 segments") {
				t.Errorf("exit code %d, %q, %s", code, errs, out)
			}
			if test.code == exitDamaged {
				code, out, _ = runJournal(t, dir, "verify", "-json", filepath.Join(dir, "mqtt"))
				var page struct{ Journals []found }
				if err := json.Unmarshal([]byte(out), &page); err != nil || code != exitDamaged || page.Journals[0].Damage == 0 || page.Journals[0].Lost[0].Cause == "" {
					t.Errorf("exit code %d, %v, %s", code, err, out)
				}
			}
			if code, _, _ := runJournal(t, dir, "ls", dir); code == exitDamaged {
				t.Error("ls has an exit code for damage")
			}
		})
	}
}

// newer raises the version in a segment's header, with the checksum that belongs to it.
func newer(b []byte) []byte {
	b[8]++
	fixHeader(b)
	return b
}

func TestJournalExport(t *testing.T) {
	dir := makeStore(t)
	code, out, errs := runJournal(t, dir, "export", filepath.Join(dir, "uplink"))
	want := fmt.Sprintf("uplink 1 message 1970-01-01T00:00:01Z \"plant.a\" key=\"k\\x00\" payload=%q\nuplink 2 mark key=\"k\" payload=\"\\x01\"\n", strings.Repeat("p", 200))
	if code != exitClean || errs != "" || out != want {
		t.Errorf("exit code %d, %q, %s", code, errs, out)
	}
	code, out, _ = runJournal(t, dir, "export", "--json", "--from", "29", "--to", "31", filepath.Join(dir, "mqtt"))
	var kinds []string
	lines := bufio.NewScanner(strings.NewReader(out))
	for lines.Scan() {
		var e exported
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Error(err)
		}
		if kinds = append(kinds, e.Kind); e.Kind == "message" && (len(e.Payload) != 200 || string(e.Key) != "k\x00") {
			t.Errorf("%+v", e)
		}
	}
	if code != exitClean || fmt.Sprint(kinds) != "[message message mark]" {
		t.Errorf("exit code %d, %v", code, kinds)
	}
	change(t, firstSegment(t, filepath.Join(dir, "mqtt")), func(b []byte) []byte { b[1000] ^= 1; return b })
	code, out, errs = runJournal(t, dir, "export", dir)
	if code != exitDamaged || strings.Count(out, "\n") != 32 || !strings.Contains(errs, "records 5 to 5") {
		t.Errorf("exit code %d, %q, %d lines", code, errs, strings.Count(out, "\n"))
	}
}

// A store that is in use is read as it is, and one that was not closed is whole.
func TestJournalInUse(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("directories are not locked there")
	}
	dir := makeStore(t)
	j := openJournal(t, filepath.Join(dir, "mqtt"))
	defer j.Close()
	if _, err := j.Append(&journal.Record{Payload: []byte("new")}, nil); err != nil {
		t.Fatal(err)
	}
	if err := j.Sync(); err != nil {
		t.Fatal(err)
	}
	code, out, errs := runJournal(t, dir, "verify", dir)
	if code != exitClean || !strings.Contains(out, "mqtt: 32 records") || !strings.Contains(out, "whole, in use") || !strings.Contains(errs, "is in use") {
		t.Errorf("exit code %d, %q, %s", code, errs, out)
	}
	if second, err := journal.Open(journal.Dir(filepath.Join(dir, "mqtt")), journal.Options{}); err == nil {
		second.Close()
		t.Error("reading took the lock away")
	}
}

func TestJournalBackup(t *testing.T) {
	dir, to := makeStore(t), filepath.Join(t.TempDir(), "copy")
	j := openJournal(t, filepath.Join(dir, "mqtt")) // in use
	defer j.Close()
	code, out, errs := runJournal(t, dir, "backup", dir, to)
	if code != exitClean || errs != "" || !strings.Contains(out, "mqtt: 31 records") {
		t.Errorf("exit code %d, %q, %s", code, errs, out)
	}
	if code, out, _ := runJournal(t, to, "verify", to); code != exitClean || !strings.Contains(out, "mqtt: 31 records") || !strings.Contains(out, "uplink: 2 records") {
		t.Errorf("the copy: exit code %d, %s", code, out)
	}
	c := openJournal(t, filepath.Join(to, "mqtt"))
	if r := c.Report(); r.Records != 31 || len(r.Lost) > 0 {
		t.Errorf("the copy: %+v", r)
	}
	c.Close()
	if code, _, errs := runJournal(t, dir, "backup", dir, to); code != exitRunTime || !strings.Contains(errs, "want an empty directory") {
		t.Errorf("a second time: exit code %d, %q", code, errs)
	}
	change(t, firstSegment(t, filepath.Join(dir, "uplink")), func(b []byte) []byte { b[100] ^= 1; return b })
	if code, out, _ := runJournal(t, dir, "backup", filepath.Join(dir, "uplink"), filepath.Join(t.TempDir(), "one")); code != exitDamaged || !strings.Contains(out, "damaged: ") {
		t.Errorf("of a damaged one: exit code %d, %s", code, out)
	}
}

func fixHeader(b []byte) {
	endian.LittleEndian.PutUint32(b[60:], crc32.Checksum(b[:60], crc32.MakeTable(crc32.Castagnoli)))
}

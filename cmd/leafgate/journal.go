package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"leafgate/journal"
)

const journalUsage = `Usage: leafgate journal ls     [--json] DIR
       leafgate journal verify [--json] DIR
       leafgate journal export [--json] [--from SEQ] [--to SEQ] DIR
       leafgate journal backup DIR TO

Reads what a gateway has stored, without changing anything. DIR is a store directory, or one journal in it; the gateway may be
running.

  ls       the journals, how large they are and what is in them
  verify   reads every byte, and says what is damaged or missing
  export   prints the records, in order; with --json one object per line, key, header and payload in base64
  backup   copies DIR as it is now into TO, which must not exist or be empty, and verifies the copy

Exit code 0: done, and nothing is damaged; 1: flags; 2: it cannot be read or copied; 3: something is damaged or missing.
`

// exitDamaged is the exit code of commands that found records missing.
const exitDamaged = 3

// journalCommand is the command: its first argument says what to do.
func journalCommand(args []string, c console) int {
	set := flag.NewFlagSet("journal", flag.ContinueOnError)
	if len(args) == 0 {
		return c.fail(set, errors.New("want ls, verify, export or backup"))
	}
	l := &look{console: c, verb: args[0]}
	want := 1
	switch l.verb {
	case "ls", "verify":
		set.BoolVar(&l.json, "json", false, "")
	case "export":
		set.BoolVar(&l.json, "json", false, "")
		set.Uint64Var(&l.from, "from", 0, "")
		set.Uint64Var(&l.to, "to", 0, "")
	case "backup":
		want = 2
	case "-h", "-help", "--help":
	default:
		return c.fail(set, fmt.Errorf("want ls, verify, export or backup, got %q", l.verb))
	}
	rest := args
	if !strings.HasPrefix(l.verb, "-") {
		rest = args[1:]
	}
	if code, done := c.parse(set, rest, journalUsage); done {
		return code
	}
	if set.NArg() != want {
		return c.fail(set, fmt.Errorf("%s: want one directory, and a second to back up to; got %d", l.verb, set.NArg()))
	}
	if l.verb == "backup" {
		return c.backup(set.Arg(0), set.Arg(1))
	}
	return l.run(set.Arg(0))
}

// A look is one of the commands that read.
type look struct {
	console
	verb     string
	json     bool
	from, to uint64

	failed  error // of an export: the output cannot be written
	encoder *json.Encoder
}

// A found is what is known of one journal after it was read. It is what --json prints.
type found struct {
	Name     string     `json:"name"`
	Dir      string     `json:"dir"`
	InUse    bool       `json:"in_use"`
	Segments int        `json:"segments"`
	Bytes    int64      `json:"bytes"`
	Records  int64      `json:"records"`
	Messages int64      `json:"messages"`
	Marks    int64      `json:"marks"`
	First    uint64     `json:"first_seq"`
	Next     uint64     `json:"next_seq"`
	Oldest   *time.Time `json:"oldest,omitempty"`
	Newest   *time.Time `json:"newest,omitempty"`
	Clean    bool       `json:"clean"` // the process that wrote it closed it
	Damage   int        `json:"damage"`
	Lost     []lost     `json:"lost"` // what cannot be read, a torn tail included
	LostMore int        `json:"lost_more,omitempty"`
}

// A lost is a range that cannot be read.
type lost struct {
	Cause   string `json:"cause"`
	Segment string `json:"segment,omitempty"`
	Offset  int64  `json:"offset"`
	Bytes   int64  `json:"bytes"`
	From    uint64 `json:"from_seq,omitempty"` // none: no record
	To      uint64 `json:"to_seq,omitempty"`   // none, with a from: nobody knows how many
	text    string
}

func (l *look) run(dir string) int {
	dirs, err := journals(dir)
	if err != nil {
		return complain(l.err, exitRunTime, err)
	}
	all := make([]*found, 0, len(dirs))
	code := exitClean
	for _, at := range dirs {
		f, err := l.read(at)
		if err != nil {
			code = complain(l.err, exitRunTime, fmt.Errorf("%s: %w", at, err))
			continue
		}
		if all = append(all, f); f.Damage > 0 && code == exitClean {
			code = exitDamaged
		}
	}
	if l.failed != nil {
		return complain(l.err, exitRunTime, fmt.Errorf("write: %w", l.failed))
	}
	l.print(all)
	if l.verb == "ls" && code == exitDamaged {
		return exitClean // it was not asked
	}
	return code
}

// journals finds the journals in dir: itself, or the directories in it that are some.
func journals(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	if isJournal(entries) {
		return []string{dir}, nil
	}
	var all []string
	for _, e := range entries {
		below, err := os.ReadDir(filepath.Join(dir, e.Name()))
		if e.IsDir() && err != nil {
			return nil, err
		}
		if e.IsDir() && (isJournal(below) || hasFile(below, "lock")) { // or one in which nothing is stored yet
			all = append(all, filepath.Join(dir, e.Name()))
		}
	}
	if len(all) == 0 && !hasFile(entries, "lock") {
		return nil, fmt.Errorf("%s: there is no journal in it", dir)
	}
	return all, nil
}

func hasFile(entries []os.DirEntry, name string) bool {
	return slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Type().IsRegular() && e.Name() == name })
}

func isJournal(entries []os.DirEntry) bool {
	return slices.ContainsFunc(entries, func(e os.DirEntry) bool {
		return e.Type().IsRegular() && (e.Name() == "head" || filepath.Ext(e.Name()) == ".seg")
	})
}

// tries is how often a journal that is in use is read when something seems to be missing: the gateway may have dropped a
// segment meanwhile.
const tries = 3

func (l *look) read(dir string) (f *found, err error) {
	if journal.InUse(dir) {
		l.warn("%s is in use: what is written meanwhile may be missing", dir)
		if l.verb != "export" {
			for range tries - 1 {
				if f, err = l.readOnce(dir); err == nil && f.Damage == 0 {
					return f, nil
				}
			}
		}
	}
	return l.readOnce(dir)
}

func (l *look) readOnce(dir string) (*found, error) {
	f := &found{Name: filepath.Base(dir), Dir: dir, InUse: journal.InUse(dir)}
	if abs, err := filepath.Abs(dir); err == nil {
		f.Name = filepath.Base(abs)
	}
	j, err := journal.Open(journal.Dir(dir), journal.Options{ReadOnly: true, Visit: func(_ *journal.Journal, r *journal.Record) {
		f.count(r)
		if l.verb == "export" {
			l.export(f.Name, r)
		}
	}})
	if err != nil {
		return nil, err
	}
	defer j.Close()
	r := j.Report()
	f.Segments, f.Bytes, f.Records, f.First, f.Next, f.Clean = r.Segments, r.Bytes, r.Records, r.First, r.Next, r.Clean
	f.Lost, f.LostMore, f.Damage = make([]lost, 0, len(r.Lost)), r.LostMore, r.Damage()
	for _, l := range r.Lost {
		f.Lost = append(f.Lost, lost{l.Cause.String(), l.Segment, l.Offset, l.Bytes, l.From, l.To, l.String()})
	}
	return f, nil
}

func (f *found) count(r *journal.Record) {
	if r.Mark {
		f.Marks++
		return
	}
	f.Messages++
	at := time.Unix(0, r.Time).UTC()
	if f.Oldest == nil || at.Before(*f.Oldest) {
		f.Oldest = &at
	}
	if f.Newest == nil || at.After(*f.Newest) {
		f.Newest = &at
	}
}

func (l *look) print(all []*found) {
	switch {
	case l.verb == "export":
		for _, f := range all {
			f.damage(l.err)
		}
	case l.json:
		out := json.NewEncoder(l.out)
		out.SetIndent("", "  ")
		_ = out.Encode(map[string]any{"journals": all})
	case l.verb == "ls":
		l.list(all)
	default:
		for _, f := range all {
			fmt.Fprintf(l.out, "%s: %d records in %d segments, %d bytes, %s\n", f.Name, f.Records, f.Segments, f.Bytes, f.verdict())
			f.damage(l.out)
		}
	}
}

func (f *found) verdict() string {
	switch {
	case f.Damage > 0:
		return fmt.Sprintf("%d damaged or missing ranges", f.Damage)
	case f.InUse:
		return "whole, in use"
	case !f.Clean && f.Records > 0:
		return "whole, not closed"
	}
	return "whole"
}

// damage prints what is lost.
func (f *found) damage(to io.Writer) {
	for _, l := range f.Lost {
		fmt.Fprintf(to, "%s: %s\n", f.Name, l.text)
	}
	if f.LostMore > 0 {
		fmt.Fprintf(to, "%s: and %d more\n", f.Name, f.LostMore)
	}
}

func (l *look) list(all []*found) {
	w := tabwriter.NewWriter(l.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "JOURNAL\tMESSAGES\tMARKS\tBYTES\tSEGMENTS\tFIRST\tNEXT\tOLDEST\tNEWEST\tSTATE")
	when := func(t *time.Time) string {
		if t == nil {
			return "-"
		}
		return t.Format(time.RFC3339)
	}
	for _, f := range all {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%s\t%s\n", f.Name, f.Messages, f.Marks, f.Bytes, f.Segments, f.First, f.Next,
			when(f.Oldest), when(f.Newest), f.verdict())
	}
	_ = w.Flush()
}

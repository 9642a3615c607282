package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"leafgate/config"
	"leafgate/gateway"
)

const checkUsage = `Usage: leafgate check FILE

Reads a configuration as a gateway would, without starting one, and prints who is served where: listeners, users,
accounts with what they export and import, and the store. It warns about passwords in clear, users who need none, secret files that
others can read, and certificates that expire. Exit code 1: the configuration has errors.
`

// expiresSoon is how long before the end of a certificate a check warns.
const expiresSoon = 30 * 24 * time.Hour

// check is the command: a configuration in, tables and warnings out, and never a secret.
func check(args []string, c console) int {
	set := flag.NewFlagSet("check", flag.ContinueOnError)
	if code, done := c.parse(set, args, checkUsage); done {
		return code
	}
	if set.NArg() != 1 {
		return c.fail(set, errors.New("one configuration file is needed"))
	}
	s := survey{console: c, file: set.Arg(0)}
	log := slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: noTime}))
	g, err := gateway.New(gateway.Options{File: s.file, Log: log, Version: version, Override: func(b *config.Block) { s.conf = b }})
	if err != nil {
		return complain(c.err, exitConfig, err)
	}
	defer func() { _ = g.Shutdown(context.Background()) }()
	s.gateway = g
	s.listeners()
	s.users()
	s.accounts()
	s.store()
	s.files()
	return exitClean
}

func noTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// A survey is one configuration that is looked at.
type survey struct {
	console
	file    string
	conf    *config.Block
	gateway *gateway.Gateway
	clear   bool // there is a password in clear
}

// table prints rows below a heading in columns.
func (s *survey) table(heading string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	var text strings.Builder
	w, names := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0), strings.Split(heading, "|")
	for _, row := range append([][]string{names}, rows...) {
		missing := strings.Repeat("\t", len(names)-len(row)) // or the columns would end here
		fmt.Fprintln(w, strings.Join(row, "\t")+missing)
	}
	_ = w.Flush()
	for line := range strings.Lines(text.String()) {
		fmt.Fprintln(s.out, strings.TrimRight(line, " \n"))
	}
	fmt.Fprintln(s.out)
}

func (s *survey) listeners() {
	var rows [][]string
	for _, l := range s.gateway.Listeners() {
		until, who := "-", "the gateway's"
		if !l.Expires.IsZero() {
			until = l.Expires.UTC().Format("2006-01-02 15:04")
			if time.Until(l.Expires) < expiresSoon {
				s.warn("%s on %s: the certificate expires soon or has expired: %s UTC", l.Protocol, l.Addr, until)
			}
		}
		switch {
		case l.Rules == nil:
			who = "-"
		case !l.Rules.AuthRequired():
			who = "everybody"
			s.warn("%s on %s: nobody has to authenticate", l.Protocol, l.Addr)
		case s.ownUsers(l):
			who = "its own"
		}
		rows = append(rows, []string{l.Protocol, l.Addr, cmp.Or(l.TLS, "-"), until, who})
	}
	s.table("LISTENER|ADDRESS|TLS|CERTIFICATE UNTIL|USERS", rows)
}

// store shows the directory for what outlives the gateway.
func (s *survey) store() {
	o := s.gateway.Store()
	if o.Dir == "" {
		return
	}
	wear, most := "-", "-"
	if o.WearBudget > 0 {
		wear = strconv.FormatInt(o.WearBudget, 10)
	}
	if o.MaxBytes != (gateway.Amount{}) {
		most = o.MaxBytes.String()
	}
	s.table("STORE|SYNC|MIN FREE|MAX BYTES|WEAR BUDGET", [][]string{{o.Dir, o.Sync.String(), o.MinFree.String(), most, wear}})
}

func (s *survey) ownUsers(l gateway.Listener) bool {
	return l.Rules != nil && !reflect.DeepEqual(l.Rules.Members(), s.gateway.Members())
}

// users lists the gateway's, and those of every listener that has its own.
func (s *survey) users() {
	rows := s.members(s.gateway.Members(), "")
	for _, l := range s.gateway.Listeners() {
		if s.ownUsers(l) {
			rows = append(rows, s.members(l.Rules.Members(), l.Protocol+" "+l.Addr)...)
		}
	}
	s.table("ACCOUNT|USER|PROVES ITSELF BY|CONNECTION TYPES|PERMISSIONS|ONLY ON", rows)
}

// members are rows of users, and warnings about them.
func (s *survey) members(list []gateway.Member, only string) (rows [][]string) {
	for _, m := range list {
		name, by, rights := cmp.Or(m.User, "(everybody)"), string(m.Proof), "all"
		switch {
		case m.Proof == gateway.ProofClear:
			s.clear = true
			s.warn("the password of %s stands in clear: leafgate passwd makes a hash", name)
		case m.Proof == gateway.ProofNone && !m.Anonymous:
			s.warn("%s needs no password", name)
		}
		if m.Anonymous && m.Proof != gateway.ProofNone {
			by += ", or nothing"
		}
		if m.Restricted {
			rights = "restricted"
		}
		rows = append(rows, []string{m.Account, name, by, cmp.Or(strings.Join(m.Types, " "), "any"), rights, only})
	}
	return rows
}

// files warns about secrets that others can read.
func (s *survey) files() {
	if runtime.GOOS == "windows" { // where modes say nothing
		return
	}
	files := keyFiles(s.conf)
	if s.clear {
		files = append([]string{s.file}, files...)
	}
	for _, name := range files {
		if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o004 != 0 {
			s.warn("%s holds secrets and everybody can read it: chmod o-r", name)
		}
	}
}

// keyFiles finds every key_file in v, a block or an array.
func keyFiles(v any) (files []string) {
	switch v := v.(type) {
	case *config.Block:
		for _, key := range v.Keys() {
			value, _ := v.Value(key)
			if name, ok := value.(string); ok && strings.EqualFold(key, "key_file") {
				files = append(files, name)
			}
			files = append(files, keyFiles(value)...)
		}
	case []any:
		for _, item := range v {
			files = append(files, keyFiles(item)...)
		}
	}
	return files
}

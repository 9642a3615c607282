package main

import (
	"cmp"
	"fmt"
	"strings"

	"leafgate/config"
)

// accounts lists every account, and what crosses its borders.
func (s *survey) accounts() {
	block, rows := accountsBlock(s.conf), [][]string(nil)
	for a := range s.gateway.Engine().Accounts() {
		rows = append(rows, crossings(a.Name(), block.Block(a.Name()))...)
	}
	s.table("ACCOUNT|DIRECTION|KIND|SUBJECT|OTHER SIDE|AS", rows)
}

// accountsBlock is nil where there are none, or only names.
func accountsBlock(conf *config.Block) *config.Block {
	v, _ := conf.Value("accounts")
	b, _ := v.(*config.Block)
	return b
}

// crossings are the rows of one account. b has been checked by those who build accounts; nil: it says nothing.
func crossings(name string, b *config.Block) (rows [][]string) {
	if b == nil {
		return [][]string{{name}}
	}
	for _, e := range b.Blocks("exports") {
		kind := kindOf(e)
		to := cmp.Or(strings.Join(e.Strings("accounts"), " "), "everybody")
		rows = append(rows, []string{name, "exports", kind, e.String("", kind), to})
	}
	for _, i := range b.Blocks("imports") {
		kind := kindOf(i)
		from := i.Block(kind)
		as := i.String("", "to")
		if prefix := i.String("", "prefix"); prefix != "" {
			as = fmt.Sprintf("%s.%s", prefix, from.String("", "subject"))
		}
		rows = append(rows, []string{name, "imports", kind, from.String("", "subject"), from.String("", "account"), as})
	}
	if rows == nil {
		return [][]string{{name}}
	}
	return rows
}

func kindOf(b *config.Block) string {
	if b.Has("service") {
		return "service"
	}
	return "stream"
}

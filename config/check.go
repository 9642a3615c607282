package config

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// units finds bare numbers with what the library takes for a unit, known or not.
var units = regexp.MustCompile(`(?i)(?:^|[\s:=,\[{])(-?\d+)[kmgtpe]([bi]*)`)

// suffixes are what may stand behind the first letter of a unit.
var suffixes = []string{"", "b", "i", "ib"}

// check finds what would lead the library astray: a file that includes itself has no end, NUL passes for the end of a
// line or file, a byte order mark for part of a key, and a value of a strange unit is lost. above are the files that include this one.
func (p page) check(above []string) error {
	if i := strings.IndexByte(p.text, 0); i >= 0 {
		return p.errorAt(i, "contains a NUL byte")
	}
	if strings.HasPrefix(p.text, "\ufeff") {
		return p.errorAt(0, "begins with a byte order mark: save it as UTF-8 without one")
	}
	if i := p.strangeUnit(); i >= 0 {
		return p.errorAt(i, "unknown unit: want k, kb, kib, m, mb, mib ...; quotes make it a string")
	}
	above = append(slices.Clip(above), filepath.Clean(p.file))
	for _, in := range p.includes() {
		q, ok := p.open(in.name)
		if !ok {
			continue
		}
		if slices.Contains(above, q.file) {
			return p.errorAt(in.offset, "include: "+q.file+" includes itself")
		}
		if err := q.check(above); err != nil {
			return err
		}
	}
	return nil
}

// strangeUnit is where a number has one, or -1.
func (p page) strangeUnit() int {
	text := p.code()
	for _, at := range units.FindAllStringSubmatchIndex(text, -1) {
		line := text[strings.LastIndexByte(text[:at[2]], '\n')+1 : at[2]]
		quoted := strings.Count(line, `"`)%2 != 0 || strings.Count(line, `'`)%2 != 0
		whole := at[1] == len(text) || strings.IndexByte(" \t\r\n,;}", text[at[1]]) >= 0
		if whole && !quoted && !slices.Contains(suffixes, strings.ToLower(text[at[4]:at[5]])) {
			return at[2]
		}
	}
	return -1
}

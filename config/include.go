package config

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var (
	comments = regexp.MustCompile(`(?m)(?:\A|\s)(?:#|//).*$`)
	// includes may also find what only looks like one, in a string; nothing comes of that.
	includes = regexp.MustCompile(`(?i)(?:^|[\s{},;])(include)[ \t]+(?:'([^']*)'|"([^"]*)"|([^\s;}'"]+))`)
)

// An include is one that a text has, or seems to have.
type include struct {
	name   string
	offset int
}

// code is the text with blanks for comments.
func (p page) code() string {
	return comments.ReplaceAllStringFunc(p.text, func(s string) string { return s[:1] + strings.Repeat(" ", len(s)-1) })
}

func (p page) includes() (all []include) {
	text := p.code()
	for _, at := range includes.FindAllStringSubmatchIndex(text, -1) {
		for i := 4; i < len(at); i += 2 {
			if at[i] >= 0 {
				all = append(all, include{text[at[i]:at[i+1]], at[2]})
			}
		}
	}
	return all
}

// open reads an included file; not ok if it is no file, which the library reports if it was meant to be one.
func (p page) open(name string) (q page, ok bool) {
	file := filepath.Join(p.dir, name)
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
		return q, false
	}
	text, err := os.ReadFile(file)
	return page{file: file, dir: filepath.Dir(file), text: string(text)}, err == nil
}

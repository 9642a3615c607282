package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// What the library says. Names in quotes may be passwords that were meant to be in quotes: they are not repeated.
var (
	inInclude   = regexp.MustCompile(`(?s)^error parsing include file '(.*?)', (.*)$`)
	parseError  = regexp.MustCompile(`(?s)^Parse error on line (\d+): '(.*)'$`)
	noValue     = regexp.MustCompile(`(?s)^config is invalid \(.*:(\d+):\d+\)$`)
	noVariable  = regexp.MustCompile(`(?s)^variable reference for '(.*?)' on line (\d+) can not be found$`)
	badVariable = regexp.MustCompile(`(?s)^variable reference for '(.*?)' on line (\d+) could not be parsed: (.*)$`)
	badNumber   = regexp.MustCompile(`(?s)^(integer|float) '(.*)' is out of the range$`)
	badValue    = regexp.MustCompile(`(?s)^expected (.*), but got '(.*)'$`)
	plainName   = regexp.MustCompile(`^[A-Z][A-Z_]*$`) // no password looks like that
)

// syntaxError says with a position what the library has found.
func (p page) syntaxError(text string) error {
	if m := inInclude.FindStringSubmatch(text); m != nil {
		if q, ok := p.open(m[1]); ok {
			return q.syntaxError(m[2])
		}
		return p.includeError(m[1])
	}
	if m := parseError.FindStringSubmatch(text); m != nil {
		return p.lexicalError(number(m[1]), m[2])
	}
	if m := noValue.FindStringSubmatch(text); m != nil {
		return p.errorOn(number(m[1]), "", "the last key has no value")
	}
	if m := noVariable.FindStringSubmatch(text); m != nil {
		return p.errorOn(number(m[2]), "$"+m[1], "variable"+shown(m[1])+
			" is neither defined above nor in the environment; a string that begins with $ must be in quotes")
	}
	if m := badVariable.FindStringSubmatch(text); m != nil {
		msg := "cannot be parsed: a string in the environment may need quotes of its own"
		if strings.Contains(m[3], "reference cycle") {
			msg = "refers to itself"
		}
		return p.errorOn(number(m[2]), "$"+m[1], "variable"+shown(m[1])+" "+msg)
	}
	if m := badNumber.FindStringSubmatch(text); m != nil {
		return p.errorOn(0, m[2], m[1]+" out of range")
	}
	if m := badValue.FindStringSubmatch(text); m != nil {
		return p.errorOn(0, m[2], "want "+m[1])
	}
	return p.errorOn(0, "", text)
}

// shown is a variable's name, if that cannot be a secret.
func shown(name string) string {
	if plainName.MatchString(name) {
		return " $" + name
	}
	return ""
}

func number(s string) int {
	n, _ := strconv.Atoi(s) // digits, by the pattern
	return n
}

// errorAt is an error at an offset of the text.
func (p page) errorAt(offset int, msg string) *Error {
	before := p.text[:offset]
	line := strings.Count(before, "\n") + 1
	return &Error{Pos: Position{p.file, line, offset - strings.LastIndexByte(before, '\n')}, Msg: "syntax: " + msg}
}

// errorOn is an error on a line, in the column where word stands. Line 0: where word stands, if only one does.
func (p page) errorOn(line int, word, msg string) *Error {
	switch {
	case line > 0:
		e := &Error{Pos: Position{File: p.file, Line: line}, Msg: "syntax: " + msg}
		if word != "" {
			e.Pos.Column = strings.Index(p.line(line), word) + 1
		}
		return e
	case word != "" && strings.Count(p.text, word) == 1:
		return p.errorAt(strings.Index(p.text, word), msg)
	}
	return &Error{Pos: Position{File: p.file}, Msg: "syntax: " + msg}
}

// line is the text of a line, without its end.
func (p page) line(n int) string {
	lines := strings.Split(p.text, "\n")
	if n > len(lines) {
		return ""
	}
	return lines[n-1]
}

// lexicalError is one about a character. Where that is the end of a line, the library is on the next line already.
func (p page) lexicalError(line int, msg string) error {
	for _, end := range []string{"found new line", `got '\n'`, "hit end of line"} {
		if strings.Contains(msg, end) && line > 1 && !strings.HasSuffix(p.line(line), "\r") {
			line--
			break
		}
	}
	msg = strings.NewReplacer("'\x00'", "the end of the file", "'\r'", "the end of the line", `'\n'`, "the end of the line").Replace(msg)
	msg = strings.TrimSuffix(msg, ".")
	if msg != "" {
		msg = strings.ToLower(msg[:1]) + msg[1:]
	}
	return p.errorOn(line, "", msg)
}

// includeError is about a file that cannot be read.
func (p page) includeError(name string) error {
	file := filepath.Join(p.dir, name)
	msg := "include: " + file + " is not a file that can be read"
	var cause *fs.PathError
	if _, err := os.Stat(file); errors.As(err, &cause) {
		msg = "include: " + file + ": " + cause.Err.Error()
	}
	for _, in := range p.includes() {
		if in.name == name {
			return p.errorAt(in.offset, msg)
		}
	}
	return p.errorOn(0, "", msg)
}

package config

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/conf"
)

// Load reads a configuration file. Errors carry file, line and column.
func Load(file string) (*Block, error) {
	if _, err := os.Stat(file); err != nil {
		return nil, fmt.Errorf("open configuration: %w", err)
	}
	tree, err := guard(func() (map[string]any, error) { return conf.ParseFileWithChecks(file) })
	if err != nil {
		return nil, syntaxError(file, err)
	}
	return newRoot(file, tree), nil
}

// Parse reads a configuration from memory; name stands for its file in errors. Includes are relative to the working
// directory.
func Parse(name, text string) (*Block, error) {
	tree, err := guard(func() (map[string]any, error) { return conf.ParseWithChecks(text) })
	if err != nil {
		return nil, syntaxError(name, err)
	}
	return newRoot(name, tree), nil
}

// guard turns a panic of the library into an error: a configuration may come from anywhere.
func guard(parse func() (map[string]any, error)) (tree map[string]any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("cannot be parsed: %v", r)
		}
	}()
	return parse()
}

// Where the library says line and column, in its several ways.
var linePatterns = []*regexp.Regexp{
	regexp.MustCompile(`on line (\d+), column (\d+)`),
	regexp.MustCompile(`^[^:]*:(\d+):(\d+): `),
	regexp.MustCompile(`on line (\d+)`),
}

func syntaxError(file string, err error) error {
	text, at := err.Error(), Position{File: file}
	for _, p := range linePatterns {
		if m := p.FindStringSubmatch(text); m != nil {
			at.Line, _ = strconv.Atoi(m[1])
			if len(m) > 2 {
				at.Column, _ = strconv.Atoi(m[2])
			}
			break
		}
	}
	return &Error{Pos: at, Msg: "syntax: " + text}
}

func newRoot(name string, tree map[string]any) *Block {
	src := &source{name: name}
	raw, err := json.Marshal(tree)
	if err == nil {
		src.digest = fmt.Sprintf("sha256:%x", sha256.Sum256(raw))
	}
	return src.block(tree, Position{File: name, Line: 1, Column: 1}, "")
}

// A source is one configuration: what its blocks have in common.
type source struct {
	name   string
	digest string
	errs   []*Error
	blocks []*Block // all that were made
}

// A token is what the library wraps values in.
type token interface {
	Value() any
	Line() int
	Position() int
	SourceFile() string
	IsUsedVariable() bool
}

// entry is one value with its position.
type entry struct {
	key      string // as written
	pos      Position
	value    any // string, bool, int64, float64, time.Time, []entry, *Block
	variable bool
	asked    bool
}

func (s *source) block(tree map[string]any, pos Position, path string) *Block {
	b := &Block{src: s, pos: pos, path: path, entries: make(map[string]*entry, len(tree))}
	s.blocks = append(s.blocks, b)
	for key, v := range tree {
		e := s.entry(v, pos, join(path, key))
		e.key = key
		b.add(&e)
	}
	return b
}

func (s *source) entry(v any, parent Position, path string) entry {
	e := entry{pos: parent, value: v}
	if t, ok := v.(token); ok {
		e.pos = Position{File: s.name, Line: t.Line(), Column: t.Position()}
		if f := t.SourceFile(); f != "" {
			e.pos.File = relative(s.name, f)
		}
		e.value, e.variable = t.Value(), t.IsUsedVariable()
	}
	switch v := e.value.(type) {
	case map[string]any:
		e.value = s.block(v, e.pos, path)
	case []any:
		list := make([]entry, len(v))
		for i := range v {
			list[i] = s.entry(v[i], e.pos, path)
		}
		e.value = list
	case string, bool, int64, float64, time.Time:
	default:
		e.value = fmt.Sprint(v)
	}
	return e
}

// relative keeps positions short: the library reports files by the name they were opened with.
func relative(root, file string) string {
	if filepath.Base(root) == file {
		return root
	}
	return file
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

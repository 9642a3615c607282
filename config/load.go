package config

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/nats-io/nats-server/v2/conf"
)

// Load reads a configuration file. Includes are relative to the file that has them, those of a pipe to the working
// directory.
func Load(file string) (*Block, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("open configuration: %w", err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	p := page{file: file, dir: filepath.Dir(file), text: string(text)}
	if !info.Mode().IsRegular() { // a pipe, to be read only once
		p.dir = "."
		return p.parse(conf.ParseWithChecks, p.text)
	}
	return p.parse(conf.ParseFileWithChecks, file)
}

// Parse reads a configuration from memory; name stands for its file in errors. Includes are relative to the working
// directory.
func Parse(name, text string) (*Block, error) {
	p := page{file: name, dir: ".", text: text}
	return p.parse(conf.ParseWithChecks, text)
}

// A page is the text of one file.
type page struct {
	file string // in errors
	dir  string // that includes are relative to
	text string
}

// parse lets the library read what, once nothing is in it that the library cannot bear.
func (p page) parse(library func(string) (map[string]any, error), what string) (*Block, error) {
	if err := p.check(nil); err != nil {
		return nil, err
	}
	tree, err := guard(library, what)
	if err != nil {
		return nil, p.syntaxError(err.Error())
	}
	return newRoot(p.file, tree)
}

// guard turns a panic of the library into an error: a configuration may come from anywhere.
func guard(library func(string) (map[string]any, error), what string) (tree map[string]any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("cannot be parsed: %v", r)
		}
	}()
	return library(what)
}

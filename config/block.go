package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Block is one map of a configuration. A nil Block is legal and answers only defaults. It belongs to one goroutine.
type Block struct {
	src     *source
	pos     Position
	path    string
	entries map[string]*entry // by lower-case key
	double  []*entry          // keys that differ only in case
	known   map[string]bool   // lower-case keys that were asked for
	free    bool              // keys are names, not fields
	used    bool              // handed out
}

func (b *Block) add(e *entry) {
	lower := strings.ToLower(e.key)
	if _, twice := b.entries[lower]; twice {
		b.double = append(b.double, e)
		return
	}
	b.entries[lower] = e
}

// find answers the entry under any of names and marks all of them as known.
func (b *Block) find(names ...string) *entry {
	if b == nil {
		return nil
	}
	if b.known == nil {
		b.known = make(map[string]bool)
	}
	b.used = true
	var found *entry
	for _, name := range names {
		lower := strings.ToLower(name)
		b.known[lower] = true
		e := b.entries[lower]
		if e == nil {
			continue
		}
		e.asked = true
		if found != nil {
			b.fail(e, "given twice: %q is another name for it", found.key)
			continue
		}
		found = e
	}
	return found
}

func (b *Block) fail(e *entry, format string, args ...any) {
	b.src.errs = append(b.src.errs, &Error{Pos: e.pos, Key: join(b.path, e.key), Msg: fmt.Sprintf(format, args...)})
}

// Has says whether any of names is there.
func (b *Block) Has(names ...string) bool { return b.find(names...) != nil }

// Block answers the map under any of names; nil if there is none.
func (b *Block) Block(names ...string) *Block {
	e := b.find(names...)
	if e == nil {
		return nil
	}
	if m, ok := e.value.(*Block); ok {
		m.used = true
		return m
	}
	b.fail(e, "want a map {...}, got %s", kind(e.value))
	return nil
}

// Blocks answers a map, or each map of an array.
func (b *Block) Blocks(names ...string) (all []*Block) {
	e := b.find(names...)
	if e == nil {
		return nil
	}
	list, ok := e.value.([]entry)
	if !ok {
		list = []entry{*e}
	}
	for i := range list {
		if m, ok := list[i].value.(*Block); ok {
			m.used = true
			all = append(all, m)
		} else {
			list[i].key = e.key
			b.fail(&list[i], "want a map {...}, got %s", kind(list[i].value))
		}
	}
	return all
}

// Keys are the block's keys as written, in the order they stand in. They are taken for free names, such as users or
// accounts: none of them is reported as unknown.
func (b *Block) Keys() []string {
	if b == nil {
		return nil
	}
	b.free, b.used = true, true
	all := make([]*entry, 0, len(b.entries))
	for _, e := range b.entries {
		all = append(all, e)
	}
	slices.SortFunc(all, func(x, y *entry) int {
		return cmp.Or(cmp.Compare(x.pos.Line, y.pos.Line), cmp.Compare(x.pos.Column, y.pos.Column), strings.Compare(x.key, y.key))
	})
	keys := make([]string, len(all))
	for i, e := range all {
		keys[i] = e.key
	}
	return keys
}

// Ignore says that names are known and read by somebody else.
func (b *Block) Ignore(names ...string) {
	for _, n := range names {
		if e := b.find(n); e != nil {
			e.release()
		}
	}
}

// release keeps Finish from looking below a value that nobody reads.
func (e *entry) release() {
	switch v := e.value.(type) {
	case *Block:
		v.free = true
	case []entry:
		for i := range v {
			v[i].release()
		}
	}
}

// Unsupported reports each of names that is there.
func (b *Block) Unsupported(why string, names ...string) {
	for _, n := range names {
		if e := b.find(n); e != nil {
			b.fail(e, "not supported: %s", why)
		}
	}
}

// Errorf notes an error at the key name, or at the block if name is empty or absent. The caller keeps secrets out.
func (b *Block) Errorf(name, format string, args ...any) {
	if b == nil {
		return
	}
	e := b.entries[strings.ToLower(name)]
	if e == nil {
		e = &entry{key: name, pos: b.pos}
	}
	err := &Error{Pos: e.pos, Key: join(b.path, e.key), Msg: fmt.Sprintf(format, args...)}
	if e.key == "" {
		err.Key = b.path
	}
	b.src.errs = append(b.src.errs, err)
}

// Pos is where the key name stands, or the block if name is empty or absent: file:line:col.
func (b *Block) Pos(name string) string {
	if b == nil {
		return ""
	}
	if e := b.entries[strings.ToLower(name)]; e != nil {
		return e.pos.String()
	}
	return b.pos.String()
}

// Override sets a key from outside the file, as a command-line flag does.
func (b *Block) Override(name string, v any) {
	switch n := v.(type) {
	case int:
		v = int64(n)
	case []string:
		list := make([]entry, len(n))
		for i := range n {
			list[i] = entry{key: name, pos: Position{File: "flag"}, value: n[i]}
		}
		v = list
	}
	b.entries[strings.ToLower(name)] = &entry{key: name, pos: Position{File: "flag"}, value: v}
}

// Remove takes keys out, as a flag does that stands for another spelling.
func (b *Block) Remove(names ...string) {
	for _, n := range names {
		delete(b.entries, strings.ToLower(n))
	}
}

// Err is what was noted so far, each error a line, in the order of positions; nil if nothing was.
func (b *Block) Err() error {
	if b == nil {
		return nil
	}
	return joined(b.src.errs)
}

// Finish is called once everybody has read: Err, and every key that nobody asked for in the blocks that somebody did.
func (b *Block) Finish() error {
	if b == nil {
		return nil
	}
	errs := slices.Clone(b.src.errs)
	for _, x := range b.src.blocks {
		for _, e := range x.double {
			errs = append(errs, &Error{Pos: e.pos, Key: join(x.path, e.key), Msg: "given twice, in different spelling"})
		}
		if x.free || !x.used {
			continue
		}
		for _, e := range x.entries {
			if !e.asked && !e.variable {
				errs = append(errs, x.unknown(e))
			}
		}
	}
	return joined(errs)
}

// Digest names the configuration's content: sha256:hex.
func (b *Block) Digest() string {
	if b == nil {
		return ""
	}
	return b.src.digest
}

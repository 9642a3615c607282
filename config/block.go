package config

import (
	"fmt"
	"slices"
	"strings"
)

// A Block is one map of a configuration. A nil Block is legal and answers only defaults. It belongs to one goroutine.
type Block struct {
	src     *source
	pos     Position
	path    string
	entries map[string][]*entry // by lower-case key, one for each spelling
	known   map[string]bool     // lower-case keys that were asked for
	free    bool                // keys are names, not fields
	used    bool                // handed out
}

// lookup answers the entry that is spelled like name, else the first that differs in case only. A variable (PORT) stands
// behind the field that it is used for (port).
func (b *Block) lookup(name string) *entry {
	if b == nil {
		return nil
	}
	list := b.entries[strings.ToLower(name)]
	for _, e := range list {
		if e.key == name {
			return e
		}
	}
	if len(list) == 0 {
		return nil
	}
	return list[0]
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
		b.known[strings.ToLower(name)] = true
		e := b.lookup(name)
		if e == nil {
			continue
		}
		e.asked = true
		if found != nil && e != found {
			b.fail(e, "given twice: %q is another name for it", found.key)
			continue
		}
		found = e
	}
	return found
}

func (b *Block) fail(e *entry, format string, args ...any) {
	b.src.fail(e.pos, join(b.path, e.key), format, args...)
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
	for _, item := range e.list() {
		if m, ok := item.value.(*Block); ok {
			m.used = true
			all = append(all, m)
		} else {
			b.fail(&item, "want a map {...}, got %s", kind(item.value))
		}
	}
	return all
}

// Keys are the block's keys as written, in the order they stand in. They are taken for free names, such as users or
// accounts: none of them is reported as unknown, and those that differ in case are different ones.
func (b *Block) Keys() []string {
	if b == nil {
		return nil
	}
	b.free, b.used = true, true
	var all []*entry
	for _, list := range b.entries {
		all = append(all, list...)
	}
	slices.SortFunc(all, byPosition)
	keys := make([]string, len(all))
	for i, e := range all {
		keys[i] = e.key
	}
	return keys
}

// Ignore says that names are known and read by somebody else. Nobody is held to know what stands below them.
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
	msg := "not supported"
	if why != "" {
		msg += ": " + why
	}
	for _, n := range names {
		if e := b.find(n); e != nil {
			b.fail(e, "%s", msg)
		}
	}
}

// Errorf notes an error at the key name, or at the block if name is empty or absent. The caller keeps secrets out.
func (b *Block) Errorf(name, format string, args ...any) {
	if b == nil {
		return
	}
	e := b.lookup(name)
	if e == nil {
		e = &entry{key: name, pos: b.pos}
	}
	if e.key == "" {
		b.src.fail(e.pos, b.path, format, args...)
		return
	}
	b.fail(e, format, args...)
}

// Pos is where the key name stands, or the block if name is empty or absent: file:line:col.
func (b *Block) Pos(name string) string {
	if b == nil {
		return ""
	}
	if e := b.lookup(name); e != nil {
		return e.pos.String()
	}
	return b.pos.String()
}

// Override sets a key from outside the file, as a command-line flag does: a string, boolean, integer or list of strings.
// It panics for other types, and on a nil Block.
func (b *Block) Override(name string, v any) {
	e := &entry{key: name, pos: Position{File: "flag"}}
	switch v := v.(type) {
	case string, bool, int64:
		e.value = v
	case int:
		e.value = int64(v)
	case []string:
		list := make([]entry, len(v))
		for i := range v {
			list[i] = entry{pos: e.pos, value: v[i]}
		}
		e.value = list
	default:
		panic(fmt.Sprintf("config: Override(%q) with a %T", name, v))
	}
	b.entries[strings.ToLower(name)] = []*entry{e}
}

// Remove takes keys out, as a flag does that stands for another spelling.
func (b *Block) Remove(names ...string) {
	if b == nil {
		return
	}
	for _, n := range names {
		delete(b.entries, strings.ToLower(n))
	}
}

// Digest names the configuration's content, as nats-server does: sha256:hex. Flags do not change it.
func (b *Block) Digest() string {
	if b == nil {
		return ""
	}
	return b.src.digest
}

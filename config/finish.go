package config

import (
	"slices"
	"strings"
)

// Err is what was noted so far, each error a line, in the order of positions; nil if nothing was.
func (b *Block) Err() error {
	if b == nil {
		return nil
	}
	return joined(b.src.errs)
}

// Finish is called once everybody has read: Err, and every key that nobody asked for in the blocks that somebody did,
// in the whole configuration that b is part of.
func (b *Block) Finish() error {
	if b == nil {
		return nil
	}
	errs := slices.Clone(b.src.errs)
	for _, x := range b.src.blocks {
		if x.free || !x.used {
			continue
		}
		for _, spellings := range x.entries {
			errs = x.finish(errs, spellings)
		}
	}
	return joined(errs)
}

// finish adds what is wrong with a key that may be there in several spellings.
func (b *Block) finish(errs []*Error, spellings []*entry) []*Error {
	var first *entry // that is a field
	for _, e := range spellings {
		switch {
		case e.variable:
		case first != nil:
			errs = append(errs, &Error{Pos: e.pos, Key: join(b.path, e.key), Msg: "given twice, in different spelling"})
		default:
			if first = e; !b.known[strings.ToLower(e.key)] {
				errs = append(errs, b.unknown(e))
			}
		}
	}
	return errs
}

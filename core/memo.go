package core

import (
	"bytes"
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// A memo remembers results of an account, by permissions, namer and key. It is a set-associative table of atomic pointers
// to immutable entries: readers take no lock. It starts small and grows while it loses entries that are still valid.
type memo struct {
	seed  maphash.Seed
	table atomic.Pointer[memoTable]
	seen  sightFilter

	mu   sync.Mutex // writers
	lost int        // valid entries overwritten since the table was made
	cost int        // bytes of all entries
}

const (
	memoWays  = 8
	memoStart = 1 << 9         // entries
	memoLimit = 1 << 16        // entries
	memoBytes = 64 << 20       // all entries of an account
	memoLarge = memoBytes >> 4 // a larger entry is never remembered
)

type memoTable struct {
	mask uint64 // of sets
	tags []atomic.Uint32
	ents []atomic.Pointer[result]
}

func newMemoTable(entries int) *memoTable {
	return &memoTable{
		mask: uint64(entries/memoWays - 1),
		tags: make([]atomic.Uint32, entries),
		ents: make([]atomic.Pointer[result], entries),
	}
}

// hash names a result. Different permissions have different results for one key.
func (m *memo) hash(key []byte, perms *Permissions) uint64 {
	h := maphash.Bytes(m.seed, key)
	if perms != nil {
		h ^= perms.id * 0x9e3779b97f4a7c15
	}
	return h
}

// find answers the entry for the key, valid or not, or nil.
func (m *memo) find(hash uint64, key []byte, perms *Permissions, namer Namer) *result {
	t := m.table.Load()
	if t == nil {
		return nil
	}
	base, tag := (hash&t.mask)*memoWays, uint32(hash>>32)
	for i := base; i < base+memoWays; i++ {
		if t.tags[i].Load() != tag {
			continue
		}
		if r := t.ents[i].Load(); r != nil && r.is(hash, key, perms, namer) {
			return r
		}
	}
	return nil
}

func (r *result) is(hash uint64, key []byte, perms *Permissions, namer Namer) bool {
	return r.hash == hash && r.perms == perms && bytes.Equal(r.key, key) && (namer == nil) == (r.namer == nil) &&
		(namer == nil || namer == r.namer)
}

// put remembers r, in place of an entry of the same key, an empty or an invalid one, else of one chosen by its hash.
func (m *memo) put(r *result) {
	cost := r.cost()
	if cost > memoLarge {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.table.Load()
	if t == nil {
		t = newMemoTable(memoStart)
		m.table.Store(t)
	}
	at := t.place(r)
	old := t.ents[at].Load()
	if old != nil {
		cost -= old.cost()
	}
	if m.cost+cost > memoBytes {
		t.ents[at].Store(nil) // makes room, little by little
		m.cost -= r.cost() - cost
		return
	}
	m.cost += cost
	t.store(at, r)
	if old != nil && string(old.key) != string(r.key) && old.stamp.valid() {
		m.lost++
	}
	if m.lost > len(t.ents)/64 && len(t.ents) < memoLimit {
		m.grow(t)
	}
}

func (t *memoTable) store(at uint64, r *result) {
	t.ents[at].Store(r)
	t.tags[at].Store(uint32(r.hash >> 32))
}

func (t *memoTable) place(r *result) uint64 {
	base := (r.hash & t.mask) * memoWays
	victim := base + r.hash>>60%memoWays
	for i := base; i < base+memoWays; i++ {
		old := t.ents[i].Load()
		if old != nil && old.is(r.hash, r.key, r.perms, r.namer) {
			return i
		}
		if old == nil || !old.stamp.valid() {
			victim = i
		}
	}
	return victim
}

// grow quadruples the table. Entries that are not valid any more stay behind.
func (m *memo) grow(t *memoTable) {
	bigger := newMemoTable(min(4*len(t.ents), memoLimit))
	m.lost, m.cost = 0, 0
	for i := range t.ents {
		if r := t.ents[i].Load(); r != nil && r.stamp.valid() {
			bigger.store(bigger.place(r), r)
			m.cost += r.cost()
		}
	}
	m.table.Store(bigger)
}

// A sightFilter remembers hashes seen of late, so that only what comes twice is remembered: building a result to keep
// costs more than matching once. Two ways, the older goes first.
type sightFilter [1024][2]atomic.Uint32

// again says whether hash was seen of late.
func (f *sightFilter) again(hash uint64) bool {
	set, tag := &f[hash>>20%uint64(len(f))], uint32(hash>>32)|1
	first := set[0].Load()
	if first == tag || set[1].Load() == tag {
		return true
	}
	set[1].Store(first)
	set[0].Store(tag)
	return false
}

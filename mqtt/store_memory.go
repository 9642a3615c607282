package mqtt

import "leafgate/core"

// A memoryStore is the [Store] of a gateway without a directory: everything lives as long as the process. Queues hold what
// was put into them; sessions and retained messages are held by those who have them, so that nothing is noted of them here
// and there is nothing to load. What is put into it counts as stored at once: no barrier is held.
//
// It has no state.
type memoryStore struct{}

// Load implements Store: it visits nothing.
func (memoryStore) Load(func(*Record, Shelf), func(string, *Retained) *Retained) error { return nil }

// Open implements Store.
func (memoryStore) Open(*Record) (Shelf, error) { return &memoryShelf{}, nil }

// Seal implements Store.
func (memoryStore) Seal(*core.Barrier, Shelf, uint16) error { return nil }

// Flush implements Store.
func (memoryStore) Flush() {}

// Retain implements Store: the account's tree holds the message.
func (memoryStore) Retain(_ string, _ *Retained, _ *core.Barrier, apply func() *Retained) error {
	apply()
	return nil
}

// Expired implements Store.
func (memoryStore) Expired(*Retained) {}

// Close implements Store.
func (memoryStore) Close() error { return nil }

// A memoryShelf is the [Shelf] of a session that knows itself.
type memoryShelf struct{ memoryQueue }

// Save implements Shelf.
func (*memoryShelf) Save(*Record) {}

// Subscribe implements Shelf.
func (*memoryShelf) Subscribe(SubscriptionRecord, *core.Barrier) error { return nil }

// Unsubscribe implements Shelf.
func (*memoryShelf) Unsubscribe(string, *core.Barrier) error { return nil }

// Received implements Shelf.
func (*memoryShelf) Received(uint16, *core.Barrier) error { return nil }

// Released implements Shelf.
func (*memoryShelf) Released([]uint16, *core.Barrier) error { return nil }

// Told implements Shelf: everything is stored at once.
func (*memoryShelf) Told(func(uint64, error)) {}

// Drop implements Shelf: the queue goes with the session that holds it.
func (*memoryShelf) Drop() {}

// Pending implements Shelf: nothing is loaded.
func (*memoryShelf) Pending(func(uint64, int, Flight)) {}

// Incoming implements Shelf.
func (*memoryShelf) Incoming(func(uint16)) {}

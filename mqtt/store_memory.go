package mqtt

import "leafgate/core"

// A memoryStore is the [Store] of a gateway without a directory: everything lives as long as the process. Queues hold what
// was put into them; sessions and retained messages are held by those who have them, so that nothing is noted of them here
// and there is nothing to load. What is put into it counts as stored at once: no barrier is held.
//
// It has no state.
type memoryStore struct{}

// Load implements Store: it visits nothing.
func (memoryStore) Load(func(*Record, Queue), func(string, *Retained)) error { return nil }

// Open implements Store.
func (memoryStore) Open(Key) (Queue, error) { return &memoryQueue{}, nil }

// Save implements Store: the session knows itself.
func (memoryStore) Save(*Record) error { return nil }

// Subscribe implements Store: the session knows its subscriptions.
func (memoryStore) Subscribe(Key, SubscriptionRecord) error { return nil }

// Unsubscribe implements Store.
func (memoryStore) Unsubscribe(Key, string) error { return nil }

// Drop implements Store: the queue goes with the session that holds it.
func (memoryStore) Drop(Key) error { return nil }

// Retain implements Store: the account's tree holds the message.
func (memoryStore) Retain(string, *Retained, *core.Barrier) error { return nil }

// Close implements Store.
func (memoryStore) Close() error { return nil }

package core

// Signatures for the rooms above while the engine is being written; this file goes away.

import "iter"

type Engine struct{}
type Account struct{}
type Endpoint struct{}
type Permissions struct{}

// AccountDef declares an account.
type AccountDef struct{ Name string }

// PermissionDef is what a configuration says about one peer's rights; a nil Allow allows everything. Subscribe entries
// may be "subject queue".
type PermissionDef struct{ Publish, Subscribe Rule }

// Rule: deny wins over allow; nil Allow allows all, an empty one none.
type Rule struct{ Allow, Deny []string }

func NewPermissions(def PermissionDef) (*Permissions, error) { panic("stub") }

func NewEngine() *Engine                                        { panic("stub") }
func (e *Engine) SetAccounts(defs []AccountDef) error           { panic("stub") } // start and reload
func (e *Engine) Account(name string) *Account                  { panic("stub") } // nil: unknown
func (e *Engine) Accounts() iter.Seq[*Account]                  { panic("stub") }
func (e *Engine) Attach(id *Identity, p Peer, s Sink) *Endpoint { panic("stub") }
func (e *Engine) Endpoints() iter.Seq[*Endpoint]                { panic("stub") }
func (e *Engine) Stats() Stats                                  { panic("stub") } // totals, closed endpoints included
func (e *Engine) Get() *Batch                                   { panic("stub") }
func (e *Engine) Put(b *Batch)                                  { panic("stub") } // flushes
func (e *Engine) Close()                                        { panic("stub") }

func (a *Account) Name() string { panic("stub") }
func (a *Account) Stats() Stats { panic("stub") }

type Batch struct{}

func (b *Batch) Message() *Message                                         { panic("stub") } // lent, zeroed by the caller as needed
func (b *Batch) Publish(ep *Endpoint, m *Message) (matched int, err error) { panic("stub") } // ErrBadSubject, ErrNotAllowed
func (b *Batch) Settle()                                                   { panic("stub") } // close the open run into the queues of its destinations
func (b *Batch) SettleFor(ep *Endpoint)                                    { panic("stub") } // the same, only if ep is one of them: before own bytes that must come behind (PONG, +OK)
func (b *Batch) Flush()                                                    { panic("stub") } // end of a read burst: everything is offered and written through
func (b *Batch) Throttle(limit <-chan struct{})                            { panic("stub") } // after Flush: wait for the sinks that answered Congested; returns at once if none
func (b *Batch) Congested() bool                                           { panic("stub") }

func (ep *Endpoint) Subscribe(subject string, o SubOptions) (*Subscription, error) { panic("stub") }
func (ep *Endpoint) Unsubscribe(s *Subscription, after int)                        { panic("stub") } // after: total deliveries since Subscribe; 0 now
func (ep *Endpoint) Lookup(subject []byte) *Subscription                           { panic("stub") } // one of ep's own plain subscriptions that matches, or nil (no responders)
func (ep *Endpoint) Stats() Stats                                                  { panic("stub") }
func (ep *Endpoint) Subscriptions() iter.Seq[*Subscription]                        { panic("stub") }
func (ep *Endpoint) Peer() Peer                                                    { panic("stub") }
func (ep *Endpoint) Identity() *Identity                                           { panic("stub") }
func (ep *Endpoint) Close()                                                        { panic("stub") } // removes its subscriptions, cuts its sink

// Subscription is one interest of one endpoint.
type Subscription struct {
	Subject, Queue string
	Tag            any
}

func (s *Subscription) Delivered() int64 { panic("stub") }
func ValidSubject(s []byte) bool         { panic("stub") } // literal or pattern, tokens not empty, no space or control
func ValidPattern(s string) bool         { panic("stub") }
func IsLiteral(s []byte) bool            { panic("stub") } // no wildcard token

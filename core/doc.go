// Package core carries a message from one peer to every interested peer of an account.
//
// It knows subjects, accounts and peers, and no protocol. A module meets it through two doors:
//
//   - inward, an [Endpoint] and a [Batch]: Subscribe, Unsubscribe, Publish;
//   - outward, a [Sink]: Run for messages that a [Form] has rendered, Deliver for the rest.
//
// # Bytes
//
// A [Message] borrows the publisher's bytes. They are read-only and valid until Publish returns; the engine keeps none
// of them. What a Form rendered lives in the [Batch] and is lent to Sink.Run until Run returns. Who wants to keep bytes
// copies them, once, at that point.
//
// # Order
//
// Messages of one publisher reach one subscriber in the order they were published. When Publish has returned and the
// batch is flushed, every sink has been offered the message.
//
// # Goroutines
//
// A Batch belongs to one goroutine at a time. Everything else may be called from any goroutine. Sinks are called from
// publishers' goroutines, concurrently.
//
// # Locks
//
// In this order, and never two of the same kind: Endpoint.mu, Account.interest.mu, one shard of the index; Engine.mu and
// memo.mu stand alone. Publish holds none of them while it calls a Sink. InterestSink.Interest is called under
// Account.interest.mu, so that news arrive in order.
package core

// Package mapping translates MQTT topics and filters to subjects and back. It is pure: bytes in, bytes out, no state, so
// everything in it may be called from any goroutine, and what it answers may be cached for as long as the process lives.
//
// A topic is split at "/", each level becomes a token, tokens are joined by ".". Version 1 of the code:
//
//	level                     token          level, byte by byte   token
//	empty                     /              .                     //
//	exactly *                 /*             space                 /_
//	exactly >                 />             TAB LF CR FF DEL      /t /n /r /f /d
//	+  (in a filter)          *              every other byte      itself
//	#  (last in a filter)     >
//
// No level holds a slash, so a slash in a token always begins a code of two bytes, except in the token that is nothing
// but a slash. Hence different topics have different subjects, and the way back is exact. Tokens are never empty, never
// "*" or ">" and never hold what ends a word or a line in the text protocols.
//
// A subject that is nobody's image is foreign: [AppendTopic] refuses it, and MQTT clients do not see it.
//
// Arguments of type []byte are borrowed and not written to; dst must not overlap them. What appends to dst allocates
// only what dst lacks, and may leave its work in dst's free capacity where it then fails. Clauses are those of MQTT 5.
package mapping

// Version of the code table. It changes when any topic's subject does: subjects that were stored or sent to a peer under
// another version mean other topics.
const Version = 1

// MaxTopic is how many bytes a topic or filter may have: its length has two bytes on the wire. Its subject has at most
// twice as many and one.
const MaxTopic = 65535

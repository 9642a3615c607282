package mapping

import "errors"

// What may be wrong with a topic, a filter or another string of MQTT. The frontend decides what a client is told.
var (
	ErrEmpty    = errors.New("topic is empty")
	ErrWildcard = errors.New("wildcard in a topic name")
	ErrFilter   = errors.New("misplaced wildcard in a topic filter")
	ErrNUL      = errors.New("U+0000 in a string")
	ErrUTF8     = errors.New("string is not UTF-8")
	ErrTooLong  = errors.New("topic is longer than 65535 bytes")
	ErrShare    = errors.New("invalid shared subscription")
)

// For the checks that callers make by configuration and permission: nothing here returns them.
var (
	ErrReserved = errors.New("reserved topic")                // [Reserved], [ReservedTopic]
	ErrLimit    = errors.New("topic exceeds a limit")         // on bytes of the subject, on [Levels]
	ErrStrict   = errors.New("control character in a string") // [StrictUTF8]
)

package core

import "errors"

// Errors that frontends branch on.
var (
	ErrBadSubject     = errors.New("invalid subject")
	ErrNotAllowed     = errors.New("not allowed")
	ErrClosed         = errors.New("endpoint closed")
	ErrTooManySubs    = errors.New("maximum subscriptions exceeded")
	ErrUnknownAccount = errors.New("unknown account")
)

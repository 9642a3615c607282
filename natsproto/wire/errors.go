package wire

import "errors"

// What Next finds wrong. The texts are for logs; which of them a client is told, and how, the session decides.
var (
	ErrUnknown     = errors.New("unknown protocol operation")
	ErrArgs        = errors.New("bad arguments")
	ErrControlLine = errors.New("maximum control line exceeded")
	ErrPayload     = errors.New("maximum payload exceeded")
)

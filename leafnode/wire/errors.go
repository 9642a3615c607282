package wire

import "errors"

// What Next finds wrong. The connection cannot go on.
var (
	ErrUnknown     = errors.New("unknown protocol operation")
	ErrArgs        = errors.New("bad arguments")
	ErrControlLine = errors.New("maximum control line exceeded")
	ErrPayload     = errors.New("maximum payload exceeded")
)

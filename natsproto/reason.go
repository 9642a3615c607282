package natsproto

import (
	"errors"

	"leafgate/internal/reason"
	"leafgate/module"
)

// reasonOf reads the reason from the cause a connection was closed with.
func reasonOf(cause error) reason.Reason {
	var own *clientError
	if errors.As(cause, &own) {
		return own.reason
	}
	return module.ReasonOf(cause)
}

package leafnode

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"leafgate/internal/reason"
	"leafgate/leafnode/wire"
	"leafgate/module"
)

// A linkError is why a link ends. text is what the other side is told, if anything.
type linkError struct {
	text   string
	reason reason.Reason
	detail error
}

func (e *linkError) Error() string {
	switch {
	case e.text == "" && e.detail == nil:
		return e.reason.String()
	case e.text == "":
		return e.detail.Error()
	case e.detail == nil:
		return e.text
	}
	return e.text + ": " + e.detail.Error()
}

func (e *linkError) Unwrap() error { return e.detail }

func (e *linkError) with(detail error) error { return &linkError{e.text, e.reason, detail} }

var (
	errStale        = &linkError{text: "Stale Connection", reason: reason.StaleConnection}
	errNoInfo       = &linkError{text: "Stale Leaf Node Connection - Closing", reason: reason.StaleConnection}
	errOperation    = &linkError{text: "Unknown Protocol Operation", reason: reason.ProtocolViolation}
	errControlLine  = &linkError{text: "maximum control line exceeded", reason: reason.MaxControlLine}
	errPayload      = &linkError{text: "Maximum Payload Violation", reason: reason.MaxPayload}
	errProtocol     = &linkError{reason: reason.ProtocolViolation}
	errRightsChange = &linkError{reason: reason.PermissionsViolation, detail: errors.New("the other side has changed our rights")}
)

var errImports = &linkError{reason: reason.None, detail: errors.New("the account's imports have changed")}

// Errors of an attempt.
var (
	errWrongPort  = errors.New("this is no leaf node port")
	errNoTLS      = errors.New("tls is configured, but the other side does not offer it")
	errLoop       = errors.New("loop: the account is linked to that cluster already")
	errNoAccount  = errors.New("the account is gone")
	errNoGreeting = errors.New("want INFO first")
)

// fromWire says what a line that wire cannot read means for the link.
func fromWire(err error) error {
	switch {
	case errors.Is(err, wire.ErrUnknown):
		return errOperation
	case errors.Is(err, wire.ErrControlLine):
		return errControlLine
	case errors.Is(err, wire.ErrPayload):
		return errPayload
	}
	return errProtocol.with(err)
}

// A refusal is an -ERR of the other side.
type refusal string

func (r refusal) Error() string { return "the other side says " + string(r) }

// quoted is what the other side sent, fit for a log.
func quoted(b []byte) refusal {
	const most = 256
	clean := bytes.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return '?'
		}
		return r
	}, bytes.Trim(b[:min(len(b), most)], "'"))
	return refusal(clean)
}

// penalty is how long to stay away after what will not be better soon.
const penalty = 30 * time.Second

// lasting are refusals that call for it.
var lasting = []string{"Permissions Violation", "Loop detected", "same cluster name", "Duplicate Remote LeafNode"}

func deservesPenalty(err error) bool {
	var said refusal
	if errors.Is(err, errLoop) {
		return true
	}
	if !errors.As(err, &said) {
		return false
	}
	for _, text := range lasting {
		if strings.Contains(string(said), text) {
			return true
		}
	}
	return false
}

// loopError is what we say of a beacon that came back.
func loopError(account string) error {
	return &linkError{text: fmt.Sprintf("Loop detected for leafnode account=%q. Delaying attempt to reconnect for %v", account, penalty),
		reason: reason.ProtocolViolation, detail: errLoop}
}

// reasonOf reads the reason from the cause a link ended with.
func reasonOf(cause error) reason.Reason {
	var own *linkError
	var said refusal
	switch {
	case errors.As(cause, &own):
		return own.reason
	case errors.As(cause, &said) && strings.Contains(string(said), "Authorization"):
		return reason.AuthenticationFailure
	case errors.As(cause, &said) && strings.Contains(string(said), "Permissions"):
		return reason.PermissionsViolation
	case errors.As(cause, &said):
		return reason.ParseError
	}
	return module.ReasonOf(cause)
}

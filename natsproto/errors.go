package natsproto

import (
	"errors"
	"fmt"

	"leafgate/core"
	"leafgate/internal/netio"
	"leafgate/internal/reason"
	"leafgate/natsproto/wire"
)

// A clientError is what a client did wrong or has to hear. It is one of three: told and forgiven (text, no reason), told
// and closed (both), closed in silence (no text).
type clientError struct {
	text    string        // of -ERR; clients compare it, some of them letter by letter
	reason  reason.Reason // why the connection ends; None: it does not
	refusal reason.Reason // why only what was asked for is not done
	detail  error         // for the log; nil: nothing to add
}

func (e *clientError) Error() string {
	text := e.text
	if text == "" {
		text = e.reason.String()
	}
	if e.detail != nil {
		return text + ": " + e.detail.Error()
	}
	return text
}

func (e *clientError) Unwrap() error { return e.detail }

// Why is the reason, for those who see only the cause of an end.
func (e *clientError) Why() reason.Reason { return e.reason }

// with adds what the log should say.
func (e *clientError) with(detail error) error {
	return &clientError{e.text, e.reason, e.refusal, detail}
}

var (
	errAuthorization  = &clientError{text: "Authorization Violation", reason: reason.AuthenticationFailure}
	errAuthTimeout    = &clientError{text: "Authentication Timeout", reason: reason.AuthenticationTimeout}
	errThrottled      = &clientError{text: "Connection throttling is active. Please try again later.", reason: reason.MaxConnections}
	errAuthExpired    = &clientError{text: "User Authentication Expired", reason: reason.AuthenticationExpired}
	errMaxConnections = &clientError{text: "maximum connections exceeded", reason: reason.MaxConnections}
	errMemory         = &clientError{text: "maximum connections exceeded", reason: reason.MemoryShort} // a text that clients know
	errMaxAccount     = &clientError{text: "maximum account active connections exceeded", reason: reason.MaxAccountConnections}
	errMaxPayload     = &clientError{text: "Maximum Payload Violation", reason: reason.MaxPayload}
	errControlLine    = &clientError{text: "maximum control line exceeded", reason: reason.MaxControlLine}
	errStale          = &clientError{text: "Stale Connection", reason: reason.StaleConnection}
	errUnknown        = &clientError{text: "Unknown Protocol Operation", reason: reason.ProtocolViolation}
	errProtocol       = &clientError{text: "invalid client protocol", reason: reason.BadProtocolVersion}
	errNoResponders   = &clientError{text: "no responders requires headers support", reason: reason.NoRespondersRequiresHeaders}

	errArguments = &clientError{reason: reason.ProtocolViolation}
	errClientErr = &clientError{reason: reason.ParseError}
	errLameDuck  = &clientError{reason: reason.ServerShutdown}

	errMaxSubscriptions = &clientError{text: "maximum subscriptions exceeded", refusal: reason.MaxSubscriptions}
	errBadSubject       = &clientError{text: "Invalid Subject", refusal: reason.InvalidSubject}
	errBadPublish       = &clientError{text: "Invalid Publish Subject", refusal: reason.InvalidSubject}
)

// refused makes the answer to something a client has no right to.
func refused(format string, args ...any) error {
	return &clientError{text: "Permissions Violation for " + fmt.Sprintf(format, args...), refusal: reason.PermissionsViolation}
}

// fromWire says what a line that wire cannot read means for the connection.
func fromWire(err error) error {
	switch err {
	case wire.ErrUnknown:
		return errUnknown
	case wire.ErrControlLine:
		return errControlLine
	case wire.ErrPayload:
		return errMaxPayload
	}
	return errArguments.with(err)
}

// funnel decides what an error means. Every handler's error ends here and nowhere else. What it returns closes the
// connection, or pauses it.
func (s *session) funnel(batch *core.Batch, err error) error {
	if err == nil || errors.Is(err, netio.ErrPause) {
		return err
	}
	var own *clientError
	if !errors.As(err, &own) { // we are at fault: the client learns nothing of it
		s.lis.module.log.Error("client session failed", "client", s.conn.ID(), "err", err)
		return err
	}
	if own.text != "" {
		s.say(batch, wire.AppendErr(nil, own.text))
	}
	if own.reason == reason.None {
		s.debug("client error", err)
		s.refused(own)
		return nil
	}
	return err
}

// line is the -ERR line of e.
func (e *clientError) line() []byte { return wire.AppendErr(nil, e.text) }

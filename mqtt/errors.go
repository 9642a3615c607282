package mqtt

import (
	"errors"
	"fmt"

	"leafgate/internal/reason"
	"leafgate/mapping"
	"leafgate/module"
	"leafgate/mqtt/packet"
)

// A clientError ends a connection. Clients of MQTT 5 hear code and text, others nothing.
type clientError struct {
	code   packet.Reason // 0: nothing is said
	reason reason.Reason
	text   string
	detail error // for the log; nil: nothing to add
}

func (e *clientError) Error() string {
	if e.detail != nil {
		return e.text + ": " + e.detail.Error()
	}
	return e.text
}

// Text is what a client may read.
func (e *clientError) Text() string { return e.text }

func (e *clientError) Unwrap() error { return e.detail }

// Why is the reason, for those who see only the cause of an end.
func (e *clientError) Why() reason.Reason { return e.reason }

// with adds what the log should say.
func (e *clientError) with(detail error) *clientError {
	return &clientError{e.code, e.reason, e.text, detail}
}

var (
	errNotConnect     = &clientError{packet.ProtocolError, reason.ProtocolViolation, "the first packet is not CONNECT", nil}
	errSecondConnect  = &clientError{packet.ProtocolError, reason.ProtocolViolation, "second CONNECT", nil}
	errWrongDirection = &clientError{packet.ProtocolError, reason.ProtocolViolation, "packet that only a server sends", nil}
	errConnectTimeout = &clientError{0, reason.AuthenticationTimeout, "no CONNECT in time", nil}
	errKeepAlive      = &clientError{packet.KeepAliveTimeout, reason.StaleConnection, "nothing came for 1.5 times the keep alive", nil}
	errTakenOver      = &clientError{packet.SessionTakenOver, reason.DuplicateClientID, "another connection has taken the session over", nil}
	errShutdown       = &clientError{packet.ServerShuttingDown, reason.ServerShutdown, "server is shutting down", nil}
	errKicked         = &clientError{packet.AdministrativeAction, reason.Kicked, "disconnected by the server", nil}
	errRightsExpired  = &clientError{packet.NotAuthorized, reason.AuthenticationExpired, "rights have expired", nil}
	errRightsChanged  = &clientError{packet.NotAuthorized, reason.AuthenticationFailure, "no longer allowed after a reload", nil}
	errInternal       = &clientError{packet.Unspecified, reason.InternalError, "internal error", nil}
	errMalformed      = &clientError{packet.Malformed, reason.ProtocolViolation, "malformed packet", nil}
	errReceiveMaximum = &clientError{packet.ReceiveMaximumExceeded, reason.ProtocolViolation, "more unacknowledged publications than the receive maximum", nil}
	errWrongAck       = &clientError{packet.ProtocolError, reason.ProtocolViolation, "acknowledgement that does not fit the publication", nil}
	errAlias          = &clientError{packet.TopicAliasInvalid, reason.ProtocolViolation, "topic alias beyond the maximum", nil}
	errUnknownAlias   = &clientError{packet.ProtocolError, reason.ProtocolViolation, "unknown topic alias", nil}
	errTopicWildcard  = &clientError{packet.TopicNameInvalid, reason.ProtocolViolation, "wildcard in a topic name", nil}
	errRetain         = &clientError{packet.RetainNotSupported, reason.ProtocolViolation, "retained messages are not served", nil}
	errQoS2           = &clientError{packet.QoSNotSupported, reason.ProtocolViolation, "QoS 2 is not served", nil}
	errPayloadSize    = &clientError{packet.PacketTooLarge, reason.MaxPayload, "payload larger than max_payload", nil}
	errDenied         = &clientError{packet.NotAuthorized, reason.PermissionsViolation, "not allowed to publish", nil}
	errTopicLimit     = &clientError{packet.TopicNameInvalid, reason.ProtocolViolation, "topic beyond the limits", nil}
	errNoLocalShared  = &clientError{packet.ProtocolError, reason.ProtocolViolation, "no local on a shared subscription", nil}
	errSharedFilter   = &clientError{packet.ProtocolError, reason.ProtocolViolation, "invalid shared subscription", nil}
	errSessionExpiry  = &clientError{packet.ProtocolError, reason.ProtocolViolation, "session expiry after a CONNECT without", nil}
	errAnswerSize     = &clientError{packet.PacketTooLarge, reason.ProtocolViolation, "answer larger than the maximum packet size", nil}
	errUnasked        = &clientError{packet.ProtocolError, reason.ProtocolViolation, "AUTH without an authentication method", nil}
	errStorage        = &clientError{packet.ServerUnavailable, reason.StorageFailure, "message could not be stored", nil}

	errTooManyConnections = &clientError{packet.ServerBusy, reason.MaxConnections, "maximum connections exceeded", nil}
	errMemory             = &clientError{packet.ServerBusy, reason.MemoryShort, "memory is short", nil}
)

// asClientError finds what a client did wrong in an error of a handler; nil: it did nothing.
func asClientError(err error) *clientError {
	var own *clientError
	var malformed *packet.Error
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &malformed):
		why := reason.ProtocolViolation
		if malformed.Reason == packet.PacketTooLarge {
			why = reason.MaxPayload
		}
		return &clientError{malformed.Reason, why, malformed.Text, nil}
	case errors.Is(err, mapping.ErrWildcard):
		return errTopicWildcard
	case errors.Is(err, mapping.ErrLimit):
		return errTopicLimit
	case errors.Is(err, mapping.ErrEmpty), errors.Is(err, mapping.ErrNUL), errors.Is(err, mapping.ErrUTF8),
		errors.Is(err, mapping.ErrStrict), errors.Is(err, mapping.ErrTooLong), errors.Is(err, mapping.ErrFilter):
		return errMalformed.with(err)
	case errors.Is(err, mapping.ErrShare):
		return errSharedFilter
	}
	return nil
}

// reasonOf reads the reason from the cause a connection was closed with.
func reasonOf(cause error) reason.Reason {
	var own *clientError
	switch {
	case errors.As(cause, &own):
		return own.reason
	case errors.Is(cause, errGone):
		return reason.ClientClosed
	}
	return module.ReasonOf(cause)
}

// The client said DISCONNECT, and perhaps that its will is to be published all the same.
var (
	errGone         = errors.New("client disconnected")
	errGoneWithWill = fmt.Errorf("%w and wants its will published", errGone)
)

package mqtt

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"

	"leafgate/core"
	"leafgate/internal/netio"
	"leafgate/mapping"
	"leafgate/mqtt/packet"
)

// A clientError ends a connection. Clients of MQTT 5 hear code and text, others nothing.
type clientError struct {
	code   packet.Reason // 0: nothing is said
	reason Reason
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

// with adds what the log should say.
func (e *clientError) with(detail error) *clientError {
	return &clientError{e.code, e.reason, e.text, detail}
}

var (
	errNotConnect     = &clientError{packet.ProtocolError, ProtocolViolation, "the first packet is not CONNECT", nil}
	errSecondConnect  = &clientError{packet.ProtocolError, ProtocolViolation, "second CONNECT", nil}
	errWrongDirection = &clientError{packet.ProtocolError, ProtocolViolation, "packet that only a server sends", nil}
	errConnectTimeout = &clientError{0, ConnectTimeout, "no CONNECT in time", nil}
	errKeepAlive      = &clientError{packet.KeepAliveTimeout, KeepAlive, "nothing came for 1.5 times the keep alive", nil}
	errTakenOver      = &clientError{packet.SessionTakenOver, TakenOver, "another connection has taken the session over", nil}
	errShutdown       = &clientError{packet.ServerShuttingDown, ServerShutdown, "server is shutting down", nil}
	errKicked         = &clientError{packet.AdministrativeAction, Kicked, "disconnected by the server", nil}
	errRightsExpired  = &clientError{packet.NotAuthorized, AuthenticationExpired, "rights have expired", nil}
	errRightsChanged  = &clientError{packet.NotAuthorized, AuthenticationFailure, "no longer allowed after a reload", nil}
	errInternal       = &clientError{packet.Unspecified, InternalError, "internal error", nil}
	errMalformed      = &clientError{packet.Malformed, ProtocolViolation, "malformed packet", nil}
	errReceiveMaximum = &clientError{packet.ReceiveMaximumExceeded, ProtocolViolation, "more unacknowledged publications than the receive maximum", nil}
	errWrongAck       = &clientError{packet.ProtocolError, ProtocolViolation, "acknowledgement that does not fit the publication", nil}
	errAlias          = &clientError{packet.TopicAliasInvalid, ProtocolViolation, "topic alias beyond the maximum", nil}
	errUnknownAlias   = &clientError{packet.ProtocolError, ProtocolViolation, "unknown topic alias", nil}
	errTopicWildcard  = &clientError{packet.TopicNameInvalid, ProtocolViolation, "wildcard in a topic name", nil}
	errRetain         = &clientError{packet.RetainNotSupported, ProtocolViolation, "retained messages are not served", nil}
	errQoS2           = &clientError{packet.QoSNotSupported, ProtocolViolation, "QoS 2 is not served", nil}
	errPayloadSize    = &clientError{packet.PacketTooLarge, MaxPayload, "payload larger than max_payload", nil}
	errDenied         = &clientError{packet.NotAuthorized, PublishDenied, "not allowed to publish", nil}
	errTopicLimit     = &clientError{packet.TopicNameInvalid, ProtocolViolation, "topic beyond the limits", nil}
	errNoLocalShared  = &clientError{packet.ProtocolError, ProtocolViolation, "no local on a shared subscription", nil}
	errSharedFilter   = &clientError{packet.ProtocolError, ProtocolViolation, "invalid shared subscription", nil}
	errSessionExpiry  = &clientError{packet.ProtocolError, ProtocolViolation, "session expiry after a CONNECT without", nil}
	errAnswerSize     = &clientError{packet.PacketTooLarge, ProtocolViolation, "answer larger than the maximum packet size", nil}
	errUnasked        = &clientError{packet.ProtocolError, ProtocolViolation, "AUTH without an authentication method", nil}
	errStorage        = &clientError{packet.ServerUnavailable, StorageFailure, "message could not be stored", nil}

	errTooManyConnections = &clientError{packet.ServerBusy, MaxConnections, "maximum connections exceeded", nil}
)

// asClientError finds what a client did wrong in an error of a handler; nil: it did nothing.
func asClientError(err error) *clientError {
	var own *clientError
	var malformed *packet.Error
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &malformed):
		reason := ProtocolViolation
		if malformed.Reason == packet.PacketTooLarge {
			reason = MaxPayload
		}
		return &clientError{malformed.Reason, reason, malformed.Text, nil}
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

// A Reason says why a connection ended, in the words that monitoring tools know where they know one.
type Reason uint8

// The reasons this frontend has.
const (
	Open Reason = iota // not closed
	ClientClosed
	ConnectTimeout
	AuthenticationFailure
	AuthenticationExpired
	TLSHandshakeFailure
	SlowConsumerPending
	SlowConsumerDeadline
	WriteError
	ReadError
	ProtocolViolation
	BadProtocolVersion
	ClientIDRefused
	MaxConnections
	MaxSessions
	MaxPayload
	KeepAlive
	TakenOver
	PublishDenied
	ServerShutdown
	MissingAccount
	Kicked
	StorageFailure
	InternalError
	reasons
)

var reasonText = [reasons]string{
	Open:                  "",
	ClientClosed:          "Client Closed",
	ConnectTimeout:        "Authentication Timeout",
	AuthenticationFailure: "Authentication Failure",
	AuthenticationExpired: "Authentication Expired",
	TLSHandshakeFailure:   "TLS Handshake Failure",
	SlowConsumerPending:   "Slow Consumer (Pending Bytes)",
	SlowConsumerDeadline:  "Slow Consumer (Write Deadline)",
	WriteError:            "Write Error",
	ReadError:             "Read Error",
	ProtocolViolation:     "Protocol Violation",
	BadProtocolVersion:    "Bad Client Protocol Version",
	ClientIDRefused:       "Client Identifier Refused",
	MaxConnections:        "Maximum Connections Exceeded",
	MaxSessions:           "Maximum Sessions Exceeded",
	MaxPayload:            "Maximum Message Payload Exceeded",
	KeepAlive:             "Stale Connection",
	TakenOver:             "Duplicate Client ID",
	PublishDenied:         "Permissions Violation",
	ServerShutdown:        "Server Shutdown",
	MissingAccount:        "Missing Account",
	Kicked:                "Kicked",
	StorageFailure:        "Storage Failure",
	InternalError:         "Internal Error",
}

func (r Reason) String() string { return reasonText[r] }

// level is how loudly a log tells of r: what an operator may have to act on is information, the rest is detail.
func (r Reason) level() slog.Level {
	switch r {
	case SlowConsumerPending, SlowConsumerDeadline, StorageFailure:
		return slog.LevelWarn
	case ConnectTimeout, AuthenticationFailure, AuthenticationExpired, TLSHandshakeFailure, MaxConnections, MaxSessions,
		MaxPayload, MissingAccount, ClientIDRefused:
		return slog.LevelInfo
	case InternalError:
		return slog.LevelError
	}
	return slog.LevelDebug
}

// reasonOf reads the reason from the cause a connection was closed with.
func reasonOf(cause error) Reason {
	var own *clientError
	var op *net.OpError
	switch {
	case errors.As(cause, &own):
		return own.reason
	case cause == nil, errors.Is(cause, io.EOF), errors.Is(cause, errGone):
		return ClientClosed
	case errors.Is(cause, netio.ErrSlowConsumer), errors.Is(cause, netio.ErrBudget):
		return SlowConsumerPending
	case errors.Is(cause, netio.ErrWriteDeadline):
		return SlowConsumerDeadline
	case errors.Is(cause, netio.ErrTLSHandshake):
		return TLSHandshakeFailure
	case errors.Is(cause, netio.ErrProxyHeader):
		return ProtocolViolation
	case errors.Is(cause, netio.ErrServerStopped), errors.Is(cause, core.ErrEngineClosed):
		return ServerShutdown
	case errors.Is(cause, core.ErrAccountRemoved):
		return MissingAccount
	case errors.As(cause, &op) && op.Op == "write":
		return WriteError
	}
	return ReadError
}

// The client said DISCONNECT, and perhaps that its will is to be published all the same.
var (
	errGone         = errors.New("client disconnected")
	errGoneWithWill = fmt.Errorf("%w and wants its will published", errGone)
)

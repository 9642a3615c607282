package natsproto

import (
	"errors"
	"io"
	"log/slog"
	"net"

	"leafgate/core"
	"leafgate/internal/netio"
)

// A Reason says why a connection ended, in the words that monitoring tools know.
type Reason uint8

// The reasons this frontend has.
const (
	Open Reason = iota // not closed
	ClientClosed
	AuthenticationTimeout
	AuthenticationFailure
	TLSHandshakeFailure
	SlowConsumerPending
	SlowConsumerDeadline
	WriteError
	ReadError
	ParseError
	StaleConnection
	ProtocolViolation
	BadClientProtocolVersion
	MaxConnections
	MaxAccountConnections
	MaxPayload
	MaxControlLine
	ServerShutdown
	AuthenticationExpired
	MissingAccount
	NoRespondersRequiresHeaders
	reasons
)

var reasonText = [reasons]string{
	Open:                        "",
	ClientClosed:                "Client Closed",
	AuthenticationTimeout:       "Authentication Timeout",
	AuthenticationFailure:       "Authentication Failure",
	TLSHandshakeFailure:         "TLS Handshake Failure",
	SlowConsumerPending:         "Slow Consumer (Pending Bytes)",
	SlowConsumerDeadline:        "Slow Consumer (Write Deadline)",
	WriteError:                  "Write Error",
	ReadError:                   "Read Error",
	ParseError:                  "Parse Error",
	StaleConnection:             "Stale Connection",
	ProtocolViolation:           "Protocol Violation",
	BadClientProtocolVersion:    "Bad Client Protocol Version",
	MaxConnections:              "Maximum Connections Exceeded",
	MaxAccountConnections:       "Maximum Account Connections Exceeded",
	MaxPayload:                  "Maximum Message Payload Exceeded",
	MaxControlLine:              "Maximum Control Line Exceeded",
	ServerShutdown:              "Server Shutdown",
	AuthenticationExpired:       "Authentication Expired",
	MissingAccount:              "Missing Account",
	NoRespondersRequiresHeaders: "No Responders Requires Headers",
}

func (r Reason) String() string { return reasonText[r] }

// level is how loudly a log tells of r: what an operator may have to act on is information, the rest is detail.
func (r Reason) level() slog.Level {
	switch r {
	case SlowConsumerPending, SlowConsumerDeadline:
		return slog.LevelWarn
	case AuthenticationTimeout, AuthenticationFailure, AuthenticationExpired, TLSHandshakeFailure, MaxConnections, MaxAccountConnections,
		MaxPayload, MissingAccount:
		return slog.LevelInfo
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
	case cause == nil, errors.Is(cause, io.EOF):
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

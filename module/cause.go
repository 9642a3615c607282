package module

import (
	"errors"
	"io"
	"net"

	"leafgate/core"
	"leafgate/internal/netio"
	"leafgate/internal/reason"
	"leafgate/internal/wsframe"
)

// ReasonOf reads the reason from the cause a connection ended with, where the cause is one of netio's or core's, or says
// it itself. What it does not know is an error of reading.
func ReasonOf(cause error) reason.Reason {
	var op *net.OpError
	var told interface{ Why() reason.Reason }
	var frame *wsframe.Error
	switch {
	case cause == nil, errors.Is(cause, io.EOF):
		return reason.ClientClosed
	case errors.As(cause, &told):
		return told.Why()
	case errors.As(cause, &frame) && frame.Code == wsframe.TooLarge:
		return reason.MaxPayload
	case frame != nil:
		return reason.ProtocolViolation
	case errors.Is(cause, netio.ErrSlowConsumer), errors.Is(cause, netio.ErrBudget):
		return reason.SlowConsumerPending
	case errors.Is(cause, netio.ErrWriteDeadline):
		return reason.SlowConsumerDeadline
	case errors.Is(cause, netio.ErrTLSHandshake):
		return reason.TLSHandshakeFailure
	case errors.Is(cause, netio.ErrProxyHeader):
		return reason.ProtocolViolation
	case errors.Is(cause, netio.ErrServerStopped), errors.Is(cause, core.ErrEngineClosed):
		return reason.ServerShutdown
	case errors.Is(cause, core.ErrKicked):
		return reason.Kicked
	case errors.Is(cause, core.ErrAccountRemoved):
		return reason.MissingAccount
	case errors.As(cause, &op) && op.Op == "write":
		return reason.WriteError
	}
	return reason.ReadError
}

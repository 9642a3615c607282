package module

import (
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"leafgate/core"
	"leafgate/internal/netio"
	"leafgate/internal/reason"
)

func TestReasonOf(t *testing.T) {
	for _, c := range []struct {
		cause error
		want  reason.Reason
	}{
		{nil, reason.ClientClosed},
		{io.EOF, reason.ClientClosed},
		{netio.ErrSlowConsumer, reason.SlowConsumerPending},
		{netio.ErrBudget, reason.SlowConsumerPending},
		{netio.ErrWriteDeadline, reason.SlowConsumerDeadline},
		{netio.ErrTLSHandshake, reason.TLSHandshakeFailure},
		{netio.ErrProxyHeader, reason.ProtocolViolation},
		{netio.ErrServerStopped, reason.ServerShutdown},
		{core.ErrEngineClosed, reason.ServerShutdown},
		{core.ErrKicked, reason.Kicked},
		{core.ErrAccountRemoved, reason.MissingAccount},
		{&net.OpError{Op: "write", Err: errors.New("reset")}, reason.WriteError},
		{&net.OpError{Op: "read", Err: errors.New("reset")}, reason.ReadError},
		{errors.New("anything"), reason.ReadError},
	} {
		if c.cause != nil {
			c.cause = fmt.Errorf("wrapped: %w", c.cause)
		}
		if got := ReasonOf(c.cause); got != c.want {
			t.Errorf("%v: %v, want %v", c.cause, got, c.want)
		}
	}
}

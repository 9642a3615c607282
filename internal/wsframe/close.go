package wsframe

import (
	"encoding/binary"
	"unicode/utf8"
)

// A Code says why a connection is closed. RFC 6455, 7.4.1.
type Code uint16

// The codes in use here.
const (
	Normal          Code = 1000
	GoingAway       Code = 1001
	ProtocolError   Code = 1002
	UnsupportedData Code = 1003
	NoCode          Code = 1005 // a close frame without one; never sent
	InvalidPayload  Code = 1007
	PolicyViolation Code = 1008
	TooLarge        Code = 1009
	InternalError   Code = 1011
	TryAgainLater   Code = 1013
)

// An Error is what a frame is refused for.
type Error struct {
	Code Code // to close with
	text string
}

func (e *Error) Error() string { return "websocket: " + e.text }

// What this package and those who read frames refuse.
var (
	errReserved        = &Error{ProtocolError, "a reserved bit is set"}
	errOpcode          = &Error{ProtocolError, "no such opcode"}
	errControlFragment = &Error{ProtocolError, "a control frame in fragments"}
	errControlLength   = &Error{ProtocolError, "a control frame longer than 125 bytes"}
	errLengthForm      = &Error{ProtocolError, "a length that is not in its shortest form"}
	errLengthSign      = &Error{ProtocolError, "a length beyond 63 bits"}
	errClose           = &Error{ProtocolError, "a close frame that is none"}
	errCloseText       = &Error{InvalidPayload, "a close reason that is not UTF-8"}

	ErrUnmasked     = &Error{ProtocolError, "a client's frame is not masked"}
	ErrMasked       = &Error{ProtocolError, "a server's frame is masked"}
	ErrNoMessage    = &Error{ProtocolError, "a continuation of nothing"}
	ErrUnfinished   = &Error{ProtocolError, "a message before the end of another"}
	ErrNotAgreed    = &Error{ProtocolError, "a compressed message, and no compression was agreed on"}
	ErrText         = &Error{UnsupportedData, "a text message"}
	ErrTooLarge     = &Error{TooLarge, "a message is too large"}
	ErrNotDeflate   = &Error{InvalidPayload, "a compressed message that cannot be unpacked"}
	ErrTooManyParts = &Error{PolicyViolation, "too many frames without a byte in them"}
)

// ParseClose reads what a close frame carries; reason is borrowed from b. RFC 6455, 5.5.1.
func ParseClose(b []byte) (code Code, reason []byte, err error) {
	if len(b) == 0 {
		return NoCode, nil, nil
	}
	if len(b) == 1 {
		return 0, nil, errClose
	}
	code, reason = Code(binary.BigEndian.Uint16(b)), b[2:]
	switch {
	case !code.onWire():
		return 0, nil, errClose
	case !utf8.Valid(reason):
		return 0, nil, errCloseText
	}
	return code, reason, nil
}

// onWire says whether a close frame may carry the code. RFC 6455, 7.4.2.
func (c Code) onWire() bool {
	switch {
	case c >= 1000 && c <= 1003, c >= 1007 && c <= 1014, c >= 3000 && c <= 4999:
		return true
	}
	return false
}

// AppendClose appends what a close frame carries: nothing for NoCode, and as much of reason as fits.
func AppendClose(dst []byte, code Code, reason string) []byte {
	if code == NoCode {
		return dst
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(code))
	const most = MostControl - 2
	if len(reason) > most {
		end := most
		for !utf8.RuneStart(reason[end]) {
			end--
		}
		reason = reason[:end]
	}
	return append(dst, reason...)
}

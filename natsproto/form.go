package natsproto

import (
	"bytes"

	"leafgate/core"
	"leafgate/natsproto/wire"
)

// The two forms of a message on the wire: for clients that read headers, and for those that do not. Both keep one prefix,
// "HMSG subject sid ", and drop its first letter where no header follows.
type (
	headerForm struct{}
	plainForm  struct{}
)

var (
	_ core.Form   = headerForm{}
	_ core.Form   = plainForm{}
	_ core.Cutter = headerForm{}
	_ core.Cutter = plainForm{}
)

// A PUB or HPUB line ends in the same bytes as the MSG or HMSG line that it becomes, with the message behind it. Such a
// tail carries TailForm headerForm, whoever it goes to.

// Prefix implements core.Form. tag is the *sub.
func (headerForm) Prefix(dst, subject []byte, tag any) []byte {
	return wire.AppendPrefix(dst, subject, tag.(*sub).sid)
}

// Append implements core.Form.
func (headerForm) Append(dst, prefix []byte, m *core.Message) []byte {
	if _, ours := m.TailForm.(headerForm); ours && m.Tail != nil {
		if len(m.Header) == 0 {
			prefix = wire.Plain(prefix)
		}
		return append(append(dst, prefix...), m.Tail...)
	}
	dst = append(headLine(dst, prefix, m), m.Header...)
	return append(append(dst, m.Payload...), '\r', '\n')
}

// headLine appends the MSG or HMSG line of a message that has no tail to pass on.
func headLine(dst, prefix []byte, m *core.Message) []byte {
	if len(m.Header) == 0 {
		return wire.AppendMsg(dst, prefix, m.Reply, len(m.Payload))
	}
	return wire.AppendHMsg(dst, prefix, m.Reply, len(m.Header), len(m.Header)+len(m.Payload))
}

// Split implements core.Form. Without a tail the line end has nothing to be borrowed from, so all is copied.
func (f headerForm) Split(dst, prefix []byte, m *core.Message) (head, rest []byte) {
	if _, ours := m.TailForm.(headerForm); ours && m.Tail != nil {
		if len(m.Header) == 0 {
			prefix = wire.Plain(prefix)
		}
		return append(dst, prefix...), m.Tail
	}
	return f.Append(dst, prefix, m), nil
}

// Prefix implements core.Form.
func (plainForm) Prefix(dst, subject []byte, tag any) []byte {
	return headerForm{}.Prefix(dst, subject, tag)
}

// Append implements core.Form.
func (plainForm) Append(dst, prefix []byte, m *core.Message) []byte {
	if len(m.Header) == 0 {
		return headerForm{}.Append(dst, prefix, m)
	}
	dst = wire.AppendMsg(dst, prefix, m.Reply, len(m.Payload))
	return append(append(dst, m.Payload...), '\r', '\n')
}

// Split implements core.Form. The tail of a message with headers still ends in its payload and line end.
func (f plainForm) Split(dst, prefix []byte, m *core.Message) (head, rest []byte) {
	if len(m.Header) == 0 {
		return headerForm{}.Split(dst, prefix, m)
	}
	if _, ours := m.TailForm.(headerForm); ours && m.Tail != nil {
		return wire.AppendMsg(dst, prefix, m.Reply, len(m.Payload)), m.Tail[len(m.Tail)-len(m.Payload)-2:]
	}
	return f.Append(dst, prefix, m), nil
}

// Cut implements core.Cutter.
func (headerForm) Cut(run []byte, n int) []byte {
	at := 0
	for ; n > 0; n-- {
		line := bytes.IndexByte(run[at:], '\n') + 1
		size, _ := wire.LastNumber(run[at : at+line])
		at += line + size + len("\r\n")
	}
	return run[:at]
}

// Cut implements core.Cutter.
func (plainForm) Cut(run []byte, n int) []byte { return headerForm{}.Cut(run, n) }

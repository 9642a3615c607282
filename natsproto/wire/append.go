package wire

import "strconv"

// What a server says in fixed words.
const (
	Ping    = "PING\r\n"
	Pong    = "PONG\r\n"
	OKLine  = "+OK\r\n"
	newline = "\r\n"
)

// AppendErr appends -ERR 'text'.
func AppendErr(dst []byte, text string) []byte {
	dst = append(dst, "-ERR '"...)
	dst = append(dst, text...)
	return append(dst, "'\r\n"...)
}

// AppendPrefix appends what a message to one subscription begins with: "HMSG subject sid ".
func AppendPrefix(dst, subject []byte, sid string) []byte {
	dst = append(dst, "HMSG "...)
	dst = append(dst, subject...)
	dst = append(dst, ' ')
	dst = append(dst, sid...)
	return append(dst, ' ')
}

// Plain cuts a prefix of AppendPrefix to what a message without headers begins with: "MSG subject sid ".
func Plain(prefix []byte) []byte { return prefix[1:] }

// AppendMsg appends a message without headers behind what AppendPrefix made, all but payload and line end.
func AppendMsg(dst, prefix, reply []byte, size int) []byte {
	dst = appendReply(append(dst, Plain(prefix)...), reply)
	return append(strconv.AppendUint(dst, uint64(size), 10), newline...)
}

// AppendHMsg appends a message with headers behind what AppendPrefix made, all but header, payload and line end.
func AppendHMsg(dst, prefix, reply []byte, headerSize, total int) []byte {
	dst = appendReply(append(dst, prefix...), reply)
	dst = append(strconv.AppendUint(dst, uint64(headerSize), 10), ' ')
	return append(strconv.AppendUint(dst, uint64(total), 10), newline...)
}

func appendReply(dst, reply []byte) []byte {
	if len(reply) == 0 {
		return dst
	}
	return append(append(dst, reply...), ' ')
}

// AppendNoResponders appends the answer to a request for subject that nobody received.
func AppendNoResponders(dst, reply []byte, sid string, subject []byte) []byte {
	size := len(StatusLine) + len(" 503\r\nNats-Subject: \r\n\r\n") + len(subject)
	dst = AppendPrefix(dst, reply, sid)
	dst = append(strconv.AppendInt(dst, int64(size), 10), ' ')
	dst = append(strconv.AppendInt(dst, int64(size), 10), newline...)
	dst = append(dst, StatusLine+" 503\r\nNats-Subject: "...)
	dst = append(dst, subject...)
	return append(dst, "\r\n\r\n\r\n"...)
}

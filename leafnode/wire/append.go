package wire

import "strconv"

// What either side says in fixed words.
const (
	Ping    = "PING\r\n"
	Pong    = "PONG\r\n"
	newline = "\r\n"
)

// AppendErr appends -ERR 'text'.
func AppendErr(dst []byte, text string) []byte {
	dst = append(dst, "-ERR '"...)
	dst = append(dst, text...)
	return append(dst, "'\r\n"...)
}

// AppendSub appends LS+. weight counts where there is a queue only.
func AppendSub(dst []byte, subject, queue string, weight int) []byte {
	dst = append(append(dst, "LS+ "...), subject...)
	if queue != "" {
		dst = append(append(dst, ' '), queue...)
		dst = strconv.AppendInt(append(dst, ' '), int64(weight), 10)
	}
	return append(dst, newline...)
}

// AppendUnsub appends LS-.
func AppendUnsub(dst []byte, subject, queue string) []byte {
	dst = append(append(dst, "LS- "...), subject...)
	if queue != "" {
		dst = append(append(dst, ' '), queue...)
	}
	return append(dst, newline...)
}

// A Line is what is said of a message before it.
type Line struct {
	Subject, Reply []byte   // Reply: or nil
	Queues         []string // groups that are to take it; nil: none
	Header, Size   int      // bytes of the header block, 0 without, and of header block and payload together
}

// AppendLine appends the LMSG or HMSG line of l, all but the message and its line end.
func AppendLine(dst []byte, l *Line) []byte {
	if l.Header > 0 {
		dst = append(dst, "HMSG "...)
	} else {
		dst = append(dst, "LMSG "...)
	}
	dst = append(append(dst, l.Subject...), ' ')
	if len(l.Queues) > 0 {
		mark := "| "
		if len(l.Reply) > 0 {
			mark = "+ "
		}
		dst = append(dst, mark...)
	}
	if len(l.Reply) > 0 {
		dst = append(append(dst, l.Reply...), ' ')
	}
	for _, q := range l.Queues {
		dst = append(append(dst, q...), ' ')
	}
	if l.Header > 0 {
		dst = append(strconv.AppendInt(dst, int64(l.Header), 10), ' ')
	}
	return append(strconv.AppendInt(dst, int64(l.Size), 10), newline...)
}

package mqtt

import (
	"bytes"
	"iter"
	"strconv"
)

// fields iterates over the fields of a header block, in order. Names and values alias it, in the case they came in; the
// blank behind the colon is not part of the value. What is not a header block has no fields. Passed over are lines without a
// colon or a name, and those with control characters: other readers see other fields where there is a stray CR or LF, and
// MQTT clients may refuse strings with any of them, section 1.5.4 of MQTT 5.
func fields(header []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		rest, ok := bytes.CutPrefix(header, []byte(statusLine))
		if ok {
			_, rest, ok = bytes.Cut(rest, []byte(newline))
		}
		for ok {
			var line []byte
			if line, rest, ok = bytes.Cut(rest, []byte(newline)); len(line) == 0 {
				return
			}
			name, value, found := bytes.Cut(line, []byte(":"))
			if found && len(name) > 0 && isFieldValue(line) && !yield(name, bytes.TrimPrefix(value, []byte(" "))) {
				return
			}
		}
	}
}

// headerStatus returns the status code of a header block and its description; empty when there are none.
func headerStatus(header []byte) (code, description []byte) {
	line, _, _ := bytes.Cut(header, []byte(newline))
	line, ok := bytes.CutPrefix(line, []byte(statusLine))
	if !ok || !isFieldValue(line) {
		return nil, nil
	}
	code, description, _ = bytes.Cut(bytes.TrimSpace(line), []byte(" "))
	return code, bytes.TrimSpace(description)
}

// headerValue returns the first value of the field name, which aliases header, and whether there is one.
func headerValue(header []byte, name string) (value []byte, ok bool) {
	for n, v := range fields(header) {
		if string(n) == name {
			return v, true
		}
	}
	return nil, false
}

// headerExpiry returns the message expiry interval of a header block, and whether it has one. One that is no number of
// seconds that MQTT can say is none.
func headerExpiry(header []byte) (seconds uint32, ok bool) {
	value, ok := headerValue(header, fieldExpiry)
	if !ok || len(value) > len("4294967295") {
		return 0, false
	}
	n, err := strconv.ParseUint(string(value), 10, 32)
	return uint32(n), err == nil
}

// headerRetain says whether a header block asks for the message to be retained.
func headerRetain(header []byte) bool {
	value, _ := headerValue(header, fieldRetain)
	return string(value) == "1" || string(value) == "true"
}

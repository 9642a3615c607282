package wire

import (
	"bytes"
	"iter"
)

// StatusLine begins every header block.
const StatusLine = "NATS/1.0"

// A Header is a header block: "NATS/1.0[ status[ description]]\r\n", lines "Key: value\r\n", and an empty line. Keys are
// case-sensitive and may repeat.
type Header []byte

// Status returns the status code and its description, which alias h; empty when there are none.
func (h Header) Status() (code, description []byte) {
	line, _, _ := bytes.Cut(h, []byte(newline))
	line, ok := bytes.CutPrefix(line, []byte(StatusLine))
	if !ok {
		return nil, nil
	}
	line = bytes.TrimSpace(line)
	code, description, _ = bytes.Cut(line, []byte(" "))
	return code, bytes.TrimSpace(description)
}

// All iterates over the lines in order. Keys and values alias h; a line without a colon is passed over.
func (h Header) All() iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		_, rest, ok := bytes.Cut(h, []byte(newline))
		for ok {
			var line []byte
			if line, rest, ok = bytes.Cut(rest, []byte(newline)); len(line) == 0 {
				return
			}
			if key, value, found := bytes.Cut(line, []byte(":")); found && !yield(key, bytes.TrimSpace(value)) {
				return
			}
		}
	}
}

// Get returns the first value of key, which may be empty, and whether there is one.
func (h Header) Get(key string) (value []byte, ok bool) {
	for k, v := range h.All() {
		if string(k) == key {
			return v, true
		}
	}
	return nil, false
}

// Valid says whether h is a header block as far as a reader must rely on: its first words and its end.
func (h Header) Valid() bool {
	return bytes.HasPrefix(h, []byte(StatusLine)) && bytes.HasSuffix(h, []byte("\r\n\r\n"))
}

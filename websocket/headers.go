package websocket

import (
	"net/http"
	"slices"
	"strings"

	"leafgate/config"
)

// reserved are headers that make the answer what it is.
var reserved = []string{"Connection", "Content-Length", "Transfer-Encoding", "Upgrade", noMasking}

// readHeaders reads what every answer to a handshake says besides; b may be nil.
func readHeaders(b *config.Block) http.Header {
	h := make(http.Header)
	for _, name := range b.Keys() {
		key := http.CanonicalHeaderKey(name)
		if !validName(name) || strings.HasPrefix(key, "Sec-Websocket-") || isReserved(key) {
			b.Errorf(name, "not a header that can be set")
		}
		for _, v := range b.Strings(name) {
			if strings.ContainsAny(v, "\r\n\x00") {
				b.Errorf(name, "a line end in a header")
			}
			h.Add(key, v)
		}
	}
	return h
}

func isReserved(key string) bool {
	return slices.Contains(reserved, key)
}

// validName says whether a header may be called that. RFC 9110, 5.6.2.
func validName(s string) bool {
	for _, c := range s {
		if c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || strings.ContainsRune("!#$%&'*+-.^_`|~", c) {
			continue
		}
		return false
	}
	return s != ""
}

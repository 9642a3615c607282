package core

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

// answers are the addresses, in an account that exports services, under which requesters of other accounts are reached.
type answers struct {
	prefix string // of all addresses: what servers use between themselves, so that no client can subscribe in the way

	mu      sync.Mutex
	byToken map[string]*requester // by the last token
	sweep   int                   // size at which to look for those that are too late
}

// A requester waits for an answer.
type requester struct {
	account   *Account
	reply     string
	single    bool
	threshold int64 // nanoseconds
	until     int64 // Unix nanoseconds
}

const (
	answerPrefix = "_R_."
	firstSweep   = 1024
)

func (a *answers) init(id string) { a.prefix, a.sweep = answerPrefix+id+".", firstSweep }

// passes says whether an answer's address is passed on unchanged: acknowledgements of streams, which every account may send.
func passes(reply []byte) bool { return bytes.HasPrefix(reply, []byte(ackPrefix)) }

// ackPrefix begins the addresses by which stored messages are acknowledged.
const ackPrefix = "$JS.ACK."

// owns says whether subject is an address of a.
func (a *answers) owns(subject []byte) bool {
	return len(subject) > len(a.prefix) && string(subject[:len(a.prefix)]) == a.prefix
}

// open makes an address for the requester in account with reply, and appends it to dst.
func (a *answers) open(dst []byte, account *Account, reply []byte, s *service) []byte {
	token := newToken()
	now := time.Now().UnixNano()
	q := &requester{account: account, reply: string(reply), single: s.response == Single, threshold: s.threshold, until: now + s.threshold}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.byToken == nil {
		a.byToken = make(map[string]*requester)
	}
	if len(a.byToken) >= a.sweep {
		a.forgetLate(now)
	}
	a.byToken[token] = q
	return append(append(dst, a.prefix...), token...)
}

// forgetLate drops requesters that wait in vain. mu is held.
func (a *answers) forgetLate(now int64) {
	for token, q := range a.byToken {
		if q.until < now {
			delete(a.byToken, token)
		}
	}
	a.sweep = max(firstSweep, 2*len(a.byToken))
}

// close forgets an address.
func (a *answers) close(address []byte) {
	a.mu.Lock()
	delete(a.byToken, string(address[len(a.prefix):]))
	a.mu.Unlock()
}

// route answers where a message to address goes: appended to dst, and the account. A single answer ends it, and so does the
// empty message behind several.
func (a *answers) route(dst, address []byte, empty bool) (to []byte, account *Account, ok bool) {
	now := time.Now().UnixNano()
	a.mu.Lock()
	defer a.mu.Unlock()
	token := address[len(a.prefix):]
	q := a.byToken[string(token)]
	if q == nil {
		return dst, nil, false
	}
	if q.single || empty || q.until < now {
		delete(a.byToken, string(token))
	}
	if q.until < now {
		return dst, nil, false
	}
	q.until = now + q.threshold
	return append(dst, q.reply...), q.account, true
}

// newToken is a random token of letters and digits.
func newToken() string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	var b strings.Builder
	for x, i := rand.Uint64(), 0; i < 10; i++ {
		b.WriteByte(digits[x%62])
		x /= 62
	}
	return b.String()
}

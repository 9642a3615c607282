package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"regexp"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// defaultTimeout bounds how long a check waits for its turn where the configuration has no timeout.
const defaultTimeout = 2 * time.Second

var errBusy = errors.New("too many password checks under way")

// hashed tells a bcrypt hash from a password in clear.
var hashed = regexp.MustCompile(`^\$2[abxy]\$\d{2}\$`)

// A secret is what a password or token is checked against.
type secret struct {
	clear [sha256.Size]byte // of a password in clear
	hash  []byte            // bcrypt, or nil
	none  bool              // there is no password
	// What passed the slow check last, under the Authority's pepper: after a restart of the network everybody comes back
	// at once, and bcrypt alone would keep most of them out for longer than they wait.
	passed atomic.Pointer[[sha256.Size]byte]
}

func (s *secret) set(text string) {
	if hashed.MatchString(text) {
		s.hash = []byte(text)
		return
	}
	s.clear, s.none = sha256.Sum256([]byte(text)), text == ""
}

func (s *secret) plain() bool { return s.hash == nil }

// validSecret says whether text can ever be matched: what looks like a bcrypt hash must be one.
func validSecret(text string) bool {
	if !hashed.MatchString(text) {
		return true
	}
	_, err := bcrypt.Cost([]byte(text))
	return err == nil
}

// check compares in a time that depends on neither secret. It waits for its turn where it has to run bcrypt; the error
// says that the turn did not come in time.
func (r *Rules) check(m *member, given string) (bool, error) {
	s, a := &m.secret, r.authority
	if s.plain() {
		sum := sha256.Sum256([]byte(given))
		return subtle.ConstantTimeCompare(sum[:], s.clear[:]) == 1, nil
	}
	mac := hmac.New(sha256.New, a.pepper[:])
	mac.Write([]byte(given))
	sum := [sha256.Size]byte(mac.Sum(nil))
	if s.remembers(&sum) {
		return true, nil
	}
	if !a.enter(r.timeout) {
		return false, errBusy
	}
	defer a.leave()
	if s.remembers(&sum) { // somebody else with the same password was there first
		return true, nil
	}
	if bcrypt.CompareHashAndPassword(s.hash, []byte(given)) != nil {
		return false, nil
	}
	s.passed.Store(&sum)
	return true, nil
}

// remembers says whether what has this sum passed the slow check last.
func (s *secret) remembers(sum *[sha256.Size]byte) bool {
	p := s.passed.Load()
	return p != nil && subtle.ConstantTimeCompare(sum[:], p[:]) == 1
}

// enter takes a slot, waiting for it at most as long as the peer has time to authenticate.
func (a *Authority) enter(limit time.Duration) bool {
	if limit <= 0 {
		limit = defaultTimeout
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case a.checks <- struct{}{}:
		return true
	case <-timer.C:
		return false
	}
}

func (a *Authority) leave() { <-a.checks }

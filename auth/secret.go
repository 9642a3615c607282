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

// defaultTimeout bounds how long a check waits for its turn where the peer's side says nothing.
const defaultTimeout = 2 * time.Second

// ErrBusy says that a password could not be checked in time, right or wrong: too many are under way.
var ErrBusy = errors.New("too many password checks under way")

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

// check compares in a time that depends on neither secret. It waits for its turn where it has to run bcrypt; ErrBusy says
// that the turn did not come before by.
func (r *Rules) check(m *member, given string, by time.Time) (bool, error) {
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
	if !a.enter(by) {
		return false, ErrBusy
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

// enter takes a slot, waiting for it until by. Whoever comes later than that gets none: the peer has given up, and a check
// for it would only make others late.
func (a *Authority) enter(by time.Time) bool {
	limit := defaultTimeout
	if !by.IsZero() {
		limit = time.Until(by)
	}
	if limit <= 0 {
		return false
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

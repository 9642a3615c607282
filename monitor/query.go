package monitor

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"leafgate/module"
)

// A query is what stands behind the question mark of a page. The first mistake in it stays: pages read all they know of and
// go on, and their answer is dropped.
type query struct {
	values url.Values
	err    error
}

// refusal makes an error of a question that cannot be answered.
func refusal(format string, args ...any) error {
	return &module.PageError{Status: http.StatusBadRequest, Text: fmt.Sprintf(format, args...)}
}

func (q *query) fail(format string, args ...any) {
	if q.err == nil {
		q.err = refusal(format, args...)
	}
}

func (q *query) text(name string) string { return q.values.Get(name) }

func (q *query) flag(name string) bool {
	s := q.text(name)
	if s == "" {
		return false
	}
	yes, err := strconv.ParseBool(s)
	if err != nil {
		q.fail("Error decoding boolean for '%s': %v", name, err)
	}
	return yes
}

// number is one that counts something: what fits in 32 bits.
func (q *query) number(name string) int {
	s := q.text(name)
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err == nil && (n > math.MaxInt32 || n < math.MinInt32) {
		err = &strconv.NumError{Func: "Atoi", Num: s, Err: strconv.ErrRange}
	}
	if err != nil {
		q.fail("Error decoding int for '%s': %v", name, err)
	}
	return n
}

func (q *query) id(name string) uint64 {
	s := q.text(name)
	if s == "" {
		return 0
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		q.fail("Error decoding uint64 for '%s': %v", name, err)
	}
	return n
}

// subs says whether subscriptions are to be listed, and how.
func (q *query) subs() (list, detail bool) {
	if strings.EqualFold(q.text("subs"), "detail") {
		return false, true
	}
	return q.flag("subs"), false
}

const defaultLimit = 1024

// window is which part of a list is asked for.
func (q *query) window() (w window) {
	w.offset, w.limit = max(0, q.number("offset")), q.number("limit")
	if w.limit <= 0 {
		w.limit = defaultLimit
	}
	return w
}

type window struct{ offset, limit int }

// of answers where the window begins and ends in a list of n.
func (w window) of(n int) (from, to int) {
	from = min(w.offset, n)
	return from, from + min(w.limit, n-from)
}

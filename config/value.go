package config

import (
	"fmt"
	"math"
	"time"
)

// kind names a value's type for errors; the value itself may be secret.
func kind(v any) string {
	switch v.(type) {
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case int64:
		return "an integer"
	case float64:
		return "a number"
	case time.Time:
		return "a date"
	case *Block:
		return "a map"
	case []entry:
		return "an array"
	}
	return fmt.Sprintf("%T", v)
}

// get answers the value under any of names if it has type T, def otherwise.
func get[T any](b *Block, def T, want string, names []string) T {
	e := b.find(names...)
	if e == nil {
		return def
	}
	v, ok := e.value.(T)
	if !ok {
		b.fail(e, "want %s, got %s", want, kind(e.value))
		return def
	}
	return v
}

// String answers a string. Numbers and booleans are none: they are written in quotes where a string is meant.
func (b *Block) String(def string, names ...string) string {
	return get(b, def, "a string", names)
}

// Bool answers true, yes, on, or false, no, off.
func (b *Block) Bool(def bool, names ...string) bool { return get(b, def, "a boolean", names) }

// Int answers an integer, with its unit (k, kb, m, mb ...) applied.
func (b *Block) Int(def int64, names ...string) int64 { return get(b, def, "an integer", names) }

// IntRange answers an integer from lo to hi.
func (b *Block) IntRange(def, lo, hi int64, names ...string) int64 {
	n := b.Int(def, names...)
	if e := b.find(names...); e != nil && (n < lo || n > hi) {
		b.fail(e, "want %d..%d, got %d", lo, hi, n)
		return def
	}
	return n
}

// Duration answers a duration: "2m", or a number of seconds. It is never negative.
func (b *Block) Duration(def time.Duration, names ...string) time.Duration {
	e := b.find(names...)
	if e == nil {
		return def
	}
	var d time.Duration
	var err error
	switch v := e.value.(type) {
	case string:
		if d, err = time.ParseDuration(v); err != nil {
			b.fail(e, "want a duration such as \"2m\", got another string")
			return def
		}
	case int64:
		d = seconds(float64(v))
	case float64:
		d = seconds(v)
	default:
		b.fail(e, "want a duration such as \"2m\", got %s", kind(v))
		return def
	}
	if d < 0 {
		b.fail(e, "want a duration of zero or more")
		return def
	}
	return d
}

func seconds(s float64) time.Duration {
	return time.Duration(min(s*float64(time.Second), math.MaxInt64/2))
}

// Strings answers a string or an array of strings; nil if there is none, empty for an empty array.
func (b *Block) Strings(names ...string) []string {
	e := b.find(names...)
	if e == nil {
		return nil
	}
	list, ok := e.value.([]entry)
	if !ok {
		list = []entry{*e}
	}
	all := make([]string, 0, len(list))
	for i := range list {
		s, ok := list[i].value.(string)
		if !ok {
			list[i].key = e.key
			b.fail(&list[i], "want a string, got %s", kind(list[i].value))
			continue
		}
		all = append(all, s)
	}
	return all
}

// Value answers the raw value: string, bool, int64, float64, time.Time, []any or *Block.
func (b *Block) Value(names ...string) (v any, ok bool) {
	e := b.find(names...)
	if e == nil {
		return nil, false
	}
	return plain(e.value), true
}

func plain(v any) any {
	switch v := v.(type) {
	case *Block:
		v.used = true
	case []entry:
		list := make([]any, len(v))
		for i := range v {
			list[i] = plain(v[i].value)
		}
		return list
	}
	return v
}

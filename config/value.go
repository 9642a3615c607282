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

// IntRange answers an integer from lo to hi. The default may lie outside.
func (b *Block) IntRange(def, lo, hi int64, names ...string) int64 {
	e := b.find(names...)
	if e == nil {
		return def
	}
	n, ok := e.value.(int64)
	switch {
	case !ok:
		b.fail(e, "want an integer, got %s", kind(e.value))
		return def
	case n < lo || n > hi:
		b.fail(e, "want %d..%d, got %d", lo, hi, n)
		return def
	}
	return n
}

// mega is the factor of the unit m: a bare 1m is the integer 1,000,000.
const mega = 1_000_000

// Duration answers a duration: "2m", or a number of seconds. It is never negative.
func (b *Block) Duration(def time.Duration, names ...string) time.Duration {
	e := b.find(names...)
	if e == nil {
		return def
	}
	d, wrong := duration(e.value)
	if wrong != "" {
		b.fail(e, "want a duration such as \"2m\", got %s", wrong)
		return def
	}
	return d
}

// duration also says what v is if it is none.
func duration(v any) (d time.Duration, wrong string) {
	switch v := v.(type) {
	case string:
		var err error
		if d, err = time.ParseDuration(v); err != nil {
			return 0, "another string"
		}
	case int64:
		if v != 0 && v%mega == 0 {
			return 0, fmt.Sprintf("the number %d: m without quotes is a million", v)
		}
		d = seconds(float64(v))
	case float64:
		d = seconds(v)
	default:
		return 0, kind(v)
	}
	if d < 0 {
		return 0, "a negative one"
	}
	return d, ""
}

// seconds stays within what a Duration holds.
func seconds(s float64) time.Duration {
	return time.Duration(max(-1, min(s*float64(time.Second), math.MaxInt64/2)))
}

// Strings answers a string or an array of strings; nil if there is none, empty for an empty array.
func (b *Block) Strings(names ...string) []string {
	e := b.find(names...)
	if e == nil {
		return nil
	}
	list := e.list()
	all := make([]string, 0, len(list))
	for _, item := range list {
		s, ok := item.value.(string)
		if !ok {
			b.fail(&item, "want a string, got %s", kind(item.value))
			continue
		}
		all = append(all, s)
	}
	return all
}

// Value answers the raw value, for keys that take several types: string, bool, int64, float64, time.Time, *Block, or
// []any of these.
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

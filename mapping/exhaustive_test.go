package mapping_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"leafgate/mapping"
)

// alphabets of topics: what is special in either alphabet, and the letters of codes against what they stand for.
var alphabets = []string{"/.a *>$_", "/._t\t\x7f*d"}

// depth is n, or less where the race detector makes everything slow.
func depth(n int) int {
	if raceEnabled {
		return n - 1
	}
	return n
}

// All short topics have different, legal subjects that lead back to them.
func TestTopicsExhaustively(t *testing.T) {
	for _, letters := range alphabets {
		t.Run(fmt.Sprintf("%q", letters), func(t *testing.T) {
			t.Parallel()
			seen, n := map[string]bool{}, 0
			var subject, back []byte
			words(letters, depth(6), func(topic []byte) {
				var err error
				if subject, err = mapping.AppendSubject(subject[:0], topic); err != nil {
					t.Fatalf("topic %q: %v", topic, err)
				}
				if want := subjectOf(string(topic)); string(subject) != want || !legalSubject(want) {
					t.Fatalf("topic %q: got %q, want %q", topic, subject, want)
				}
				if len(subject) > 2*len(topic)+1 {
					t.Fatalf("topic %q: %q is too long", topic, subject)
				}
				var ok bool
				if back, ok = mapping.AppendTopic(back[:0], subject); !ok || string(back) != string(topic) {
					t.Fatalf("topic %q: %q leads back to %q, %v", topic, subject, back, ok)
				}
				seen[string(subject)] = true
				n++
			})
			if len(seen) != n {
				t.Errorf("%d topics have %d subjects", n, len(seen))
			}
		})
	}
}

// Of all short strings exactly the images of topics lead back; all others are foreign and have a legal substitute.
func TestForeignExhaustively(t *testing.T) {
	for _, letters := range []string{"./a *>_+", "./t\t\x7f\x00s\xff", "./*a\xc3\xbc>"} {
		t.Run(fmt.Sprintf("%q", letters), func(t *testing.T) {
			t.Parallel()
			images, n := map[string]string{}, depth(6)
			words(letters, n, func(word []byte) { // no image is shorter than its topic, and none needs other letters
				if topic := string(word); legalTopic(topic) {
					images[subjectOf(topic)] = topic
				}
			})
			var topic, mended, subject []byte
			words(letters, n, func(word []byte) {
				want, canonical := images[string(word)]
				var ok bool
				if topic, ok = mapping.AppendTopic(topic[:0], word); ok != canonical || string(topic) != want {
					t.Fatalf("subject %q: got %q, %v, want %q, %v", word, topic, ok, want, canonical)
				}
				mended = mapping.AppendSubstitute(mended[:0], word)
				if canonical && string(mended) != want || !canonical && !strings.Contains(string(mended), "\ufffd") {
					t.Fatalf("subject %q: got substitute %q, topic %q", word, mended, topic)
				}
				var err error
				if subject, err = mapping.AppendSubject(subject[:0], mended); err != nil || levels(subject) != levels(word) {
					t.Fatalf("subject %q: substitute %q maps to %q, %v", word, mended, subject, err)
				}
			})
		})
	}
}

func levels(subject []byte) int { return strings.Count(string(subject), ".") }

type splitFilter struct {
	levels          []string
	filter          mapping.Filter
	subject, parent mapping.Filter // each half alone
}

func filtersOf(t *testing.T, letters string, n int) (list []splitFilter) {
	t.Helper()
	words(letters, n, func(word []byte) {
		f, err := mapping.ParseFilter(word)
		if legal := legalFilter(string(word)); legal != (err == nil) {
			t.Fatalf("filter %q: got %v, legal is %v", word, err, legal)
		}
		if err == nil {
			list = append(list, splitFilter{
				levels: strings.Split(string(word), "/"), filter: f,
				subject: mapping.Filter{Subject: f.Subject}, parent: mapping.Filter{Subject: f.Parent},
			})
		}
	})
	return list
}

// All short filters match exactly the short topics that the standard says, once, but for what is reserved.
func TestFiltersExhaustively(t *testing.T) {
	for _, letters := range alphabets {
		t.Run(fmt.Sprintf("%q", letters), func(t *testing.T) {
			t.Parallel()
			filters := filtersOf(t, letters+"+#", 4)
			pairs := 0
			words(letters, depth(5), func(topic []byte) {
				pairs += checkMatches(t, filters, topic)
			})
			t.Logf("%d filters, %d pairs", len(filters), pairs)
		})
	}
}

func checkMatches(t *testing.T, filters []splitFilter, topic []byte) int {
	t.Helper()
	subject, err := mapping.AppendSubject(nil, topic)
	if err != nil {
		t.Fatalf("topic %q: %v", topic, err)
	}
	levels := strings.Split(string(topic), "/")
	reserved := reservedLevel.MatchString(levels[0])
	for i := range filters {
		f := &filters[i]
		want := topicMatches(f.levels, levels) && !(reserved && f.filter.NoDollar)
		if got := f.filter.Matches(subject); got != want {
			t.Fatalf("filter %q, topic %q: got %v, want %v", f.levels, topic, got, want)
		}
		if f.filter.Parent != "" && f.subject.Matches(subject) && f.parent.Matches(subject) {
			t.Fatalf("filter %q, topic %q: both subjects match", f.levels, topic)
		}
	}
	return len(filters)
}

// The first token is reserved exactly where the first level is, and is then the same string.
func TestGuardExhaustively(t *testing.T) {
	for _, letters := range []string{"$_A0a/. ", "/._tI\t*$"} {
		t.Run(fmt.Sprintf("%q", letters), func(t *testing.T) {
			t.Parallel()
			var subject []byte
			words(letters, depth(6), func(topic []byte) {
				level, _, _ := strings.Cut(string(topic), "/")
				want := reservedLevel.MatchString(level)
				subject, _ = mapping.AppendSubject(subject[:0], topic)
				token, _, _ := strings.Cut(string(subject), ".")
				if got := mapping.ReservedTopic(topic); got != want || want && token != level && level[0] == '$' {
					t.Fatalf("topic %q, first token %q: got %v, want %v", topic, token, got, want)
				}
				if got := mapping.ReservedSubject(subject); got != want {
					t.Fatalf("subject %q: got %v, want %v", subject, got, want)
				}
				if want && !(mapping.Reserved(topic) && mapping.Reserved(subject)) {
					t.Fatalf("topic %q: Reserved misses what is reserved", topic)
				}
			})
		})
	}
}

func TestWords(t *testing.T) {
	var got []string
	words("ab", 2, func(word []byte) { got = append(got, string(word)) })
	if want := []string{"a", "aa", "ab", "b", "ba", "bb"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

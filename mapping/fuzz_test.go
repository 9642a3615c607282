package mapping_test

import (
	"strings"
	"testing"

	"leafgate/mapping"
)

func FuzzTopic(f *testing.F) {
	for _, test := range goldenTopics {
		f.Add([]byte(test.topic))
	}
	for _, test := range illegal {
		f.Add([]byte(test.in))
	}
	f.Fuzz(func(t *testing.T, topic []byte) {
		subject, err := mapping.AppendSubject(nil, topic)
		if legal := legalTopic(string(topic)); legal != (err == nil) {
			t.Fatalf("topic %q: got %v, legal is %v", topic, err, legal)
		}
		if token := mapping.AppendToken(nil, topic); !isToken(string(token)) {
			t.Fatalf("%q: %q is not one token", topic, token)
		}
		if err != nil {
			return
		}
		if want := subjectOf(string(topic)); string(subject) != want || !legalSubject(want) || len(subject) > 2*len(topic)+1 {
			t.Fatalf("topic %q: got %q, want %q", topic, subject, want)
		}
		if back, ok := mapping.AppendTopic(nil, subject); !ok || string(back) != string(topic) {
			t.Fatalf("topic %q: %q leads back to %q, %v", topic, subject, back, ok)
		}
		if mapping.ReservedTopic(topic) != mapping.ReservedSubject(subject) {
			t.Fatalf("topic %q, subject %q: one is reserved", topic, subject)
		}
		whole, err := mapping.ParseFilter(topic)
		if err != nil || whole != (mapping.Filter{Subject: string(subject)}) || !whole.Matches(subject) {
			t.Fatalf("topic %q: as a filter it is %+v, %v", topic, whole, err)
		}
	})
}

func FuzzSubject(f *testing.F) {
	for _, test := range goldenTopics {
		f.Add([]byte(test.subject))
	}
	for _, test := range goldenForeign {
		f.Add([]byte(test.subject))
	}
	f.Fuzz(func(t *testing.T, subject []byte) {
		topic, ok := mapping.AppendTopic(nil, subject)
		if ok {
			if again, err := mapping.AppendSubject(nil, topic); err != nil || string(again) != string(subject) {
				t.Fatalf("subject %q: topic %q maps to %q, %v", subject, topic, again, err)
			}
		}
		mended := mapping.AppendSubstitute(nil, subject)
		again, err := mapping.AppendSubject(nil, mended)
		if err != nil || ok && string(mended) != string(topic) || !ok && string(again) == string(subject) {
			t.Fatalf("subject %q: substitute %q maps to %q, %v", subject, mended, again, err)
		}
	})
}

func FuzzFilter(f *testing.F) {
	for _, test := range goldenFilters {
		f.Add([]byte(test.filter), []byte("a/b"))
	}
	for _, test := range goldenTopics {
		f.Add([]byte("+/#"), []byte(test.topic))
	}
	f.Add([]byte("$share/g/a/#"), []byte("a"))
	f.Fuzz(func(t *testing.T, in, topic []byte) {
		if sh, shared, err := mapping.ParseShare(in); shared && err == nil {
			if string(in) != "$share/"+string(sh.Name)+"/"+string(sh.Filter) {
				t.Fatalf("%q: got %q, %q", in, sh.Name, sh.Filter)
			}
			in = sh.Filter
		}
		filter, err := mapping.ParseFilter(in)
		if legal := legalFilter(string(in)); legal != (err == nil) {
			t.Fatalf("filter %q: got %v, legal is %v", in, err, legal)
		}
		subject, notTopic := mapping.AppendSubject(nil, topic)
		if err != nil || notTopic != nil {
			return
		}
		levels := strings.Split(string(topic), "/")
		want := topicMatches(strings.Split(string(in), "/"), levels) && !(filter.NoDollar && reservedLevel.MatchString(levels[0]))
		if got := filter.Matches(subject); got != want {
			t.Fatalf("filter %q, topic %q: got %v, want %v", in, topic, got, want)
		}
	})
}

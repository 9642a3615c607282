package reason_test

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"leafgate/internal/reason"
)

var update = flag.Bool("update", false, "write the table in README.md")

const head = "| code | text | means |\n|---|---|---|\n"

// TestList keeps codes and texts apart from each other, and README.md true.
func TestList(t *testing.T) {
	word := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	seen := make(map[string]reason.Reason)
	want := head
	for r := range reason.All() {
		if !word.MatchString(r.Code()) || r.String() == "" || r.Means() == "" {
			t.Errorf("reason %d: code %q, text %q, means %q", r, r.Code(), r, r.Means())
		}
		for _, name := range []string{r.Code(), r.String()} {
			if other, found := seen[name]; found {
				t.Errorf("%q is reason %d and %d", name, other, r)
			}
			seen[name] = r
		}
		want += fmt.Sprintf("| `%s` | %s | %s |\n", r.Code(), r, r.Means())
	}
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, _, found := strings.Cut(string(text), head)
	if !found {
		t.Fatal("README.md has no table")
	}
	if *update {
		if err := os.WriteFile("README.md", []byte(before+want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(text) != before+want {
		t.Error("the table of README.md is not the list: go test ./internal/reason -update")
	}
}

func TestNone(t *testing.T) {
	if r := reason.None; r.String() != "" || r.Code() != "" {
		t.Errorf("none is %q, %q", r, r.Code())
	}
}

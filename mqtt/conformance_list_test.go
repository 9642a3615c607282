package mqtt_test

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A standard's part is one table of CONFORMANCE.md.
type part struct {
	heading    string
	prefix     string // of the tests of this package that prove it
	statements string // sections with the numbers of their statements, as the standard has them
}

var parts = []part{
	{heading: "MQTT 3.1.1", prefix: "TestV3", statements: `
		1.5.3: 1-3; 2.2.2: 1-2; 2.3.1: 1-7; 3.1.0: 1-2; 3.1.2: 1-24; 3.1.3: 1-11; 3.1.4: 1-5; 3.2.0: 1; 3.2.2: 1-6; 3.3.1: 1-12;
		3.3.2: 1-3; 3.3.4: 1; 3.3.5: 1-2; 3.6.1: 1; 3.8.1: 1; 3.8.3: 1-4; 3.8.4: 1-6; 3.9.3: 1-2; 3.10.1: 1; 3.10.3: 1-2;
		3.10.4: 1-6; 3.12.4: 1; 3.14.1: 1; 3.14.4: 1-3; 4.1.0: 1-2; 4.3.1: 1; 4.3.2: 1-2; 4.3.3: 1-2; 4.4.0: 1; 4.5.0: 1-2;
		4.6.0: 1-6; 4.7.1: 1-3; 4.7.2: 1; 4.7.3: 1-4; 4.8.0: 1-2; 6.0.0: 1-4; 7.0.0: 1-2; 7.1.1: 1; 7.1.2: 1`},
	{heading: "MQTT 5.0: encoding to CONNACK (1 to 3.2)", prefix: "TestV5", statements: `
		1.5.4: 1-3; 1.5.5: 1; 1.5.7: 1; 2.1.3: 1; 2.2.1: 2-6; 2.2.2: 1; 3.1.0: 1-2; 3.1.2: 1-30; 3.1.3: 1-12; 3.1.4: 1-6;
		3.2.0: 1-2; 3.2.2: 1-22`},
	{heading: "MQTT 5.0: PUBLISH and acknowledgements (3.3 to 3.7, 4.3, 4.4, 4.9)", prefix: "TestV5", statements: `
		3.3.1: 1-13; 3.3.2: 1-20; 3.3.4: 1-10; 3.4.2: 1-3; 3.5.2: 1-3; 3.6.1: 1; 3.6.2: 1-3; 3.7.2: 1-3; 4.3.1: 1; 4.3.2: 1-5;
		4.3.3: 1-13; 4.4.0: 1-2; 4.9.0: 1-3`},
	{heading: "MQTT 5.0: subscriptions, DISCONNECT, AUTH, behaviour (3.8 to 3.15, 4, 6, 7)", prefix: "TestV5", statements: `
		3.8.1: 1; 3.8.3: 1-5; 3.8.4: 1-8; 3.9.2: 1-2; 3.9.3: 1-2; 3.10.1: 1; 3.10.3: 1-2; 3.10.4: 1-6; 3.11.2: 1-2; 3.11.3: 1-2;
		3.12.4: 1; 3.14.0: 1; 3.14.1: 1; 3.14.2: 1-4; 3.14.4: 1-3; 3.15.1: 1; 3.15.2: 1-3; 4.1.0: 1-2; 4.2: 1; 4.5.0: 1-2;
		4.6.0: 1-6; 4.7.0: 1; 4.7.1: 1-2; 4.7.2: 1; 4.7.3: 1-4; 4.8.2: 1-6; 4.12.0: 1-7; 4.12.1: 1-2; 4.13.1: 1; 4.13.2: 1;
		6.0.0: 1-4; 7.0.0: 1-2`},
}

// What a statement may have in place of a proof.
var gaps = []string{"client only", "open: enhanced authentication"}

// Each statement has a row, and each row a test that has the statement in the name of a case, or a gap that is known.
func TestConformanceList(t *testing.T) {
	proofs := readProofs(t)
	tables := readTables(t, "CONFORMANCE.md")
	for _, p := range parts {
		t.Run(p.heading, func(t *testing.T) {
			rows := tables[p.heading]
			var stated []string
			for _, r := range rows {
				stated = append(stated, r.statement)
				r.check(t, p.prefix, proofs)
			}
			if !slices.IsSortedFunc(stated, bySection) {
				t.Error("rows are not sorted")
			}
			want := p.list(t)
			for _, s := range want {
				if !slices.Contains(stated, s) {
					t.Errorf("no row for %s", s)
				}
			}
			for i, s := range stated {
				if !slices.Contains(want, s) {
					t.Errorf("there is no statement %s here", s)
				}
				if i > 0 && stated[i-1] == s {
					t.Errorf("two rows for %s", s)
				}
			}
		})
	}
}

// list writes the identifiers of p out.
func (p *part) list(t *testing.T) (all []string) {
	for section := range strings.SplitSeq(p.statements, ";") {
		name, numbers, _ := strings.Cut(strings.TrimSpace(section), ": ")
		first, last, isRange := strings.Cut(numbers, "-")
		if !isRange {
			last = first
		}
		from, err := strconv.Atoi(first)
		to, err2 := strconv.Atoi(last)
		if err != nil || err2 != nil || to < from {
			t.Fatalf("list of statements: %q", section)
		}
		for n := from; n <= to; n++ {
			all = append(all, fmt.Sprintf("MQTT-%s-%d", name, n))
		}
	}
	return all
}

// bySection compares identifiers by their numbers.
func bySection(a, b string) int {
	split := func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return r == '.' || r == '-' })
	}
	return slices.CompareFunc(split(a), split(b), func(x, y string) int {
		m, _ := strconv.Atoi(x)
		n, _ := strconv.Atoi(y)
		return cmp.Compare(m, n)
	})
}

// A row says how a statement is proved.
type row struct{ statement, provedBy string }

func (r *row) check(t *testing.T, prefix string, proofs map[string][]string) {
	t.Helper()
	if slices.Contains(gaps, r.provedBy) {
		return
	}
	for name := range strings.SplitSeq(r.provedBy, ",") {
		name = strings.TrimSpace(name)
		statements, ok := proofs[name]
		switch {
		case !ok:
			t.Errorf("%s: there is no test %q", r.statement, name)
		case !strings.Contains(name, ".") && !strings.HasPrefix(name, prefix):
			t.Errorf("%s: %s is not a %s", r.statement, name, prefix)
		case !slices.Contains(statements, r.statement):
			t.Errorf("%s: no case of %s is named after it", r.statement, name)
		}
	}
}

// readTables reads the rows below each heading.
func readTables(t *testing.T, file string) map[string][]row {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	tables, heading := make(map[string][]row), ""
	for line := range strings.Lines(string(b)) {
		if h, ok := strings.CutPrefix(strings.TrimSpace(line), "## "); ok {
			heading = h
			continue
		}
		if !strings.HasPrefix(line, "| MQTT-") {
			continue
		}
		cells := strings.Split(line, "|")
		if len(cells) != 5 {
			t.Fatalf("want 3 cells: %s", line)
		}
		tables[heading] = append(tables[heading], row{strings.TrimSpace(cells[1]), strings.Trim(cells[2], " `")})
	}
	return tables
}

var identifier = regexp.MustCompile(`MQTT-[0-9.]+-[0-9]+`)

// readProofs finds the statements that the cases of each test are named after. Tests of other packages have the package's
// name in front.
func readProofs(t *testing.T) map[string][]string {
	t.Helper()
	proofs := make(map[string][]string)
	for _, dir := range []string{".", "packet", "../mapping"} {
		files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no tests in %s: %v", dir, err)
		}
		qualifier := ""
		if dir != "." {
			qualifier = filepath.Base(dir) + "."
		}
		for _, file := range files {
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range parsed.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
					proofs[qualifier+f.Name.Name] = namedIn(f.Body)
				}
			}
		}
	}
	return proofs
}

// namedIn finds the identifiers in the strings of a function.
func namedIn(body *ast.BlockStmt) []string {
	found := []string{}
	ast.Inspect(body, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			found = append(found, identifier.FindAllString(lit.Value, -1)...)
		}
		return true
	})
	return found
}

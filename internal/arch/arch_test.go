// Package arch keeps the rules of the house: who may import whom, how long files and functions get, which words the engine
// knows, how goroutines start.
package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

const (
	longestFile     = 600
	longestTestFile = 1500
	longestFunction = 100
)

// below is what a module may import, and with it everything above modules.
var below = []string{"module", "auth", "core", "config", "mapping", "journal", "internal/memory", "internal/netio", "internal/reason", "internal/storage", "internal/tlsconf", "internal/wsdial", "internal/wsframe"}

// rooms says which rooms of ours a room may import. A folder that is not listed is a module, and a folder in it a leaf
// room of its own that imports nothing.
var rooms = map[string][]string{
	"cmd/leafgate":        {"gateway", "config", "internal/memory", "journal"},
	"gateway/gatewaytest": {"gateway", "config", "core", "internal/wsframe"},
	"module":              {"auth", "core", "config", "journal", "internal/memory", "internal/netio", "internal/reason", "internal/storage", "internal/tlsconf", "internal/wsframe"},
	"auth":                {"core", "config", "mapping"},
	"internal/memory":     {"config"},
	"internal/netio":      {"core", "internal/s2stream", "internal/wsframe"},
	"internal/storage":    {"config", "journal"},
	"internal/tlsconf":    {"config"},
	"bench":               {"internal/peer"},
	"journal/journaltest": {"journal"},
	"peers":               {"core"},
	"soak":                {"mqtt/packet"},

	"core": nil, "config": nil, "mapping": nil, "journal": nil,
	"internal/arch": nil, "internal/tools/mochi": nil, "internal/logging": nil, "internal/notices": nil, "internal/peer": nil, "internal/reason": nil, "internal/wsdial": nil,
	"examples": nil, "examples/sensor-fleet": nil, "examples/fleet-consumer": nil, "examples/site-to-cloud": nil, // they use what everybody has
}

// forTests is what tests may import besides.
var forTests = []string{"gateway", "gateway/gatewaytest", "internal/peer", "internal/logging", "journal/journaltest"}

// impure are packages that have no business in a codec: bytes in, values out.
var impure = []string{"net", "net/http", "os", "os/exec", "syscall", "log/slog", "time", "sync"}

// foreign are words that the engine does not know.
var foreign = []string{"nats", "mqtt", "websocket", "leafnode", "jetstream", "hmsg", "hpub", "sid", "qos", "puback", "suback", "connack", "inbox"}

func TestHouse(t *testing.T) {
	root, files := filepath.Join("..", ".."), 0
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains([]string{".git", "bin", "dist", "node_modules", "testdata"}, d.Name()) {
				return filepath.SkipDir
			}
			if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil && name != root {
				return filepath.SkipDir // a module of its own, never linked with ours
			}
			return nil
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		src, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		files++
		for _, fault := range check(filepath.ToSlash(rel), src) {
			t.Error(fault)
		}
		return nil
	})
	if err != nil || files < 50 {
		t.Errorf("looked at %d files: %v", files, err)
	}
}

// A file is one that is looked at, and what is wrong with it.
type file struct {
	name, room string
	test       bool
	set        *token.FileSet
	faults     []string
}

func (f *file) fault(pos token.Pos, format string, args ...any) {
	f.faults = append(f.faults, fmt.Sprintf("%s:%d: %s", f.name, f.set.Position(pos).Line, fmt.Sprintf(format, args...)))
}

// check returns what is wrong with a file; name is relative to the checkout.
func check(name string, src []byte) []string {
	f := &file{name: name, room: path.Dir(name), test: strings.HasSuffix(name, "_test.go"), set: token.NewFileSet()}
	tree, err := parser.ParseFile(f.set, name, src, parser.SkipObjectResolution)
	if err != nil {
		return []string{err.Error()}
	}
	most := longestFile
	if f.test {
		most = longestTestFile
	}
	if n := f.set.File(tree.Pos()).LineCount(); n > most {
		f.fault(tree.Pos(), "%d lines, want %d at most", n, most)
	}
	f.imports(tree)
	ast.Inspect(tree, f.node)
	return f.faults
}

func (f *file) imports(tree *ast.File) {
	for _, spec := range tree.Imports {
		to, _ := strconv.Unquote(spec.Path.Value)
		ours, found := strings.CutPrefix(to, "leafgate/")
		switch {
		case !found:
			if f.leafOfModule() && !f.test && slices.Contains(impure, to) {
				f.fault(spec.Pos(), "a codec imports %s", to)
			}
			if strings.HasPrefix(to, "github.com/nats-io/nats-server/") && to != "github.com/nats-io/nats-server/v2/conf" {
				f.fault(spec.Pos(), "the peer's code is linked: %s", to)
			}
		case !slices.Contains(f.mayImport(), ours):
			f.fault(spec.Pos(), "%s imports %s", f.room, ours)
		}
	}
}

func (f *file) leafOfModule() bool {
	_, listed := rooms[f.room]
	return !listed && strings.Contains(f.room, "/")
}

func (f *file) mayImport() []string {
	may, listed := rooms[f.room]
	switch {
	case listed || f.leafOfModule():
	case f.room == "gateway":
		may = append(modules(), append(below, "internal/logging")...)
	default: // a module, with the leaf rooms in its own folder
		may = slices.Clone(below)
		for _, dir := range folders(f.room) {
			may = append(may, f.room+"/"+dir)
		}
	}
	if f.test {
		may = slices.Concat(may, forTests, []string{f.room})
	}
	return may
}

// modules are the folders of the checkout that are no other room.
func modules() (list []string) {
	for _, dir := range folders(".") {
		if _, listed := rooms[dir]; !listed && dir != "gateway" {
			list = append(list, dir)
		}
	}
	return list
}

func folders(room string) (list []string) {
	entries, _ := os.ReadDir(filepath.Join("..", "..", room)) // of a room that is not there: none
	for _, e := range entries {
		if e.IsDir() {
			list = append(list, e.Name())
		}
	}
	return list
}

func (f *file) node(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.GoStmt:
		f.fault(n.Pos(), "bare go statement: WaitGroup.Go of the one who waits")
	case *ast.FuncDecl:
		if lines := f.set.Position(n.End()).Line - f.set.Position(n.Pos()).Line + 1; lines > longestFunction {
			f.fault(n.Pos(), "%s has %d lines, want %d at most", n.Name.Name, lines, longestFunction)
		}
	case *ast.SelectorExpr:
		if x, ok := n.X.(*ast.Ident); ok && f.test && x.Name == "time" && n.Sel.Name == "Sleep" {
			f.fault(n.Pos(), "a test sleeps: poll with a deadline")
		}
	case *ast.Ident:
		f.words(n.Pos(), n.Name)
	case *ast.BasicLit:
		if n.Kind == token.STRING {
			f.words(n.Pos(), n.Value)
		}
	}
	return true
}

// words looks for foreign ones in what the engine calls things.
func (f *file) words(pos token.Pos, text string) {
	if f.room != "core" || f.test {
		return
	}
	var spaced strings.Builder
	lower := false
	for _, r := range text {
		if unicode.IsUpper(r) && lower {
			spaced.WriteByte(' ')
		}
		if lower = unicode.IsLower(r); !unicode.IsLetter(r) {
			r = ' '
		}
		spaced.WriteRune(unicode.ToLower(r))
	}
	for _, word := range strings.Fields(spaced.String()) {
		if slices.Contains(foreign, word) {
			f.fault(pos, "the engine says %s in %s", word, text)
		}
	}
}

// Each rule finds what it is there for, and leaves alone what is right.
func TestRulesCatch(t *testing.T) {
	long := strings.Repeat("\n", longestFunction)
	for _, test := range []struct{ name, src, want string }{
		{"core/a.go", `import "leafgate/config"`, "core imports config"},
		{"auth/a.go", `import "leafgate/module"`, "auth imports module"},
		{"module/a.go", `import "leafgate/gateway"`, "module imports gateway"},
		{"monitor/a.go", `import "leafgate/natsproto"`, "monitor imports natsproto"},
		{"monitor/a.go", `import "leafgate/natsproto/wire"`, "monitor imports natsproto/wire"},
		{"natsproto/a.go", `import "leafgate/natsproto/wire"`, ""},
		{"natsproto/a.go", `import "leafgate/gateway/gatewaytest"`, "imports gateway/gatewaytest"},
		{"natsproto/a_test.go", `import "leafgate/gateway/gatewaytest"`, ""},
		{"natsproto/wire/a.go", `import "leafgate/core"`, "natsproto/wire imports core"},
		{"natsproto/wire/a.go", `import "net"`, "a codec imports net"},
		{"gateway/a.go", `import "leafgate/natsproto"`, ""},
		{"gateway/a.go", `import "leafgate/cmd/leafgate"`, "gateway imports cmd/leafgate"},
		{"monitor/a.go", `import "github.com/nats-io/nats-server/v2/server"`, "the peer's code"},
		{"core/a.go", `var natsName int`, "says nats"},
		{"core/a.go", `const kind = "MQTT"`, "says mqtt"},
		{"core/a.go", `var insideOut int`, ""},
		{"core/a.go", `func f() { go f() }`, "bare go statement"},
		{"core/a.go", "func f() {" + long + "}", "f has 101 lines"},
		{"core/a.go", strings.Repeat("\n", longestFile), "602 lines, want 600"},
		{"core/a_test.go", strings.Repeat("\n", longestFile), ""},
		{"core/a_test.go", strings.Repeat("\n", longestTestFile), "1502 lines, want 1500"},
		{"core/a_test.go", "import \"time\"\nfunc f() { time.Sleep(1) }", "a test sleeps"},
	} {
		got := check(test.name, []byte("package a\n"+test.src+"\n"))
		if test.want == "" && len(got) > 0 || test.want != "" && (len(got) != 1 || !strings.Contains(got[0], test.want)) {
			t.Errorf("%s, %.60q: got %q, want %q", test.name, test.src, got, test.want)
		}
	}
}

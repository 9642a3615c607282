package auth

import (
	"strconv"
	"strings"

	"leafgate/config"
	"leafgate/core"
)

// readExports reads an account's `exports`.
func (t *tenants) readExports(at int, b *config.Block) {
	for i, e := range b.Blocks("exports") {
		t.parts[part{t.defs[at].Name, core.InExports, i}] = e
		t.defs[at].Exports = append(t.defs[at].Exports, readExport(e))
	}
}

func readExport(b *config.Block) core.Export {
	b.Unsupported("messages are not traced", "allow_trace")
	b.Unsupported("latencies are not measured for now", "latency")
	e := core.Export{Subject: b.String("", "stream")}
	if s := b.String("", "service"); s != "" {
		if e.Subject != "" {
			b.Errorf("service", "an export is a stream or a service, not both")
		}
		e.Subject, e.Service = s, true
	}
	if e.Subject == "" {
		b.Errorf("", "an export needs a stream or a service")
	}
	if b.Has("accounts") {
		e.Accounts = b.Strings("accounts")
	}
	e.Position = int(b.IntRange(0, 0, 255, "account_token_position"))
	e.Threshold = b.Duration(0, "threshold", "response_threshold", "response_max_time", "response_time")
	switch v := b.String("single", "response_type", "response"); strings.ToLower(v) {
	case "single", "singleton":
	case "stream":
		e.Response = core.Stream
	case "chunk", "chunked":
		e.Response = core.Chunked
	default:
		b.Errorf(present(b, "response_type", "response"), "want single, stream or chunked, got %q", v)
	}
	if !e.Service {
		for _, name := range []string{"response_type", "response", "threshold", "response_threshold"} {
			if b.Has(name) {
				b.Errorf(name, "only services have answers")
			}
		}
	}
	return e
}

// readImports reads an account's `imports`.
func (t *tenants) readImports(at int, b *config.Block) {
	for i, im := range b.Blocks("imports") {
		t.parts[part{t.defs[at].Name, core.InImports, i}] = im
		t.defs[at].Imports = append(t.defs[at].Imports, readImport(im))
	}
}

func readImport(b *config.Block) core.Import {
	b.Unsupported("activation tokens belong to operators, which are not there for now", "token")
	b.Unsupported("messages are not traced", "allow_trace")
	im := core.Import{To: b.String("", "to"), Share: b.Bool(false, "share")}
	from := b.Block("stream")
	if s := b.Block("service"); s != nil {
		if from != nil {
			b.Errorf("service", "an import is a stream or a service, not both")
		}
		from, im.Service = s, true
	}
	if from == nil {
		if !b.Has("stream", "service") {
			b.Errorf("", "an import needs a stream or a service")
		}
		return im
	}
	im.Account, im.Subject = from.String("", "account"), from.String("", "subject")
	if im.Account == "" || im.Subject == "" {
		from.Errorf("", "an import needs an account and a subject")
	}
	if prefix := b.String("", "prefix"); prefix != "" {
		switch {
		case im.Service:
			b.Errorf("prefix", "only streams have a prefix: use to")
		case im.To != "":
			b.Errorf("prefix", "cannot stand beside to")
		case !core.ValidPattern(prefix) || !core.IsLiteral(prefix):
			b.Errorf("prefix", "%q is not a valid prefix", prefix)
		}
		im.To = prefixed(prefix, im.Subject)
	}
	if im.Share && !im.Service {
		b.Errorf("share", "only requests are shared")
	}
	return im
}

// prefixed puts prefix in front of a pattern, whose wildcards keep their places.
func prefixed(prefix, subject string) string {
	tokens, n := strings.Split(subject, "."), 0
	for i, token := range tokens {
		if token == "*" {
			n++
			tokens[i] = "$" + string(rune('0'+n))
			if n > 9 {
				tokens[i] = "{{wildcard(" + strconv.Itoa(n) + ")}}"
			}
		}
	}
	return prefix + "." + strings.Join(tokens, ".")
}

// readMappings reads `mappings`: each source with one destination, or several with weights.
func (t *tenants) readMappings(at int, b *config.Block) {
	m := b.Block("mappings", "maps")
	if m == nil {
		return
	}
	for _, source := range m.Keys() {
		i := len(t.defs[at].Mappings)
		t.parts[part{t.defs[at].Name, core.InMappings, i}] = m
		t.defs[at].Mappings = append(t.defs[at].Mappings, core.Mapping{Source: source, To: readDestinations(m, source)})
	}
}

func readDestinations(b *config.Block, source string) []core.Destination {
	switch v, _ := b.Value(source); v.(type) {
	case string:
		return []core.Destination{{Subject: b.String("", source), Weight: 100}}
	case *config.Block, []any:
	default:
		b.Errorf(source, "want a subject or destinations with weights")
		return nil
	}
	var all []core.Destination
	for _, d := range b.Blocks(source) {
		d.Unsupported("a gateway is in no cluster", "cluster")
		all = append(all, core.Destination{Subject: d.String("", "destination", "dest"), Weight: readWeight(d)})
	}
	return all
}

// readWeight reads a percentage: 30 or "30%".
func readWeight(b *config.Block) int {
	switch v, _ := b.Value("weight"); v := v.(type) {
	case int64:
		return int(b.IntRange(0, 0, 100, "weight"))
	case string:
		n := 0
		for i, c := range strings.TrimSuffix(v, "%") {
			if c < '0' || c > '9' || i > 2 {
				b.Errorf("weight", "want 0 to 100 percent, got %q", v)
				return 0
			}
			n = 10*n + int(c-'0')
		}
		return n
	}
	b.Errorf("weight", "want a percentage")
	return 0
}

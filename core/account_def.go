package core

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// AccountDef declares an account.
type AccountDef struct {
	Name     string
	Exports  []Export
	Imports  []Import
	Mappings []Mapping
	Limits   Limits
}

// Limits bound an account; zero: no bound.
type Limits struct {
	Connections   int
	Subscriptions int // of each connection
	Payload       int // bytes of header and payload of one message
	Relays        int // their frontends count them
}

// An Export lets other accounts import a part of the subject space: a stream, which they may subscribe to, or a service,
// which they may send requests to.
type Export struct {
	Subject   string
	Service   bool
	Accounts  []string      // who may import it; nil: everybody
	Position  int           // which token of Subject, from 1, an importer may only fill with its own name; 0: none
	Response  Response      // of a service
	Threshold time.Duration // of a service: how long answers may take; 0: [DefaultThreshold]
}

// A Response says how many messages answer one request.
type Response uint8

const (
	Single  Response = iota // one
	Stream                  // any number, until an empty one
	Chunked                 // pieces of one answer, until an empty one
)

// DefaultThreshold is how long a service has for an answer, and for each next one.
const DefaultThreshold = 2 * time.Minute

// An Import makes a part of another account's subject space reachable in one's own.
type Import struct {
	Account string // whose
	Subject string // there
	To      string // here; empty: the same. It may refer to the wildcards of Subject by number
	Service bool
	Share   bool // the service learns who asks
}

// A Mapping changes the subjects of what is published in an account. The first whose Source matches counts, once.
type Mapping struct {
	Source string
	To     []Destination
}

// A Destination is one that a Mapping chooses by weight. What is left to 100 keeps its subject, but where that is a
// destination itself: then it is lost.
type Destination struct {
	Subject string
	Weight  int // percent
}

// Errors of definitions.
var (
	ErrNotExported = errors.New("import not authorized")
	ErrImportCycle = errors.New("import forms a cycle")
	ErrSameImport  = errors.New("imported twice")
	ErrWeight      = errors.New("total weight needs to be <= 100")
)

// A DefinitionError says which part of which account is wrong.
type DefinitionError struct {
	Account string
	Part    Part
	Index   int // in that list
	Err     error
}

// A Part is one of the lists of an AccountDef.
type Part uint8

const (
	InExports Part = iota
	InImports
	InMappings
)

func (e *DefinitionError) Error() string {
	return fmt.Sprintf("account %q: %s %d: %v", e.Account, [...]string{"export", "import", "mapping"}[e.Part], e.Index+1, e.Err)
}

func (e *DefinitionError) Unwrap() error { return e.Err }

// CheckAccounts says everything that is wrong with definitions, without effect.
func CheckAccounts(defs []AccountDef) (errs []*DefinitionError) {
	c := checker{byName: make(map[string]*AccountDef, len(defs))}
	for i := range defs {
		c.byName[defs[i].Name] = &defs[i]
	}
	for i := range defs {
		c.def = &defs[i]
		c.check()
	}
	return c.errs
}

type checker struct {
	byName map[string]*AccountDef
	def    *AccountDef
	errs   []*DefinitionError
}

func (c *checker) fail(p Part, index int, err error) {
	c.errs = append(c.errs, &DefinitionError{c.def.Name, p, index, err})
}

func (c *checker) check() {
	for i := range c.def.Exports {
		if err := c.checkExport(&c.def.Exports[i]); err != nil {
			c.fail(InExports, i, err)
		}
	}
	for i := range c.def.Imports {
		if err := c.checkImport(i); err != nil {
			c.fail(InImports, i, err)
		}
	}
	for i := range c.def.Mappings {
		if _, err := newMapping(&c.def.Mappings[i]); err != nil {
			c.fail(InMappings, i, err)
		}
	}
}

func (c *checker) checkExport(e *Export) error {
	if !ValidPattern(e.Subject) {
		return fmt.Errorf("%w %q", ErrBadSubject, e.Subject)
	}
	for _, name := range e.Accounts {
		if c.byName[name] == nil {
			return fmt.Errorf("%w %q", ErrUnknownAccount, name)
		}
	}
	if e.Position == 0 {
		return nil
	}
	tokens := strings.Split(e.Subject, ".")
	if e.Position < 0 || e.Position > len(tokens) || tokens[e.Position-1] != "*" {
		return fmt.Errorf("token %d of %q is no wildcard for the account", e.Position, e.Subject)
	}
	return nil
}

func (c *checker) checkImport(at int) error {
	im := &c.def.Imports[at]
	from := c.byName[im.Account]
	if from == nil {
		return fmt.Errorf("%w %q", ErrUnknownAccount, im.Account)
	}
	if !ValidPattern(im.Subject) {
		return fmt.Errorf("%w %q", ErrBadSubject, im.Subject)
	}
	if _, err := im.transform(); err != nil {
		return err
	}
	if from.export(im, c.def.Name) == nil {
		return ErrNotExported
	}
	if slices.ContainsFunc(c.def.Imports[:at], im.repeats) {
		return ErrSameImport
	}
	if c.cycles(c.def.Name, im.localPattern(), im, 0) {
		return ErrImportCycle
	}
	return nil
}

// export finds the one that lets importer have im.
func (d *AccountDef) export(im *Import, importer string) *Export {
	for i := range d.Exports {
		e := &d.Exports[i]
		if e.Service == im.Service && Covers(e.Subject, im.Subject) && e.allows(im, importer) {
			return e
		}
	}
	return nil
}

func (e *Export) allows(im *Import, importer string) bool {
	if e.Accounts != nil && !slices.Contains(e.Accounts, importer) {
		return false
	}
	if e.Position == 0 {
		return true
	}
	tokens := strings.Split(im.Subject, ".")
	return len(tokens) >= e.Position && tokens[e.Position-1] == importer
}

// mostHops is how long a chain of imports may be.
const mostHops = 16

// cycles says whether what im brings from another account comes, by that account's own imports of the same kind, from
// subject in the account start.
func (c *checker) cycles(start, subject string, im *Import, hops int) bool {
	from := c.byName[im.Account]
	if from == nil {
		return false
	}
	if from.Name == start && Overlap(im.Subject, subject) || hops > mostHops {
		return true
	}
	for i := range from.Imports {
		next := &from.Imports[i]
		if next.Service == im.Service && Overlap(next.localPattern(), im.Subject) && c.cycles(start, subject, next, hops+1) {
			return true
		}
	}
	return false
}

// local is where im appears, as it was written.
func (im *Import) local() string {
	if im.To == "" {
		return im.Subject
	}
	return im.To
}

// transform turns subjects there into subjects here.
func (im *Import) transform() (*Transform, error) { return NewStrictTransform(im.Subject, im.local()) }

// repeats says whether im is other again: the same part of a stream, under whatever name, or a service that a request
// would reach twice.
func (im *Import) repeats(other Import) bool {
	if other.Service != im.Service || other.Account != im.Account {
		return false
	}
	if im.Service {
		return other.localPattern() == im.localPattern()
	}
	return other.Subject == im.Subject
}

// localPattern is local as a pattern; what cannot be one is what was written.
func (im *Import) localPattern() string {
	if t, err := im.transform(); err == nil {
		if back, err := t.Reverse(); err == nil {
			return back.Source()
		}
	}
	return im.local()
}

package auth

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A dn is a distinguished name: relative names from the most specific one to the root, each made of attributes. Several
// in one relative name have no order. RFC 4514.
type dn [][]attribute

// An attribute has the type's object identifier in dotted form. Values are compared byte by byte.
type attribute struct{ oid, value string }

// attributeTypes are the names that attributes have in text. RFC 4519, RFC 2985 for the last two.
var attributeTypes = map[string]string{
	"CN": "2.5.4.3", "SN": "2.5.4.4", "SERIALNUMBER": "2.5.4.5", "C": "2.5.4.6", "L": "2.5.4.7", "ST": "2.5.4.8",
	"STREET": "2.5.4.9", "O": "2.5.4.10", "OU": "2.5.4.11", "TITLE": "2.5.4.12", "POSTALCODE": "2.5.4.17",
	"GIVENNAME": "2.5.4.42", "DNQUALIFIER": "2.5.4.46",
	"UID": "0.9.2342.19200300.100.1.1", "DC": "0.9.2342.19200300.100.1.25",
	"EMAILADDRESS": "1.2.840.113549.1.9.1", "E": "1.2.840.113549.1.9.1",
}

// exact is the same for names with the same relative names in the same order.
func (d dn) exact() string { return strings.Join(d.relative(), ",") }

// set is the same for names with the same relative names in any order.
func (d dn) set() string {
	all := d.relative()
	slices.Sort(all)
	return strings.Join(all, ",")
}

// relative writes each relative name so that nothing in a value can pass for the end of one.
func (d dn) relative() []string {
	all := make([]string, len(d))
	for i, attributes := range d {
		parts := make([]string, len(attributes))
		for j, a := range attributes {
			parts[j] = a.oid + "=" + strconv.Quote(a.value)
		}
		slices.Sort(parts)
		all[i] = strings.Join(parts, "+")
	}
	return all
}

// subjectDN reads the subject of a certificate, all of it: x509 leaves out attributes that it does not know, and the
// certificate would stand for more users than it names.
func subjectDN(raw []byte) (dn, error) {
	var sequence pkix.RDNSequence
	if rest, err := asn1.Unmarshal(raw, &sequence); err != nil {
		return nil, fmt.Errorf("read the subject: %w", err)
	} else if len(rest) > 0 || len(sequence) == 0 {
		return nil, errors.New("the subject is not one name")
	}
	var d dn
	for _, set := range slices.Backward(sequence) { // certificates begin at the root
		var attributes []attribute
		for _, a := range set {
			value, ok := a.Value.(string)
			if !ok {
				return nil, fmt.Errorf("the subject has a value of %v that is no text", a.Type)
			}
			attributes = append(attributes, attribute{a.Type.String(), value})
		}
		if len(attributes) > 0 {
			d = append(d, attributes)
		}
	}
	return d, nil
}

// parseDN reads the text form: "CN=gate 7,OU=field+L=north,O=Acme". RFC 4514 section 3, with blanks around names and
// values. Values in hexadecimal form (#04...) are refused.
func parseDN(text string) (d dn, err error) {
	p := dnParser{rest: text}
	for {
		var set []attribute
		for {
			a, err := p.attribute()
			if err != nil {
				return nil, err
			}
			if set = append(set, a); !p.skip('+') {
				break
			}
		}
		if d = append(d, set); !p.skip(',') {
			break
		}
	}
	if p.rest != "" {
		return nil, errors.New("want , or + between attributes")
	}
	return d, nil
}

// A dnParser takes attributes off a text.
type dnParser struct{ rest string }

func (p *dnParser) skip(c byte) bool {
	if p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

func (p *dnParser) attribute() (a attribute, err error) {
	name, rest, found := strings.Cut(p.rest, "=")
	if !found {
		return a, errors.New("an attribute has no value")
	}
	p.rest = strings.TrimLeft(rest, " ")
	if a.oid, err = attributeType(strings.Trim(name, " ")); err != nil {
		return a, err
	}
	if strings.HasPrefix(p.rest, "#") {
		return a, errors.New("values in hexadecimal form are not supported")
	}
	a.value, err = p.value()
	return a, err
}

func attributeType(name string) (string, error) {
	name = strings.ToUpper(strings.TrimPrefix(strings.ToUpper(name), "OID."))
	if oid := attributeTypes[name]; oid != "" {
		return oid, nil
	}
	for part := range strings.SplitSeq(name, ".") {
		if _, err := strconv.ParseUint(part, 10, 64); err != nil || !strings.Contains(name, ".") {
			return "", fmt.Errorf("unknown attribute type %q", name)
		}
	}
	return name, nil
}

// value takes a value up to the next , or + that is not escaped. Blanks at its end count only where they are escaped.
func (p *dnParser) value() (string, error) {
	var out []byte
	keep, i := 0, 0
	for ; i < len(p.rest) && p.rest[i] != ',' && p.rest[i] != '+'; i++ {
		switch c := p.rest[i]; {
		case c == '\\':
			b, n, err := escaped(p.rest[i+1:])
			if err != nil {
				return "", err
			}
			out, i = append(out, b), i+n
			keep = len(out)
			continue
		case strings.IndexByte("\";<>\x00", c) >= 0:
			return "", fmt.Errorf("%q must be escaped", c)
		default:
			out = append(out, c)
			if c != ' ' {
				keep = len(out)
			}
		}
	}
	p.rest = p.rest[i:]
	if out = out[:keep]; len(out) == 0 || !utf8.Valid(out) {
		return "", errors.New("an attribute has no value")
	}
	return string(out), nil
}

// escaped reads what stands behind a backslash: a character or two hexadecimal digits.
func escaped(s string) (b byte, n int, err error) {
	if s == "" {
		return 0, 0, errors.New("nothing is escaped")
	}
	if strings.IndexByte(` "#+,;<=>\`, s[0]) >= 0 {
		return s[0], 1, nil
	}
	if raw, err := hex.DecodeString(s[:min(2, len(s))]); err == nil && len(raw) == 1 {
		return raw[0], 2, nil
	}
	return 0, 0, errors.New("a backslash stands before no special character and no two hexadecimal digits")
}

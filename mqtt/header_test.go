package mqtt

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"net/textproto"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"leafgate/mqtt/packet"
)

// publishBody makes the body of a PUBLISH with this property block.
func publishBody(block []byte) []byte {
	body := packet.AppendString(nil, "t")
	return append(packet.AppendVarint(body, len(block)), block...)
}

// parseBlock reads a property block as a client's PUBLISH.
func parseBlock(block []byte) (*packet.PublishProperties, error) {
	var p packet.Publish
	err := p.Parse(0, publishBody(block), packet.V5)
	return &p.Properties, err
}

// readBlock reads a property block as a subscriber does.
func readBlock(t *testing.T, block []byte) *packet.PublishProperties {
	t.Helper()
	var p packet.Publish
	if err := p.ParseServer(0, publishBody(block), packet.V5); err != nil {
		t.Fatalf("subscriber refuses %q: %v", block, err)
	}
	return &p.Properties
}

// describeBlock says what a subscriber reads in a property block.
func describeBlock(t *testing.T, block []byte) string {
	t.Helper()
	return describeProperties(readBlock(t, block))
}

func describeProperties(p *packet.PublishProperties) string {
	var words []string
	say := func(there bool, format string, args ...any) {
		if there {
			words = append(words, fmt.Sprintf(format, args...))
		}
	}
	say(p.ContentType != nil, "type=%q", p.ContentType)
	say(p.PayloadFormat != 0, "utf8")
	say(p.HasFormat && p.PayloadFormat == 0, "bytes")
	say(p.CorrelationData != nil, "correlation=%q", p.CorrelationData)
	for name, value := range p.Users() {
		say(true, "%q=%q", name, value)
	}
	say(p.ResponseTopic != nil, "response=%q", p.ResponseTopic)
	say(p.HasExpiry, "expiry=%d", p.Expiry)
	for id := range p.SubscriptionIDs() {
		say(true, "id=%d", id)
	}
	return strings.Join(words, " ")
}

// userBlock is a User Property in bytes.
func userBlock(name, value string) string { return string(packet.AppendUser(nil, name, value)) }

// opaqueField is the opaque field for a property block.
func opaqueField(block string) string {
	return "Mqtt-Properties: " + base64.URLEncoding.EncodeToString([]byte(block)) + "\r\n"
}

const (
	typeBlock        = "\x03\x00\x0atext/plain"
	formatBlock      = "\x01\x01"
	expiryBlock      = "\x02\x00\x00\x00\x3c"
	replyBlock       = "\x08\x00\x03a/b"
	correlationBlock = "\x09\x00\x04\xff\x00\r\n"
	aliasBlock       = "\x23\x00\x07"
)

func TestHeaderFromProperties(t *testing.T) {
	for _, test := range []struct{ name, block, want string }{
		{name: "nothing"},
		{name: "nothing that a header says", block: aliasBlock + replyBlock},
		{name: "format 0", block: "\x01\x00", want: "Mqtt-Format: 0\r\n"},
		{name: "content type", block: typeBlock, want: "Content-Type: text/plain\r\n"},
		{name: "empty content type", block: "\x03\x00\x00", want: "Content-Type: \r\n"},
		{name: "format", block: formatBlock, want: "Mqtt-Format: 1\r\n"},
		{name: "expiry", block: expiryBlock, want: "Mqtt-Expiry: 60\r\n"},
		{name: "expiry 0", block: "\x02\x00\x00\x00\x00", want: "Mqtt-Expiry: 0\r\n"},
		{name: "longest expiry", block: "\x02\xff\xff\xff\xff", want: "Mqtt-Expiry: 4294967295\r\n"},
		{name: "correlation", block: correlationBlock, want: "Mqtt-Correlation: /wANCg==\r\n"},
		{name: "empty correlation", block: "\x09\x00\x00", want: "Mqtt-Correlation: \r\n"},
		{name: "all at once", block: correlationBlock + expiryBlock + replyBlock + formatBlock + aliasBlock + typeBlock,
			want: "Content-Type: text/plain\r\nMqtt-Format: 1\r\nMqtt-Expiry: 60\r\nMqtt-Correlation: /wANCg==\r\n"},
		{name: "users in order, repeats kept", block: userBlock("b", "1") + userBlock("a", "2") + userBlock("b", "3"),
			want: "b: 1\r\na: 2\r\nb: 3\r\n" + opaqueField(userBlock("b", "1")+userBlock("a", "2")+userBlock("b", "3"))},
		{name: "user among others", block: expiryBlock + userBlock("a", "1") + replyBlock + typeBlock + aliasBlock + correlationBlock,
			want: "Content-Type: text/plain\r\nMqtt-Expiry: 60\r\nMqtt-Correlation: /wANCg==\r\na: 1\r\n" + opaqueField(userBlock("a", "1")+typeBlock+correlationBlock)},
		{name: "empty value", block: userBlock("a", ""), want: "a: \r\n" + opaqueField(userBlock("a", ""))},
		{name: "blanks stay", block: userBlock("a", " x "), want: "a:  x \r\n" + opaqueField(userBlock("a", " x "))},
		{name: "utf-8 value", block: userBlock("a", "é"), want: "a: é\r\n" + opaqueField(userBlock("a", "é"))},
		{name: "names that are no tokens", block: userBlock("", "1") + userBlock("a b", "2") + userBlock("é", "3") + userBlock("a:", "4"),
			want: opaqueField(userBlock("", "1") + userBlock("a b", "2") + userBlock("é", "3") + userBlock("a:", "4"))},
		{name: "every token byte", block: userBlock("aZ09!#$%&'*+-.^_`|~", ""), want: "aZ09!#$%&'*+-.^_`|~: \r\n" + opaqueField(userBlock("aZ09!#$%&'*+-.^_`|~", ""))},
		{name: "content type of two lines", block: "\x03\x00\x03a\r\n", want: opaqueField("\x03\x00\x03a\r\n")},
		{name: "control characters", block: userBlock("a", "\a") + userBlock("b", "\x7f") + userBlock("c", "1\t2"),
			want: "c: 1\t2\r\n" + opaqueField(userBlock("a", "\a")+userBlock("b", "\x7f")+userBlock("c", "1\t2"))},
		{name: "message id passes", block: userBlock("Nats-Msg-Id", "7"), want: "Nats-Msg-Id: 7\r\n" + opaqueField(userBlock("Nats-Msg-Id", "7"))},
	} {
		p, err := parseBlock([]byte(test.block))
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		want := test.want
		if want != "" {
			want = "NATS/1.0\r\n" + want + "\r\n"
		}
		if got := appendHeader([]byte("x"), p); string(got) != "x"+want {
			t.Errorf("%s:\n got %q\nwant %q", test.name, got, "x"+want)
		}
	}
}

// The delay of a will ends at the gateway as well.
func TestHeaderFromWill(t *testing.T) {
	block := "\x18\x00\x00\x00\x05" + userBlock("a", "1")
	p := packet.PublishProperties{Raw: packet.Block(block), User: 1}
	if got, want := string(appendHeader(nil, &p)), "NATS/1.0\r\na: 1\r\n"+opaqueField(userBlock("a", "1"))+"\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPropertiesFromHeader(t *testing.T) {
	long := strings.Repeat("x", 65_536)
	for _, test := range []struct {
		name, header string
		options      propertyOptions
		want         string
	}{
		{name: "nothing"},
		{name: "options only", options: propertyOptions{responseTopic: []byte("a/b"), ids: []uint32{1, 268_435_455}, expiry: 0, hasExpiry: true},
			want: `response="a/b" expiry=0 id=1 id=268435455`},
		{name: "single fields", header: "Mqtt-Correlation: /wANCg==\r\nContent-Type: text/plain\r\nMqtt-Format: 1\r\n",
			want: `type="text/plain" utf8 correlation="\xff\x00\r\n"`},
		{name: "format 0", header: "Mqtt-Format: 0\r\n", want: "bytes"},
		{name: "empty fields", header: "Mqtt-Correlation: \r\nContent-Type: \r\n", want: `type="" correlation=""`},
		{name: "users", header: "b: 1\r\nA: 2\r\nb:3\r\nb: \r\n", want: `"b"="1" "A"="2" "b"="3" "b"=""`},
		{name: "one blank goes", header: "a:  x \r\n", want: `"a"=" x "`},
		{name: "other case is another field", header: "content-type: a\r\nmqtt-retain: 1\r\n", want: `"content-type"="a" "mqtt-retain"="1"`},
		{name: "for the gateway", header: "Mqtt-Expiry: 60\r\nMqtt-Retain: 1\r\nMqtt-Qos: 1\r\nNats-Msg-Id: 7\r\n", want: `"Nats-Msg-Id"="7"`},
		{name: "options beside fields", header: "a: 1\r\nMqtt-Expiry: 60\r\n", options: propertyOptions{expiry: 59, hasExpiry: true, ids: []uint32{3}},
			want: `"a"="1" expiry=59 id=3`},
		{name: "given twice", header: "Content-Type: a\r\nContent-Type: b\r\nMqtt-Format: 1\r\nMqtt-Format: 1\r\nMqtt-Correlation: AA==\r\nMqtt-Correlation: AQ==\r\n",
			want: `type="a" utf8 correlation="\x00"`},
		{name: "values out of range", header: "Mqtt-Format: 2\r\nMqtt-Correlation: =\r\na: 1\r\n", want: `"a"="1"`},
		{name: "no text", header: "a: \xff\r\n\xc0: 1\r\nb: \x00\r\nc\x00: 1\r\nContent-Type: \xed\xa0\x80\r\nd: 1\r\n", want: `"d"="1"`},
		{name: "stray line ends", header: "a: 1\nMqtt-Format: 1\r\nb: 1\r2\r\nc: 1\r\n", want: `"c"="1"`},
		{name: "control characters", header: "a: 1\x072\r\nb: \x7f\r\nc\x01: 1\r\nd: 1\t2\r\n", want: `"d"="1\t2"`},
		{name: "no fields", header: "nonsense\r\n: 1\r\na: 1\r\n", want: `"a"="1"`},
		{name: "too long", header: "a: " + long + "\r\n" + long + ": 1\r\nContent-Type: " + long + "\r\nb: 1\r\n", want: `"b"="1"`},
		{name: "correlation too long", header: "Mqtt-Correlation: " + base64.StdEncoding.EncodeToString([]byte(long)) + "\r\nb: 1\r\n", want: `"b"="1"`},
		{name: "longest", header: "a: " + long[1:] + "\r\n", want: `"a"="` + long[1:] + `"`},
		{name: "opaque", header: "a: 1\r\nContent-Type: b\r\n" + opaqueField(userBlock("a\r\n", "x")+typeBlock+userBlock("a\r\n", "y")),
			want: `type="text/plain" "a\r\n"="x" "a\r\n"="y"`},
		{name: "opaque is empty", header: "a: 1\r\nMqtt-Properties: \r\n"},
		{name: "opaque with what is not its own", header: opaqueField(aliasBlock + replyBlock + expiryBlock + "\x0b\x81\x01" + "\x18\x00\x00\x00\x05" + userBlock("a", "1")),
			options: propertyOptions{responseTopic: []byte("c")}, want: `"a"="1" response="c"`},
		{name: "opaque is not base64", header: "a: 1\r\nMqtt-Properties: ???\r\n", want: `"a"="1"`},
		{name: "opaque not well-formed", header: "a: 1\r\n" + opaqueField(userBlock("b", "2")+"\x03\x00\xffshort"), want: `"a"="1"`},
		{name: "opaque with a type twice", header: "a: 1\r\n" + opaqueField(typeBlock+typeBlock), want: `"a"="1"`},
		{name: "opaque with an alias twice", header: "a: 1\r\n" + opaqueField(aliasBlock+aliasBlock), want: `"a"="1"`},
		{name: "opaque with format 2", header: "a: 1\r\n" + opaqueField("\x01\x02"), want: `"a"="1"`},
		{name: "opaque with bad text", header: "a: 1\r\n" + opaqueField(userBlock("b", "\xff")), want: `"a"="1"`},
		{name: "opaque with NUL", header: "a: 1\r\n" + opaqueField(userBlock("\x00", "b")), want: `"a"="1"`},
		{name: "opaque from CONNACK", header: "a: 1\r\n" + opaqueField("\x25\x01"), want: `"a"="1"`},
		{name: "opaque with an unknown property", header: "a: 1\r\n" + opaqueField("\x7f"), want: `"a"="1"`},
		{name: "opaque with an endless number", header: "a: 1\r\n" + opaqueField("\x0b\xff\xff\xff\xff\x01"), want: `"a"="1"`},
	} {
		if test.header != "" {
			test.header = "NATS/1.0\r\n" + test.header + "\r\n"
		}
		got := appendProperties([]byte("x"), []byte(test.header), test.options)
		if got[0] != 'x' {
			t.Errorf("%s: overwrites dst", test.name)
		}
		if text := describeBlock(t, got[1:]); text != test.want {
			t.Errorf("%s:\n got %.200s\nwant %.200s", test.name, text, test.want)
		}
	}
}

func TestStatusBecomesProperties(t *testing.T) {
	for _, test := range []struct{ header, want string }{
		{header: "NATS/1.0 503\r\n\r\n", want: `"Status"="503"`},
		{header: "NATS/1.0 503 No Responders\r\na: 1\r\n\r\n", want: `"Status"="503" "Description"="No Responders" "a"="1"`},
		{header: "NATS/1.0 \r\n\r\n"},
		{header: "NATS/1.0 5\xff\r\n\r\n"},
		{header: "NATS/1.0 503 \xff\r\n\r\n", want: `"Status"="503"`},
		{header: "NATS/1.0 503\nMqtt-Format: 1\r\n\r\n"},
		{header: "HTTP/1.1 200 OK\r\na: 1\r\n\r\n"},
		{header: "NATS/1.0\r\na: 1", want: `"a"="1"`},
		{header: "NATS/1.0\r\na: 1\r\n", want: `"a"="1"`},
		{header: "NATS/1.0\r\na: 1\r\n\r\nb: 2\r\n", want: `"a"="1"`},
	} {
		if got := describeBlock(t, appendProperties(nil, []byte(test.header), propertyOptions{})); got != test.want {
			t.Errorf("%q: %s, want %s", test.header, got, test.want)
		}
	}
}

func TestHeaderValue(t *testing.T) {
	header := []byte("NATS/1.0\r\nx: a: 1\r\na: 2\r\na: 3\r\n\r\nb: 4\r\n")
	for name, want := range map[string]string{"a": "2", "x": "a: 1"} {
		if got, ok := headerValue(header, name); !ok || string(got) != want {
			t.Errorf("%s: %q %v, want %q", name, got, ok, want)
		}
	}
	for _, name := range []string{"A", "b", "x: a", ""} {
		if got, ok := headerValue(header, name); ok {
			t.Errorf("%q is there: %q", name, got)
		}
	}
}

func TestHeaderExpiry(t *testing.T) {
	for _, test := range []struct {
		value string
		want  uint32
		ok    bool
	}{
		{value: "0", ok: true}, {value: "60", want: 60, ok: true}, {value: "4294967295", want: 4294967295, ok: true},
		{value: "4294967296"}, {value: "00000000001"}, {value: "-1"}, {value: "+1"}, {value: "1s"}, {value: ""}, {value: " 1"},
	} {
		got, ok := headerExpiry([]byte("NATS/1.0\r\nMqtt-Expiry: " + test.value + "\r\n\r\n"))
		if got != test.want && ok || ok != test.ok {
			t.Errorf("%q: %d %v, want %d %v", test.value, got, ok, test.want, test.ok)
		}
	}
	if _, ok := headerExpiry(nil); ok {
		t.Error("no header has an expiry")
	}
}

func TestHeaderRetain(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, "NATS/1.0\r\nMqtt-Retain: 1\r\n\r\n": true, "NATS/1.0\r\nMqtt-Retain:true\r\n\r\n": true,
		"NATS/1.0\r\nMqtt-Retain: 0\r\n\r\n": false, "NATS/1.0\r\nMqtt-Retain: \r\n\r\n": false,
		"NATS/1.0\r\nX-Mqtt-Retain: 1\r\n\r\n": false, "NATS/1.0\r\nmqtt-retain: 1\r\n\r\n": false,
	} {
		if got := headerRetain([]byte(header)); got != want {
			t.Errorf("%q: %v", header, got)
		}
	}
}

// What a client names like a field of the server's, of the gateway's or of a client library's is no field, but reaches
// other MQTT clients.
func TestSpoofedHeaders(t *testing.T) {
	for _, name := range []string{
		"Nats-Request-Info", "Nats-Client-Info", "Nats-Trace-Dest", "Nats-Trace-Hop", "Nats-Trace-Origin-Account", "Nats-Rollup", "Nats-",
		"Nats-Expected-Stream", "Nats-Schedule", "Nats-TTL", "Nats-Subject", "Nats-Account", "nats-request-info", "NATS-CLIENT-INFO", "nats-msg-id", "Nats-Msg-Id2",
		"Mqtt-Retain", "Mqtt-Expiry", "Mqtt-Properties", "Mqtt-Correlation", "Mqtt-Format", "Mqtt-Qos", "mqtt-retain", "MQTT-X",
		"Status", "status", "Description", "DESCRIPTION", "Content-Type", "content-type",
	} {
		p, err := parseBlock([]byte(userBlock("a", "1") + userBlock(name, "503")))
		if err != nil {
			t.Fatal(err)
		}
		header := appendHeader(nil, p)
		if got, want := string(header), "NATS/1.0\r\na: 1\r\n"+opaqueField(userBlock("a", "1")+userBlock(name, "503"))+"\r\n"; got != want {
			t.Errorf("%s is a field: %q", name, got)
		}
		if got, want := describeBlock(t, appendProperties(nil, header, propertyOptions{})), fmt.Sprintf("%q=%q %q=%q", "a", "1", name, "503"); got != want {
			t.Errorf("%s: subscriber reads %s, want %s", name, got, want)
		}
	}
}

// No byte of a name, a value or a content type makes another line.
func TestNoHeaderInjection(t *testing.T) {
	for _, evil := range []string{
		"a\r\nNats-Request-Info", "a\nb", "a\rb", "\r\n\r\n", "\n", "\r", "a: b\r\nc", "a:b", ":", " a", "a ", "a\tb",
		"a\u0085b", "a\u2028b", "\r\n Status", "NATS/1.0", "\a", "\x7f", "\v", "\x1b[31m",
	} {
		for _, block := range []string{userBlock(evil, "1"), userBlock("a", evil), userBlock(evil, evil), string(packet.AppendString([]byte("\x03"), evil))} {
			p, err := parseBlock([]byte(block))
			if err != nil {
				t.Fatal(err)
			}
			header := appendHeader(nil, p)
			for name := range readHeader(t, header) {
				if name != "a" && name != fieldContentType && name != fieldProperties {
					t.Errorf("%q makes a field %q", block, name)
				}
			}
			if got, want := describeBlock(t, appendProperties(nil, header, propertyOptions{})), describeProperties(p); got != want {
				t.Errorf("subscriber reads %s, want %s", got, want)
			}
		}
	}
	if _, err := parseBlock([]byte(userBlock("a", "\x00"))); err == nil {
		t.Error("NUL in a string is accepted")
	}
}

// readHeader reads a header block as client libraries do, the strict way and that of nats.go, which must agree.
func readHeader(t *testing.T, header []byte) nats.Header {
	t.Helper()
	if !bytes.HasPrefix(header, []byte("NATS/1.0\r\n")) || !bytes.HasSuffix(header, []byte("\r\n\r\n")) {
		t.Fatalf("no header block: %q", header)
	}
	h, err := nats.DecodeHeadersMsg(header)
	if err != nil {
		t.Fatalf("nats.go refuses %q: %v", header, err)
	}
	r := bufio.NewReader(bytes.NewReader(header[len("NATS/1.0\r\n"):]))
	strict, err := textproto.NewReader(r).ReadMIMEHeader()
	if err != nil {
		t.Fatalf("textproto refuses %q: %v", header, err)
	}
	if rest := r.Buffered(); rest > 0 {
		t.Fatalf("%d bytes behind the end of %q", rest, header)
	}
	lines := bytes.Count(header, []byte("\n")) - 2
	if a, b := countFields(h), countFields(strict); a != lines || b != lines {
		t.Fatalf("%q has %d fields; nats.go reads %d, textproto %d", header, lines, a, b)
	}
	return h
}

func countFields[H ~map[string][]string](h H) (n int) {
	for _, values := range h {
		n += len(values)
	}
	return n
}

// FuzzHeaderRoundTrip takes what a client may publish to a header block and back.
func FuzzHeaderRoundTrip(f *testing.F) {
	for _, block := range []string{
		"", typeBlock + formatBlock + expiryBlock + replyBlock + correlationBlock + aliasBlock, "\x01\x00", userBlock("a", "1") + userBlock("a", "2") + expiryBlock + userBlock("b", "\r\n"),
		userBlock("Status", "503") + "\x03\x00\x01\n" + aliasBlock, userBlock("", "") + userBlock("\u2028:", ": "), "\x03\x00\x00\x09\x00\x00",
		"\x03\x00\x01\a",
	} {
		f.Add([]byte(block))
	}
	f.Fuzz(func(t *testing.T, block []byte) {
		p, err := parseBlock(block)
		if err != nil {
			return
		}
		before := bytes.Clone(block)
		header := appendHeader(nil, p)
		if len(header) > 0 {
			readHeader(t, header)
		}
		got := appendProperties(nil, header, propertyOptions{})
		want := *p
		want.ResponseTopic, want.HasExpiry = nil, false
		if a, b := describeBlock(t, got), describeProperties(&want); a != b {
			t.Errorf("%q:\n got %s\nwant %s", block, a, b)
		}
		if seconds, ok := headerExpiry(header); ok != p.HasExpiry || seconds != p.Expiry {
			t.Errorf("%q: expiry %d %v, want %d %v", block, seconds, ok, p.Expiry, p.HasExpiry)
		}
		if carried, _ := appendCarried(nil, block); p.User > 0 && !bytes.Equal(got, carried) {
			t.Errorf("%q: got %q, want the bytes %q", block, got, carried)
		}
		if forward := packet.AppendForward(nil, block, 0, false); p.User > 0 && p.ResponseTopic == nil && !bytes.Equal(got, forward) {
			t.Errorf("%q: got %q, want the bytes %q", block, got, forward)
		}
		if headerRetain(header) {
			t.Errorf("%q: is retained", block)
		}
		if !bytes.Equal(block, before) {
			t.Errorf("%q was written to", before)
		}
	})
}

// FuzzHeaderRead makes properties of anything.
func FuzzHeaderRead(f *testing.F) {
	for _, header := range []string{
		"", "NATS/1.0\r\n\r\n", "NATS/1.0 503 No Responders\r\n\r\n", "NATS/1.0\r\nContent-Type: a\r\nMqtt-Correlation: AA==\r\nMqtt-Format: 1\r\nx: y\r\n\r\n",
		"NATS/1.0\r\n" + opaqueField(typeBlock+userBlock("a", "1")+aliasBlock+"\x0b\x01") + "\r\n", "NATS/1.0\r\nMqtt-Expiry: 60\r\nMqtt-Retain: true\r\n\r\n",
		"NATS/1.0\r\n:\r\n\xff: \x00\r\n", "NATS/1.0\r\na: b\nc: d\r\n",
	} {
		f.Add([]byte(header), false)
		f.Add([]byte(header), true)
	}
	f.Fuzz(func(t *testing.T, header []byte, rich bool) {
		before := bytes.Clone(header)
		var o propertyOptions
		if rich {
			o = propertyOptions{responseTopic: []byte("a/b"), ids: []uint32{7, 300}, expiry: 5, hasExpiry: true}
		}
		block := appendProperties(nil, header, o)
		p := readBlock(t, block)
		if p.TopicAlias != 0 || p.HasExpiry != rich || p.Expiry != o.expiry || string(p.ResponseTopic) != string(o.responseTopic) {
			t.Errorf("%q: %s", header, describeProperties(p))
		}
		if ids := slices.Collect(p.SubscriptionIDs()); !slices.Equal(ids, o.ids) {
			t.Errorf("%q: subscription identifiers %v", header, ids)
		}
		headerExpiry(header)
		headerRetain(header)
		for name := range fields(header) {
			if _, ok := headerValue(header, string(name)); !ok {
				t.Errorf("%q: %q is there and is not", header, name)
			}
		}
		if !bytes.Equal(header, before) {
			t.Errorf("%q was written to", before)
		}
	})
}

func TestHeaderAllocs(t *testing.T) {
	blocks := []string{"", aliasBlock, typeBlock + formatBlock + expiryBlock + correlationBlock, userBlock("a", "1") + expiryBlock + userBlock("Nats-X", "2") + replyBlock + userBlock("b", "\r\n")}
	dst, back := make([]byte, 0, 1024), make([]byte, 0, 1024)
	o := propertyOptions{responseTopic: []byte("a/b"), ids: []uint32{7}, expiry: 5, hasExpiry: true}
	for _, block := range blocks {
		p, err := parseBlock([]byte(block))
		if err != nil {
			t.Fatal(err)
		}
		plain := []byte("NATS/1.0 503 No Responders\r\nContent-Type: a\r\nMqtt-Correlation: AA==\r\nMqtt-Expiry: 60\r\nx: y\r\n\r\n")
		allocs := testing.AllocsPerRun(10, func() {
			for range 1_000 {
				dst = appendHeader(dst[:0], p)
				back = appendProperties(back[:0], dst, o)
				headerExpiry(dst)
				headerRetain(dst)
				back = appendProperties(back[:0], plain, o)
				headerExpiry(plain)
			}
		})
		if allocs != 0 {
			t.Errorf("%q: %v allocations in 1,000 messages", block, allocs)
		}
	}
}

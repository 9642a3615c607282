package packet_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"leafgate/mqtt/packet"
)

const limit = 1 << 20 // of remaining lengths

// whole puts the length of the parts in front of them, and the first byte in front of that.
func whole(first byte, parts ...string) string {
	body := strings.Join(parts, "")
	return string(append(packet.AppendVarint([]byte{first}, len(body)), body...))
}

// str is a string or binary data with its length.
func str(s string) string { return string(packet.AppendString(nil, s)) }

// props is a property block with its length.
func props(parts ...string) string {
	block := strings.Join(parts, "")
	return string(append(packet.AppendVarint(nil, len(block)), block...))
}

func user(name, value string) string { return string(packet.AppendUser(nil, name, value)) }

// next feeds in to Next one byte at a time, as the slowest peer would. The packet is the only one, and nothing is said of
// it that more bytes take back.
func next(t *testing.T, in string, v packet.Version) (p packet.Raw, err error) {
	t.Helper()
	for i := range len(in) + 1 {
		p, n, need, err := packet.Next([]byte(in[:i]), v, limit)
		switch {
		case err != nil:
			if _, _, _, again := packet.Next([]byte(in), v, limit); again != err {
				t.Errorf("after %d bytes: error %v, after all: %v", i, err, again)
			}
			return p, err
		case i < len(in) && n != 0:
			t.Fatalf("after %d of %d bytes: length %d", i, len(in), n)
		case need != 0 && need != len(in):
			t.Fatalf("after %d of %d bytes: need %d", i, len(in), need)
		case i == len(in) && n != len(in):
			t.Fatalf("after all %d bytes: length %d", len(in), n)
		case i == len(in):
			return p, nil
		}
	}
	panic("not reached")
}

// A form is a packet that was read: what it says, and how to write it again.
type form struct {
	value  any
	append func(dst []byte) []byte
}

// decode reads a body as its reader does: a client's packets as a server, and a server's as a client.
func decode(p packet.Raw, v packet.Version, fromServer bool) (f form, err error) {
	switch p.Type {
	case packet.CONNECT:
		c := new(packet.Connect)
		err = c.Parse(p.Body)
		return form{c, func(dst []byte) []byte { return packet.AppendConnect(dst, c) }}, err
	case packet.CONNACK:
		c := new(packet.Connack)
		err = c.Parse(p.Body, v)
		return form{c, func(dst []byte) []byte { return c.Append(dst, v) }}, err
	case packet.PUBLISH:
		m := new(packet.Publish)
		parse := m.Parse
		if fromServer {
			parse = m.ParseServer
		}
		err = parse(p.Flags, p.Body, v)
		return form{m, func(dst []byte) []byte { return packet.AppendPublish(dst, v, m) }}, err
	case packet.PUBACK, packet.PUBREC, packet.PUBREL, packet.PUBCOMP:
		a := new(packet.Ack)
		err = a.Parse(p.Type, p.Body, v)
		return form{a, func(dst []byte) []byte {
			if a.ReasonString != nil {
				return packet.AppendAckReason(dst, p.Type, a.ID, a.Reason, a.ReasonString)
			}
			return packet.AppendAck(dst, p.Type, v, a.ID, a.Reason)
		}}, err
	case packet.DISCONNECT:
		d := new(packet.Disconnect)
		if fromServer {
			err = d.ParseServer(p.Body)
		} else {
			err = d.Parse(p.Body, v)
		}
		return form{d, d.Append}, err
	case packet.AUTH:
		a := new(packet.Auth)
		parse := a.Parse
		if fromServer {
			parse = a.ParseServer
		}
		err = parse(p.Body)
		return form{a, func(dst []byte) []byte { return packet.AppendAuth(dst, a) }}, err
	}
	return decodeSubscriptions(p, v)
}

func decodeSubscriptions(p packet.Raw, v packet.Version) (f form, err error) {
	switch p.Type {
	case packet.SUBSCRIBE:
		s := new(packet.Subscribe)
		err = s.Parse(p.Body, v)
		return form{s, func(dst []byte) []byte { return packet.AppendSubscribe(dst, v, s) }}, err
	case packet.SUBACK:
		s := new(packet.Suback)
		err = s.Parse(p.Body, v)
		return form{s, func(dst []byte) []byte { return packet.AppendSuback(dst, v, s.ID, s.Codes...) }}, err
	case packet.UNSUBSCRIBE:
		u := new(packet.Unsubscribe)
		err = u.Parse(p.Body, v)
		return form{u, func(dst []byte) []byte { return packet.AppendUnsubscribe(dst, v, u) }}, err
	case packet.UNSUBACK:
		u := new(packet.Unsuback)
		err = u.Parse(p.Body, v)
		return form{u, func(dst []byte) []byte { return packet.AppendUnsuback(dst, v, u.ID, u.Codes...) }}, err
	case packet.PINGREQ:
		return form{struct{}{}, func(dst []byte) []byte { return append(dst, packet.PingRequest...) }}, nil
	}
	return form{struct{}{}, func(dst []byte) []byte { return append(dst, packet.PingResponse...) }}, nil
}

// String says everything that is not zero, and of bytes what is not nil, in the order of the fields.
func (f form) String() string {
	var b strings.Builder
	describe(&b, reflect.Indirect(reflect.ValueOf(f.value)), "")
	switch p := f.value.(type) {
	case *packet.Subscribe:
		for filter, o := range p.Filters() {
			fmt.Fprintf(&b, " %s:%d", filter, o.QoS())
			if o > 2 {
				fmt.Fprintf(&b, "/%t/%t/%d", o.NoLocal(), o.RetainAsPublished(), o.RetainHandling())
			}
		}
	case *packet.Unsubscribe:
		for filter := range p.Filters() {
			fmt.Fprintf(&b, " %s", filter)
		}
	}
	return strings.TrimSpace(b.String())
}

func describe(b *strings.Builder, v reflect.Value, prefix string) {
	for i := range v.NumField() {
		field, name := v.Field(i), prefix+v.Type().Field(i).Name
		if !v.Type().Field(i).IsExported() || field.IsZero() {
			continue
		}
		switch value := field.Interface().(type) {
		case packet.Block:
			for k, v := range value.Users() {
				fmt.Fprintf(b, " %s:%s", k, v)
			}
			for id := range value.SubscriptionIDs() {
				fmt.Fprintf(b, " SubscriptionID=%d", id)
			}
		case []byte:
			fmt.Fprintf(b, " %s=%s", name, value)
		case bool:
			fmt.Fprintf(b, " %s", name)
		case packet.Will:
			describe(b, field, "Will.")
		case packet.PublishProperties:
			describe(b, field, prefix)
		default:
			fmt.Fprintf(b, " %s=%v", name, value)
		}
	}
}

// inside fails unless every slice of a packet lies in the body it was read from, and cannot be appended to in place.
func inside(t *testing.T, body []byte, v reflect.Value) {
	t.Helper()
	begin := uintptr(unsafe.Pointer(unsafe.SliceData(body)))
	for i := range v.NumField() {
		field := v.Field(i)
		switch {
		case field.Kind() == reflect.Struct:
			inside(t, body, field)
		case field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.Uint8 && field.Len() > 0 &&
			field.Type() != reflect.TypeFor[[]packet.Reason](): // those are copied
			at := uintptr(field.UnsafePointer())
			if at < begin || at+uintptr(field.Len()) > begin+uintptr(len(body)) || field.Cap() != field.Len() {
				t.Errorf("%s reaches out of the body", v.Type().Field(i).Name)
			}
		}
	}
}

// A row is a packet with what must be read in it.
type row struct {
	name       string // and the statement it is about
	v          packet.Version
	fromServer bool
	in         string
	want       string // see form.String
	err        string // instead
	lossy      bool   // the packet has more than its value, so that it is not written again as it was
}

// run reads the packets of all rows, and writes those that are legal again.
func run(t *testing.T, rows []row) {
	t.Helper()
	for _, c := range rows {
		t.Run(c.name, func(t *testing.T) {
			p, err := next(t, c.in, c.v)
			var f form
			p.Body = append(make([]byte, 0, len(p.Body)+8), p.Body...) // more packets may lie behind it
			if err == nil {
				f, err = decode(p, c.v, c.fromServer)
			}
			if c.err != "" || err != nil {
				checkError(t, err, c.err)
				return
			}
			if got := f.String(); got != c.want {
				t.Errorf("\ngot  %s\nwant %s", got, c.want)
			}
			inside(t, p.Body, reflect.Indirect(reflect.ValueOf(f.value)))
			if again := string(f.append([]byte("#"))); !c.lossy && again != "#"+c.in {
				t.Errorf("written again:\ngot  %q\nwant %q", again, "#"+c.in)
			}
		})
	}
}

func checkError(t *testing.T, err error, want string) {
	t.Helper()
	var reason packet.Reason
	var fault *packet.Error
	switch {
	case err == nil || err.Error() != want:
		t.Errorf("error %v, want %q", err, want)
	case !errors.As(err, &reason) || !errors.As(err, &fault) || reason != fault.Reason || !reason.Failed():
		t.Errorf("error %v has no reason", err)
	}
}

package packet_test

import (
	"errors"
	"strings"
	"testing"

	"leafgate/mqtt/packet"
)

// connect is a CONNECT with what stands behind the level.
func connect(name string, level byte, rest ...string) string {
	return whole(0x10, str(name), string([]byte{level}), strings.Join(rest, ""))
}

func TestConnect(t *testing.T) {
	const defaults = " ReceiveMaximum=65535 RequestProblem"
	run(t, []row{
		{name: "3.1.1", in: "\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01c", want: "Version=3.1.1 CleanStart KeepAlive=60 ClientID=c" + defaults},
		{name: "3.1", in: "\x10\x0f\x00\x06MQIsdp\x03\x02\x00\x3c\x00\x01c", want: "Version=3.1 CleanStart KeepAlive=60 ClientID=c" + defaults},
		{name: "5", in: "\x10\x0e\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x01c", want: "Version=5.0 CleanStart KeepAlive=60 ClientID=c" + defaults},
		{name: "everything in 3.1.1", in: connect("MQTT", 4, "\xf4\x00\x00", str("c"), str("w/t"), str("\x00"), str("u"), str("\x00\xff")),
			want: "Version=3.1.1 ClientID=c HasWill Will.QoS=2 Will.Retain Will.Topic=w/t Will.Payload=\x00 HasUserName HasPassword " +
				"UserName=u Password=\x00\xff" + defaults},
		{name: "everything in 5", in: connect("MQTT", 5, "\xce\x00\x0a", props("\x11\xff\xff\xff\xff", "\x21\x00\x0a", "\x27\x00\x01\x00\x00",
			"\x22\x00\x05", "\x19\x01", "\x17\x00", "\x15"+str("SCRAM"), "\x16"+str("\x00"), user("k", "v")),
			str("c"), props("\x18\x00\x00\x00\x05", "\x01\x01", "\x02\x00\x00\x00\x3c", "\x03"+str("t"), "\x08"+str("r"), "\x09"+str("d"),
				user("b", "1"), user("a", "2")), str("w"), str("bye"), str("u"), str("p")),
			want: "Version=5.0 CleanStart KeepAlive=10 ClientID=c HasWill Will.QoS=1 Will.Topic=w Will.Payload=bye Will.Delay=5 b:1 a:2 " +
				"Will.HasFormat Will.PayloadFormat=1 Will.HasExpiry Will.Expiry=60 Will.ContentType=t Will.ResponseTopic=r Will.CorrelationData=d Will.User=2 " +
				"HasUserName HasPassword UserName=u Password=p HasSessionExpiry SessionExpiry=4294967295 ReceiveMaximum=10 " +
				"MaximumPacketSize=65536 TopicAliasMaximum=5 RequestResponse AuthMethod=SCRAM AuthData=\x00 k:v"},
		{name: "MQTT-3.1.3-6 empty client id", in: connect("MQTT", 4, "\x02\x00\x00", str("")), want: "Version=3.1.1 CleanStart ClientID=" + defaults},
		{name: "MQTT-3.1.3-5 any characters", in: connect("MQTT", 4, "\x02\x00\x00", str("a b/+#.*>é\x01")),
			want: "Version=3.1.1 CleanStart ClientID=a b/+#.*>é\x01" + defaults},
		{name: "empty user name and password", in: connect("MQTT", 4, "\xc2\x00\x00", str("c"), str(""), str("")),
			want: "Version=3.1.1 CleanStart ClientID=c HasUserName HasPassword UserName= Password=" + defaults},
		{name: "MQTT-3.1.2-9 empty will message", in: connect("MQTT", 4, "\x06\x00\x00", str("c"), str("w"), str("")),
			want: "Version=3.1.1 CleanStart ClientID=c HasWill Will.Topic=w Will.Payload=" + defaults},
		{name: "password alone in 5", in: connect("MQTT", 5, "\x42\x00\x00\x00", str("c"), str("token")),
			want: "Version=5.0 CleanStart ClientID=c HasPassword Password=token" + defaults},
		{name: "bridge of 3.1.1", in: connect("MQTT", 0x84, "\x02\x00\x00", str("c")), want: "Version=3.1.1 Bridge CleanStart ClientID=c" + defaults},
		{name: "bridge of 3.1", in: connect("MQIsdp", 0x83, "\x02\x00\x00", str("c")), want: "Version=3.1 Bridge CleanStart ClientID=c" + defaults},
		{name: "reserved flag in 3.1", in: connect("MQIsdp", 3, "\x03\x00\x00", str("c")), lossy: true,
			want: "Version=3.1 CleanStart ClientID=c" + defaults},
		{name: "user name announced only, 3.1", in: connect("MQIsdp", 3, "\xc2\x00\x00", str("c")), lossy: true,
			want: "Version=3.1 CleanStart ClientID=c" + defaults},
		{name: "password announced only, 3.1", in: connect("MQIsdp", 3, "\xc2\x00\x00", str("c"), str("u")), lossy: true,
			want: "Version=3.1 CleanStart ClientID=c HasUserName UserName=u" + defaults},
	})
}

func TestConnectMalformed(t *testing.T) {
	const early, left = "malformed packet: packet ends too early", "malformed packet: bytes left over behind the last field"
	run(t, []row{
		{name: "empty", in: "\x10\x00", err: early},
		{name: "name cut", in: "\x10\x04\x00\x04MQ", err: early},
		{name: "no level", in: "\x10\x06\x00\x04MQTT", err: early},
		{name: "no flags", in: connect("MQTT", 4), err: early},
		{name: "no keep alive", in: connect("MQTT", 4, "\x02\x00"), err: early},
		{name: "MQTT-3.1.3-3 no client id", in: connect("MQTT", 4, "\x02\x00\x00"), err: early},
		{name: "no properties", in: connect("MQTT", 5, "\x02\x00\x00"), err: early},
		{name: "MQTT-3.1.2-3 reserved flag", in: connect("MQTT", 4, "\x03\x00\x00", str("c")), err: "malformed packet: reserved connect flag"},
		{name: "MQTT-3.1.2-3 reserved flag in 5", in: connect("MQTT", 5, "\x03\x00\x00\x00", str("c")), err: "malformed packet: reserved connect flag"},
		{name: "MQTT-3.1.2-13 will QoS without will", in: connect("MQTT", 4, "\x0a\x00\x00", str("c")),
			err: "malformed packet: will QoS or will retain without a will"},
		{name: "MQTT-3.1.2-15 will retain without will", in: connect("MQTT", 4, "\x22\x00\x00", str("c")),
			err: "malformed packet: will QoS or will retain without a will"},
		{name: "MQTT-3.1.2-11 in 5", in: connect("MQTT", 5, "\x12\x00\x00\x00", str("c")),
			err: "malformed packet: will QoS or will retain without a will"},
		{name: "MQTT-3.1.2-14 will QoS 3", in: connect("MQTT", 4, "\x1e\x00\x00", str("c"), str("w"), str("")), err: "malformed packet: will with QoS 3"},
		{name: "MQTT-3.1.2-12 will QoS 3 in 5", in: connect("MQTT", 5, "\x1e\x00\x00\x00", str("c"), "\x00", str("w"), str("")),
			err: "malformed packet: will with QoS 3"},
		{name: "MQTT-3.1.2-22 password alone", in: connect("MQTT", 4, "\x42\x00\x00", str("c"), str("p")),
			err: "malformed packet: password without user name"},
		{name: "password alone in 3.1", in: connect("MQIsdp", 3, "\x42\x00\x00", str("c"), str("p")),
			err: "malformed packet: password without user name"},
		{name: "MQTT-3.1.2-9 will missing", in: connect("MQTT", 4, "\x06\x00\x00", str("c")), err: early},
		{name: "MQTT-3.1.2-9 will message missing", in: connect("MQTT", 5, "\x06\x00\x00\x00", str("c"), "\x00", str("w")), err: early},
		{name: "MQTT-3.1.2-19 user name missing", in: connect("MQTT", 4, "\x82\x00\x00", str("c")), err: early},
		{name: "MQTT-3.1.2-21 password missing", in: connect("MQTT", 4, "\xc2\x00\x00", str("c"), str("u")), err: early},
		{name: "MQTT-3.1.2-18 user name left over", in: connect("MQTT", 4, "\x02\x00\x00", str("c"), str("u")), err: left},
		{name: "MQTT-3.1.2-20 password left over", in: connect("MQTT", 5, "\x82\x00\x00\x00", str("c"), str("u"), str("p")), err: left},
		{name: "left over in 3.1", in: connect("MQIsdp", 3, "\x02\x00\x00", str("c"), "x"), err: left},
		{name: "data without method", in: connect("MQTT", 5, "\x02\x00\x00", props("\x16"+str("d")), str("c")),
			err: "protocol error: authentication data without a method"},
		{name: "will with an alias", in: connect("MQTT", 5, "\x06\x00\x00\x00", str("c"), props("\x23\x00\x01"), str("w"), str("")),
			err: "protocol error: property not allowed in this packet"},
		{name: "MQTT-3.3.2-14 response topic of the will", in: connect("MQTT", 5, "\x06\x00\x00\x00", str("c"), props("\x08"+str("#")), str("w"), str("")),
			err: "protocol error: response topic with wildcards"},
	})
}

// Who speaks something else gets no answer, who speaks another version gets one that it can read.
func TestConnectVersion(t *testing.T) {
	for _, c := range []struct {
		name  string
		in    string
		want  error
		reply packet.Version
		bytes string // of the CONNACK
	}{
		{name: "MQTT-3.1.2-1 other name", in: connect("AMQP", 4), want: packet.ErrProtocolName},
		{name: "MQTT-3.1.2-1 case", in: connect("mqtt", 4), want: packet.ErrProtocolName},
		{name: "MQTT-3.1.2-1 no name", in: connect("", 4), want: packet.ErrProtocolName},
		{name: "MQTT-3.1.2-1 longer name", in: connect("MQTTT", 5), want: packet.ErrProtocolName},
		{name: "MQTT-3.1.2-2 level 3", in: connect("MQTT", 3), want: packet.ErrLevel, reply: v311, bytes: "\x20\x02\x00\x01"},
		{name: "MQTT-3.1.2-2 level 0", in: connect("MQTT", 0), want: packet.ErrLevel, reply: v311, bytes: "\x20\x02\x00\x01"},
		{name: "MQTT-3.1.2-2 level 6", in: connect("MQTT", 6), want: packet.ErrLevel, reply: v5, bytes: "\x20\x03\x00\x84\x00"},
		{name: "MQTT-3.1.2-2 level 127", in: connect("MQTT", 127), want: packet.ErrLevel, reply: v5, bytes: "\x20\x03\x00\x84\x00"},
		{name: "MQTT-3.1.2-2 bridge of level 3", in: connect("MQTT", 0x83), want: packet.ErrLevel, reply: v311, bytes: "\x20\x02\x00\x01"},
		{name: "3.1 with level 4", in: connect("MQIsdp", 4), want: packet.ErrLevel, reply: v31, bytes: "\x20\x02\x00\x01"},
		{name: "3.1 with level 5", in: connect("MQIsdp", 5), want: packet.ErrLevel, reply: v31, bytes: "\x20\x02\x00\x01"},
	} {
		p, err := next(t, c.in, before)
		if err != nil {
			t.Fatal(err)
		}
		var got packet.Connect
		if err := got.Parse(p.Body); err != c.want || !errors.Is(err, packet.UnsupportedVersion) || got.Version != c.reply {
			t.Errorf("%s: error %v, version %s", c.name, err, got.Version)
		}
		answer := packet.Connack{Reason: packet.UnsupportedVersion}
		if c.reply != 0 {
			if b := string(answer.Append(nil, c.reply)); b != c.bytes {
				t.Errorf("%s: answer %q, want %q", c.name, b, c.bytes)
			}
		}
	}
}

// Strings in a CONNECT that are none, each where a string may stand, and binary data that may be anything.
func TestConnectStrings(t *testing.T) {
	for _, c := range []struct {
		name, value string
		bad         bool
	}{
		{"MQTT-1.5.3-1 not UTF-8", "a\xff", true},
		{"MQTT-1.5.3-1 surrogates", "\xed\xa0\x80\xed\xb0\x80", true},
		{"MQTT-1.5.3-1 overlong", "\xc1\xbf", true},
		{"MQTT-1.5.3-2 NUL", "a\x00", true},
		{"MQTT-1.5.3-3 byte order mark", "\xef\xbb\xbfa", false},
		{"control characters", "\x01\x1f\x7f\u0080\u009f", false},
		{"non-characters", "\ufffe\uffff", false},
		{"4 bytes", "\U0010ffff", false},
		{"MQTT-4.7.3-3 longest", strings.Repeat("x", 65535), false},
	} {
		for _, level := range []byte{4, 5} {
			none := ""
			if level == 5 {
				none = "\x00"
			}
			at := map[string]string{
				"MQTT-3.1.3-4 client id":   connect("MQTT", level, "\x02\x00\x00", none, str(c.value)),
				"MQTT-3.1.3-10 will topic": connect("MQTT", level, "\x06\x00\x00", none, str("c"), none, str(c.value), str("")),
				"MQTT-3.1.3-11 user name":  connect("MQTT", level, "\x82\x00\x00", none, str("c"), str(c.value)),
				"will message":             connect("MQTT", level, "\x06\x00\x00", none, str("c"), none, str("w"), str(c.value)),
				"password":                 connect("MQTT", level, "\xc2\x00\x00", none, str("c"), str("u"), str(c.value)),
			}
			for field, in := range at {
				p, _, _, err := packet.Next([]byte(in), before, limit)
				if err != nil {
					t.Fatal(err)
				}
				err = new(packet.Connect).Parse(p.Body)
				if c.bad && strings.HasPrefix(field, "MQTT") {
					checkError(t, err, "malformed packet: string is not UTF-8 or holds U+0000")
				} else if err != nil {
					t.Errorf("level %d, %s in %s: %v", level, c.name, field, err)
				}
			}
		}
	}
}

func TestNewConnect(t *testing.T) {
	for v, want := range map[packet.Version]string{
		v31:  "\x10\x0f\x00\x06MQIsdp\x03\x02\x00\x00\x00\x01c",
		v311: "\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01c",
		v5:   "\x10\x0e\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x01c",
	} {
		if got := string(packet.AppendConnect(nil, packet.NewConnect(v, "c"))); got != want {
			t.Errorf("%s: %q, want %q", v, got, want)
		}
	}
	c := packet.NewConnect(v5, "c")
	c.Raw = packet.AppendUser(nil, "k", "v")
	for k, v := range c.Users() {
		if string(k) != "k" || string(v) != "v" {
			t.Errorf("user property %q: %q", k, v)
		}
	}
}

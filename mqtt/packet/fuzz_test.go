package packet_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"leafgate/mqtt/packet"
)

// seeds are packets of every kind, as the encoder writes them.
func seeds() (list [][]byte) {
	full := packet.PublishProperties{PayloadFormat: 1, HasExpiry: true, Expiry: 60, ContentType: []byte("json"), ResponseTopic: []byte("r/t"),
		CorrelationData: []byte{0, 1}, TopicAlias: 3, Raw: packet.AppendUser(packet.AppendSubscriptionID(nil, 200), "k", "v")}
	publish := packet.Publish{QoS: 1, ID: 7, Retain: true, Topic: []byte("a/b"), Payload: []byte("hi"), Properties: full}
	subscribe, unsubscribe := packet.Subscribe{ID: 1, SubscriptionID: 9}, packet.Unsubscribe{ID: 2}
	subscribe.Add("a/+", 1)
	subscribe.Add("$share/g/#", packet.NewOptions(2, false, true, 2))
	unsubscribe.Add("a/+")
	for _, v := range []packet.Version{v31, v311, v5} {
		c := packet.NewConnect(v, "client")
		list = append(list, packet.AppendConnect(nil, c))
		c.HasWill, c.Will = true, packet.Will{QoS: 2, Topic: []byte("w"), Payload: []byte("bye"), Delay: 5, Properties: full}
		c.Will.Properties.TopicAlias, c.Will.Properties.Raw = 0, packet.AppendUser(nil, "k", "v")
		c.HasUserName, c.HasPassword, c.UserName, c.Password = true, true, []byte("u"), []byte("p")
		c.AuthMethod, c.AuthData, c.Raw = []byte("m"), []byte("d"), packet.AppendUser(nil, "k", "v")
		connack := packet.Connack{ReceiveMaximum: 20, AssignedClientID: []byte("x"), ReasonString: []byte("y"), SharedUnavailable: true}
		list = append(list, packet.AppendConnect(nil, c), connack.Append(nil, v), packet.AppendPublish(nil, v, &publish),
			packet.AppendPublish(nil, v, &packet.Publish{Topic: []byte("a")}),
			packet.AppendAck(nil, packet.PUBACK, v, 7, packet.Success), packet.AppendAck(nil, packet.PUBREL, v, 7, packet.PacketIDNotFound),
			packet.AppendSubscribe(nil, v, &subscribe), packet.AppendUnsubscribe(nil, v, &unsubscribe),
			packet.AppendSuback(nil, v, 1, packet.GrantedQoS1, packet.Unspecified), packet.AppendUnsuback(nil, v, 2, packet.Success))
	}
	disconnect := packet.Disconnect{Reason: packet.Malformed, HasSessionExpiry: true, SessionExpiry: 1}
	return append(list, packet.AppendAckReason(nil, packet.PUBREC, 7, packet.QuotaExceeded, []byte("full")), disconnect.Append(nil),
		packet.AppendDisconnect(nil, packet.NormalDisconnection, nil, nil),
		packet.AppendDisconnect(nil, packet.UseAnotherServer, []byte("x"), []byte("h")),
		packet.AppendAuth(nil, &packet.Auth{Reason: packet.ContinueAuthentication, Method: []byte("m"), Data: []byte("d")}),
		[]byte(packet.PingRequest), []byte(packet.PingResponse))
}

// Whatever comes is refused with a reason, or says the same after it has been written and read again.
func FuzzPacket(f *testing.F) {
	versions := []packet.Version{before, v31, v311, v5}
	for i := range versions {
		for _, in := range seeds() {
			f.Add(in, byte(i), false)
			f.Add(in, byte(i), true)
		}
	}
	f.Fuzz(func(t *testing.T, in []byte, version byte, fromServer bool) {
		v := versions[int(version)%len(versions)]
		p, n, need, err := packet.Next(in, v, limit)
		if err != nil {
			refused(t, err)
			return
		}
		if n == 0 {
			if need != 0 && need <= len(in) {
				t.Fatalf("%d of %d bytes are not enough", len(in), need)
			}
			return
		}
		if n != need || n > len(in) || len(p.Body) > n-2 || cap(p.Body) != len(p.Body) {
			t.Fatalf("length %d, need %d, body %d", n, need, len(p.Body))
		}
		if _, early, needed, err := packet.Next(in[:n-1], v, limit); early != 0 || needed != 0 && needed != n || err != nil {
			t.Fatalf("without its last byte: length %d, need %d, %v", early, needed, err)
		}
		again(t, p, v, fromServer)
	})
}

// again decodes, encodes and decodes.
func again(t *testing.T, p packet.Raw, v packet.Version, fromServer bool) {
	first, err := decode(p, v, fromServer)
	if err != nil {
		refused(t, err)
		return
	}
	inside(t, p.Body, reflect.Indirect(reflect.ValueOf(first.value)))
	switch s := first.value.(type) { // what the encoder of a server does not write
	case *packet.Suback:
		s.ReasonString, s.Raw = nil, nil
	case *packet.Unsuback:
		s.ReasonString, s.Raw = nil, nil
	}
	b := first.append(nil)
	p, n, _, err := packet.Next(b, v, limit)
	if n != len(b) || err != nil {
		t.Fatalf("%s\nwritten as %x: length %d, %v", first, b, n, err)
	}
	second, err := decode(p, v, fromServer)
	if err != nil || second.String() != first.String() {
		t.Fatalf("first  %s\nsecond %s, %v", first, second, err)
	}
	if c := second.append(nil); !bytes.Equal(b, c) {
		t.Fatalf("written as %x, then as %x", b, c)
	}
}

func refused(t *testing.T, err error) {
	var reason packet.Reason
	if !errors.As(err, &reason) || !reason.Failed() {
		t.Fatalf("error %v has no reason", err)
	}
}

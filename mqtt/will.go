package mqtt

import (
	"bytes"
	"errors"

	"leafgate/core"
	"leafgate/internal/reason"
	"leafgate/mapping"
	"leafgate/mqtt/packet"
)

// readWill checks the will of a CONNECT and keeps it. [MQTT-3.1.2-8] [MQTT-3.1.2-9]
func (c *conn) readWill(j *joining) error {
	o, w := c.options(), &j.Will
	_, err := o.namer.AppendSubject(nil, w.Topic)
	switch {
	case errors.Is(err, mapping.ErrReserved):
		return c.refuseWith(packet.NotAuthorized, reason.AuthenticationFailure, "will topic is reserved", nil)
	case err != nil && c.version == packet.V5:
		return c.refuseWith(packet.TopicNameInvalid, reason.ProtocolViolation, "invalid will topic", err)
	case err != nil: // [MQTT-4.7.1-1] [MQTT-4.7.3-1]
		return err
	case w.QoS == 2 && o.rejectQoS2: // [MQTT-3.2.2-12]
		return c.refuseWith(packet.QoSNotSupported, reason.ProtocolViolation, "QoS 2 is not served", nil)
	case w.Retain && !o.retains() && c.version == packet.V5: // [MQTT-3.2.2-13]
		return c.refuseWith(packet.RetainNotSupported, reason.ProtocolViolation, "retained messages are not served", nil)
	case len(w.Payload) > o.maxPayload:
		return c.refuseWith(packet.PacketTooLarge, reason.MaxPayload, "will larger than max_payload", nil)
	}
	j.will = &Will{Topic: bytes.Clone(w.Topic), Payload: bytes.Clone(w.Payload), QoS: w.QoS, Retain: w.Retain, Delay: w.Delay}
	if w.Properties.Raw == nil {
		return nil
	}
	if header := appendHeader(nil, &w.Properties); len(header) > 0 {
		j.will.Header = header
	}
	if topic := w.Properties.ResponseTopic; topic != nil {
		if j.will.Reply, err = o.namer.AppendSubject(nil, topic); err != nil {
			return c.refuseWith(packet.TopicNameInvalid, reason.ProtocolViolation, "invalid response topic of the will", err)
		}
	}
	return nil
}

// publishWill publishes w in the session's name, with its rights. [MQTT-3.1.2-14] [MQTT-3.1.2-15] [MQTT-3.1.2-17]
func (s *session) publishWill(batch *core.Batch, w *Will) {
	f := s.module
	m := batch.Message()
	stored := core.NewBarrier(func(err error) {
		if err != nil {
			f.log.Error("will was not stored", "client_id", s.key.ClientID, "err", err)
		}
	})
	*m = core.Message{Raw: w.Topic, Namer: f.opts.Load().namer, Payload: w.Payload, Header: w.Header,
		Mark: markOf(w.QoS, w.Retain), Stored: stored}
	if w.Reply != nil && s.ep.Identity().Perms.CanSubscribe(string(w.Reply), "") {
		m.Reply = w.Reply
	}
	err := batch.Resolve(s.ep, m)
	if err == nil && w.Retain {
		_ = f.keepRetained(batch, s.ep.Account(), m, w.QoS) // counted there
	}
	if err == nil {
		_, err = batch.Publish(s.ep, m)
	}
	batch.Settle()
	stored.Done(f.store.Seal(stored, nil, 0))
	if err != nil {
		f.counters.denied.Add(1)
		f.log.Info("will was not published", "client_id", s.key.ClientID, "err", err)
	}
}

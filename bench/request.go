package main

import (
	"bytes"
	"fmt"
	"time"
)

var service = []byte("bench.service")

// A requester has one request under way at all times. Its payload is numbered, so that every answer is checked.
type requester struct {
	*conn
	id       int
	request  []byte // the encoded request
	payload  []byte // its payload, within request
	sequence uint64
	sentAt   time.Time
	answered int64
}

// requests is the connections of a request row and the loop that serves them.
type requests struct {
	*trial
	clients   []*requester
	responder *conn
	answers   []byte // scratch
	poller    *poller
	times     *recorder
}

// runRequest is the driver of request rows. Every answer is checked in both modes: they cost the same here.
func runRequest(t *trial) (s sample, err error) {
	rq, err := openRequests(t)
	defer rq.close()
	if err == nil {
		_, err = rq.run(t.opt.verifyTime())
	}
	if err != nil {
		return s, fmt.Errorf("verify: %w", err)
	}
	rq.times.reset()
	m, err := startMeter(t.server.pid())
	if err != nil {
		return s, err
	}
	n, err := rq.run(t.opt.length())
	if err != nil {
		return s, err
	}
	if s, err = m.stop(n); err == nil {
		s.Latency = rq.times.latency()
	}
	return s, err
}

func openRequests(t *trial) (*requests, error) {
	rq := &requests{trial: t, times: newRecorder()}
	var err error
	if rq.poller, err = newPoller(); err != nil {
		return rq, err
	}
	if rq.responder, err = t.sub.dial("responder", t.sub.d.Subscribe(nil, service, "", 1)); err != nil {
		return rq, err
	}
	if err = rq.poller.watchRead(rq.responder.fd, t.row.clients); err != nil {
		return rq, err
	}
	for i := range t.row.clients {
		if err = rq.openClient(i); err != nil {
			return rq, err
		}
	}
	return rq, nil
}

func (rq *requests) openClient(i int) error {
	inbox := fmt.Appendf(nil, "_INBOX.bench.%04d", i)
	c, err := rq.pub.dial(fmt.Sprintf("client-%d", i), rq.pub.d.Subscribe(nil, inbox, "", 1))
	if err != nil {
		return err
	}
	payload := filler(rq.size)
	k := &requester{conn: c, id: i, request: rq.pub.d.Publish(nil, &unit{subject: service, reply: inbox, payload: payload})}
	at := payloadOffset(k.request, payload)
	k.payload = k.request[at : at+rq.size]
	rq.clients = append(rq.clients, k)
	return rq.poller.watchRead(c.fd, i)
}

func (rq *requests) close() {
	for _, k := range rq.clients {
		k.close()
	}
	if rq.responder != nil {
		rq.responder.close()
	}
	if rq.poller != nil {
		rq.poller.close()
	}
}

// run lets all clients ask for d and returns the number of answers.
func (rq *requests) run(d time.Duration) (answers int64, err error) {
	begin := time.Now()
	for _, k := range rq.clients {
		k.answered = 0
		if err = k.ask(); err != nil {
			return 0, err
		}
	}
	open, last := len(rq.clients), begin
	for open > 0 {
		n, err := rq.poller.wait(50)
		if err == nil {
			err = rq.expired()
		}
		now := time.Now()
		for i := 0; i < n && err == nil; i++ {
			last = now
			slot := rq.poller.slot(i)
			if slot == len(rq.clients) {
				err = rq.respond()
				continue
			}
			var closed bool
			if closed, err = rq.collect(rq.clients[slot], now.Sub(begin) >= d); closed {
				open--
			}
		}
		if err == nil && now.Sub(last) > rq.opt.patience {
			err = fmt.Errorf("%d answers %w", open, errLost)
		}
		if err != nil {
			return 0, err
		}
	}
	for _, k := range rq.clients {
		answers += k.answered
	}
	return answers, nil
}

// ask sends the next request.
func (k *requester) ask() error {
	k.sequence++
	putStamp(k.payload, k.id, k.sequence)
	k.sentAt = time.Now()
	return k.say(k.request)
}

// collect takes an answer and asks again, unless it is over.
func (rq *requests) collect(k *requester, over bool) (closed bool, err error) {
	err = k.receive(func(u *unit) error {
		if !bytes.Equal(u.payload, k.payload) {
			return fmt.Errorf("answer %.40q is not to %.40q", u.payload, k.payload)
		}
		rq.times.add(time.Since(k.sentAt))
		k.answered++
		if closed = over; over {
			return nil
		}
		return k.ask()
	})
	return closed, err
}

// respond answers every request that has come with its own payload, in one write.
func (rq *requests) respond() error {
	rq.answers = rq.answers[:0]
	err := rq.responder.receive(func(u *unit) error {
		rq.answers = rq.sub.d.Publish(rq.answers, &unit{subject: u.reply, payload: u.payload})
		return nil
	})
	if err == nil && len(rq.answers) > 0 {
		err = rq.responder.say(rq.answers)
	}
	return err
}

package module

import "time"

// An Uplink is a link to another server, as /uplinkz shows it.
type Uplink struct {
	Name        string           `json:"name"`                  // as configured, or its first address
	URL         string           `json:"url"`                   // without credentials
	Account     string           `json:"account"`               // whose subjects it carries
	Server      string           `json:"server,omitempty"`      // what the other server calls itself
	Connected   bool             `json:"connected"`             // now
	State       string           `json:"state"`                 // in a word: connected, unverified, connecting, waiting, disabled, stopped
	Since       time.Time        `json:"since,omitzero"`        // when it was connected
	Retry       time.Time        `json:"next_retry,omitzero"`   // when the next attempt begins, while waiting
	RTT         time.Duration    `json:"rtt"`                   // nanoseconds, with what is on the way; 0: not known
	Attempts    int              `json:"attempts"`              // to connect, since it was last connected
	Error       string           `json:"last_error,omitempty"`  // of the last attempt, or why the link ended
	Verified    time.Time        `json:"verified,omitzero"`     // when a probe was last answered
	ProbeRTT    time.Duration    `json:"probe_rtt,omitempty"`   // nanoseconds that took
	Doubt       string           `json:"probe_error,omitempty"` // why it is unverified
	Compression string           `json:"compression,omitempty"` // of what is sent: off, or a level
	InMsgs      int64            `json:"in_msgs"`
	OutMsgs     int64            `json:"out_msgs"` // sent; what still waits does not count
	InBytes     int64            `json:"in_bytes"`
	OutBytes    int64            `json:"out_bytes"`
	Pending     int64            `json:"pending_bytes"`           // wait to be sent
	Waiting     int              `json:"pending_msgs"`            // wait to be sent
	Oldest      time.Duration    `json:"oldest_pending"`          // nanoseconds that the oldest of them has waited
	InFlight    int64            `json:"in_flight_bytes"`         // sent, not known to have arrived
	Window      int64            `json:"window_bytes"`            // what may be in flight
	Dropped     int64            `json:"dropped_msgs"`            // not sent, or not taken
	Drops       map[string]int64 `json:"dropped_by,omitempty"`    // why, by the reason's code
	ID          string           `json:"subject_token,omitempty"` // its name in subjects and topics, unique
}

// A PageError refuses a question about the gateway.
type PageError struct {
	Status int // of HTTP
	Text   string
}

func (e *PageError) Error() string { return e.Text }

// Package reason lists why connections end, why requests are refused and why messages are dropped: one list for every
// protocol, used by logs, monitoring and events. README.md is the list for operators.
package reason

import (
	"iter"
	"log/slog"
)

// A Reason is one of the list. It says nothing about what happened: the same reason may end a connection of one protocol
// and refuse a single request of another.
type Reason uint8

// The reasons.
const (
	None Reason = iota // nothing has happened
	ClientClosed
	AuthenticationTimeout
	AuthenticationFailure
	AuthenticationExpired
	TLSHandshakeFailure
	SlowConsumerPending
	SlowConsumerDeadline
	WriteError
	ReadError
	ParseError
	StaleConnection
	ProtocolViolation
	BadProtocolVersion
	NoRespondersRequiresHeaders
	ClientIDRefused
	DuplicateClientID
	MaxConnections
	MaxAccountConnections
	MaxSessions
	MaxPayload
	MaxControlLine
	MaxSubscriptions
	PermissionsViolation
	InvalidSubject
	MissingAccount
	Kicked
	ServerShutdown
	StorageFailure
	InternalError
	OutboxFull
	QueueFull
	MessageExpired
	MaxPacketSize
	NoTopic
	RetainedFull
	LinkClosed
	MemoryShort
	reasons
)

// An entry is what is known of a reason.
type entry struct {
	code  string     // for metrics, logs and programs; never changes
	text  string     // for people; where nats-server has a text, that one
	level slog.Level // of a log record about it
	means string
}

// Levels: what an operator may have to act on is information or a warning, the rest is detail.
const (
	detail = slog.LevelDebug
	info   = slog.LevelInfo
	warn   = slog.LevelWarn
	fault  = slog.LevelError
)

var table = [reasons]entry{
	None:                  {"", "", detail, ""},
	ClientClosed:          {"client_closed", "Client Closed", detail, "the client said good-bye or closed the connection"},
	AuthenticationTimeout: {"authentication_timeout", "Authentication Timeout", info, "no CONNECT or no credentials in time"},
	AuthenticationFailure: {"authentication_failure", "Authentication Failure", info, "wrong or missing credentials, or no longer valid after a reload"},
	AuthenticationExpired: {"authentication_expired", "Authentication Expired", info, "the rights of the user were limited in time"},
	TLSHandshakeFailure:   {"tls_handshake_failure", "TLS Handshake Failure", info, "no TLS, no common version, or a certificate that is not accepted"},
	SlowConsumerPending:   {"slow_consumer_pending", "Slow Consumer (Pending Bytes)", warn, "the client takes less than it is sent: more than `max_pending` waits"},
	SlowConsumerDeadline:  {"slow_consumer_deadline", "Slow Consumer (Write Deadline)", warn, "the client took no bytes for `write_deadline`"},
	WriteError:            {"write_error", "Write Error", detail, "the network broke while writing"},
	ReadError:             {"read_error", "Read Error", detail, "the network broke while reading"},
	ParseError:            {"parse_error", "Parse Error", detail, "the client reported an error of ours"},
	StaleConnection:       {"stale_connection", "Stale Connection", detail, "pings went unanswered, or nothing came for 1.5 times the keep alive"},
	ProtocolViolation:     {"protocol_violation", "Protocol Violation", detail, "bytes that the protocol does not allow there"},
	BadProtocolVersion:    {"bad_protocol_version", "Bad Client Protocol Version", detail, "a version or level that is not served"},
	NoRespondersRequiresHeaders: {"no_responders_requires_headers", "No Responders Requires Headers", detail,
		"CONNECT asks for no_responders without headers"},
	ClientIDRefused:       {"client_id_refused", "Client Identifier Refused", info, "an empty client identifier where one is needed"},
	DuplicateClientID:     {"duplicate_client_id", "Duplicate Client ID", detail, "another connection with the client identifier took the session over"},
	MaxConnections:        {"max_connections", "Maximum Connections Exceeded", info, "`max_connections`"},
	MaxAccountConnections: {"max_account_connections", "Maximum Account Connections Exceeded", info, "the account's limit of connections"},
	MaxSessions:           {"max_sessions", "Maximum Sessions Exceeded", info, "the limit of MQTT sessions"},
	MaxPayload:            {"max_payload", "Maximum Message Payload Exceeded", info, "`max_payload`"},
	MaxControlLine:        {"max_control_line", "Maximum Control Line Exceeded", detail, "`max_control_line`"},
	MaxSubscriptions:      {"max_subscriptions", "Maximum Subscriptions Exceeded", detail, "the limit of the client's or the account's subscriptions"},
	PermissionsViolation:  {"permissions_violation", "Permissions Violation", detail, "a subject that the user may not publish or subscribe to"},
	InvalidSubject:        {"invalid_subject", "Invalid Subject", detail, "a subject or topic that cannot be"},
	MissingAccount:        {"missing_account", "Missing Account", info, "a reload removed the account"},
	Kicked:                {"kicked", "Kicked", detail, "an operator ended the connection"},
	ServerShutdown:        {"server_shutdown", "Server Shutdown", detail, "the gateway stops, or sends clients away before it does"},
	StorageFailure:        {"storage_failure", "Storage Failure", warn, "a message or session could not be stored"},
	InternalError:         {"internal_error", "Internal Error", fault, "a defect of the gateway: please report it"},
	OutboxFull:            {"outbox_full", "Outbox Full", detail, "dropped, at QoS 0 or on a link: the other side takes less than it is sent"},
	QueueFull:             {"queue_full", "Queue Full", detail, "dropped at QoS 1 or 2: the session's queue is full"},
	MessageExpired:        {"message_expired", "Message Expired", detail, "dropped: the message expired before it was sent"},
	MaxPacketSize:         {"max_packet_size", "Maximum Packet Size Exceeded", detail, "dropped: larger than the receiving client takes"},
	NoTopic:               {"no_topic", "Subject Is No Topic", detail, "dropped: the subject cannot be written as a topic"},
	RetainedFull:          {"retained_full", "Retained Messages Full", detail, "not retained: the store of retained messages is full"},
	LinkClosed:            {"link_closed", "Link Closed", detail, "dropped: the link to another server ended before they were sent"},
	MemoryShort:           {"memory_short", "Memory Short", info, "the gateway has used what `max_memory` allows: nobody new is let in"},
}

// String is the text for people, as /connz shows it.
func (r Reason) String() string { return table[r].text }

// Code is the word for metrics, logs and programs.
func (r Reason) Code() string { return table[r].code }

// Level is how loudly a log tells of r.
func (r Reason) Level() slog.Level { return table[r].level }

// Means says in a few words what r tells an operator.
func (r Reason) Means() string { return table[r].means }

// All are the reasons but None, in order.
func All() iter.Seq[Reason] {
	return func(yield func(Reason) bool) {
		for r := None + 1; r < reasons; r++ {
			if !yield(r) {
				return
			}
		}
	}
}

// Count is how many values a Reason has, None included: the length of an array by reason.
const Count = int(reasons)

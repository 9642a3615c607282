package natsproto_test

import "strings"

const (
	loud      = "> CONNECT {\"pedantic\":false,\"headers\":true}\r\n" // verbose, as who does not say
	unknown   = "-ERR 'Unknown Protocol Operation'\r\n"
	badSubj   = "-ERR 'Invalid Subject'\r\n"
	tooLarge  = "-ERR 'Maximum Payload Violation'\r\n"
	tooLong   = "-ERR 'maximum control line exceeded'\r\n"
	forbidden = "-ERR 'Authorization Violation'\r\n"
)

var (
	guest = `authorization { users: [ { user: guest, password: x, permissions: { publish: "ok.>", subscribe: "ok.>" } }, { user: b, password: pw } ] }
no_auth_user: guest
`
	wide = `authorization { users: [ { user: a, password: pw, permissions: { subscribe: ["a.*", "b.* grp"] } } ] }
`
	longSID = strings.Repeat("0123456789", 20)
	deep    = strings.Repeat("a.", 99) + "a"
)

// spellings are the many ways to write, or to get wrong, what conversations write in one.
var spellings = []conversation{
	// Sizes.
	{"size with leading zeros", "", []string{quiet, "> SUB a 1\r\nPUB a 0002\r\nhi\r\nPING\r\n", "< MSG a 1 0002\r\nhi\r\nPONG\r\n"}},
	{"size in hexadecimal", "", []string{quiet, "> PUB a 0x1\r\n", "!"}},
	{"size with a plus", "", []string{quiet, "> PUB a +1\r\n", "!"}},
	{"size with a fraction", "", []string{quiet, "> PUB a 1.0\r\n", "!"}},
	{"size minus zero", "", []string{quiet, "> PUB a -0\r\n", "!"}},
	{"size that is a word", "", []string{quiet, "> PUB a b\r\n", "!"}},
	{"size of nine digits", "", []string{quiet, "> PUB a 999999999\r\n", "< " + tooLarge, "!"}},
	{"size of ten digits", "", []string{quiet, "> PUB a 9999999999\r\n", "!"}},
	{"size of ten digits, nine of them zeros", "", []string{quiet, "> PUB a 0000000001\r\n", "!"}},
	{"size of 2^63", "", []string{quiet, "> PUB a 9223372036854775808\r\n", "!"}},
	{"size of 2^64 and one", "", []string{quiet, "> PUB a 18446744073709551617\r\n", "!"}},
	{"header size negative", "", []string{quiet, "> HPUB a -1 5\r\n", "!"}},
	{"total size negative", "", []string{quiet, "> HPUB a 18 -1\r\n", "!"}},
	{"header size of 2^64", "", []string{quiet, "> HPUB a 18446744073709551616 5\r\n", "!"}},
	{"hpub with one size", "", []string{quiet, "> HPUB a 5\r\n", "!"}},
	{"hpub with too many", "", []string{quiet, "> HPUB a b c 1 2\r\n", "!"}},
	{"hpub with nothing", "", []string{quiet, "> HPUB \r\n", "!"}},
	{"pub with nothing", "", []string{quiet, "> PUB \r\n", "!"}},
	{"no room for the payload", "", []string{quiet, "> PUB a 0\r\nPING\r\n", "< " + unknown, "!"}},
	{"payload shorter than said", "", []string{quiet, "> PUB a 5\r\nhi\r\nPING\r\n", "< " + unknown, "!"}},
	{"hpub payload longer than said", "", []string{quiet, "> HPUB a 18 18\r\n" + block + "hi\r\n", "< " + unknown, "!"}},
	{"max payload with headers, exactly", "max_payload: 18", []string{quiet, "> SUB a 1\r\nHPUB a 12 18\r\nNATS/1.0\r\n\r\n123456\r\nHPUB a 12 19\r\n",
		"< HMSG a 1 12 18\r\nNATS/1.0\r\n\r\n123456\r\n" + tooLarge, "!"}},
	{"max payload before permission", perms, []string{asA, "> PUB x 99999999\r\n", "< " + tooLarge, "!"}},

	// Lines.
	{"tabs", "", []string{quiet, "> SUB\ta\t\t1\t\r\nPUB\ta\tr\t2\t\r\nhi\r\nUNSUB\t1\t\r\nPING\t\r\n", "< MSG a 1 r 2\r\nhi\r\nPONG\r\n"}},
	{"lines that end in a newline only", "", []string{quiet, "> SUB a 1\nPUB a 2\nhi\r\nPING\n", "< MSG a 1 2\r\nhi\r\nPONG\r\n"}},
	{"payload that ends in a newline only", "", []string{quiet, "> PUB a 2\r\nhi\nPING\r\n", "< " + unknown, "!"}},
	{"mixed case and blanks behind", "", []string{quiet, "> SuB a 1  \r\nPuB a 0   \r\n\r\nhPuB a 18 18 \r\n" + block + "\r\nUnSuB 1 \r\npInG  \r\npOnG \r\n+oK \r\n",
		"< MSG a 1 0\r\n\r\nHMSG a 1 18 18\r\n" + block + "\r\nPONG\r\n"}},
	{"blank in front", "", []string{quiet, ">  PING\r\n", "< " + unknown, "!"}},
	{"ping with arguments", "", []string{quiet, "> PING a b\r\nPING{}\r\nPONG a b\r\nPING\r\n", "< PONG\r\nPONG\r\nPONG\r\n"}},
	{"ping and pong fused", "", []string{quiet, "> PINGPONG\r\nPING\r\n", "< PONG\r\nPONG\r\n"}},
	{"verb without a blank", "", []string{quiet, "> SUBa 1\r\n", "< " + unknown, "!"}},
	{"verb half", "", []string{quiet, "> UNS\r\n", "< " + unknown, "!"}},
	{"verb alone", "", []string{quiet, "> SUB\r\n", "< " + unknown, "!"}},
	{"two carriage returns", "", []string{quiet, "> PING\r\r\nPING\r\n", "< PONG\r\nPONG\r\n"}},
	{"NUL as a verb", "", []string{"> \x00\r\n", "< " + unknown, "!"}},
	{"byte order mark", "", []string{"> \xef\xbb\xbfPING\r\n", "< " + unknown, "!"}},
	{"server's ok", "", []string{quiet, "> +OK\r\n+ok x\r\nPING\r\n", "< PONG\r\n"}},
	{"all at once", "", []string{"> CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB a 1\r\nPUB a 2\r\nhi\r\nUNSUB 1\r\nPING\r\n", "< MSG a 1 2\r\nhi\r\nPONG\r\n"}},
	{"unknown behind what is known", "", []string{quiet, "> SUB a 1\r\nPUB a 2\r\nhi\r\nFOO\r\nPING\r\n", "< MSG a 1 2\r\nhi\r\n" + unknown, "!"}},
	{"control line, exactly", "max_control_line: 100", []string{quiet, "> SUB " + strings.Repeat("a", 98) + " 1\r\nPING\r\n", "< PONG\r\n"}},
	{"control line, one too many", "max_control_line: 100", []string{quiet, "> SUB " + strings.Repeat("a", 99) + " 1\r\n", "< " + tooLong, "!"}},
	{"control line of pub", "max_control_line: 100", []string{quiet, "> PUB " + strings.Repeat("a", 99) + " 0\r\n\r\n", "< " + tooLong, "!"}},
	{"control line of unsub", "max_control_line: 100", []string{quiet, "> UNSUB " + strings.Repeat("a", 101) + "\r\n", "< " + tooLong, "!"}},
	{"control line of ping", "max_control_line: 100", []string{quiet, "> PING " + strings.Repeat("a", 101) + "\r\n", "< " + tooLong, "!"}},
	{"control line of CONNECT", "max_control_line: 100", []string{"> CONNECT {\"name\":\"" + strings.Repeat("a", 100) + "\"}\r\n", "< " + tooLong, "!"}},

	// Messages.
	{"payload of protocol lines", "", []string{quiet, "> SUB a 1\r\nPUB a 25\r\nPING\r\nUNSUB 1\r\n-ERR 'x'\r\n\r\nPING\r\n", "< MSG a 1 25\r\nPING\r\nUNSUB 1\r\n-ERR 'x'\r\n\r\nPONG\r\n"}},
	{"payload of any bytes", "", []string{quiet, "> SUB a 1\r\nPUB a 6\r\n\x00\xff\r\n\x7f\x80\r\nPING\r\n", "< MSG a 1 6\r\n\x00\xff\r\n\x7f\x80\r\nPONG\r\n"}},
	{"header without its first words", "", []string{quiet, "> SUB a 1\r\nHPUB a 4 6\r\nABCDhi\r\nPING\r\n", "< HMSG a 1 4 6\r\nABCDhi\r\nPONG\r\n"}},
	{"header without an end", "", []string{quiet, "> SUB a 1\r\nHPUB a 10 12\r\nNATS/1.0\r\nhi\r\nPING\r\n", "< HMSG a 1 10 12\r\nNATS/1.0\r\nhi\r\nPONG\r\n"}},
	{"header of any bytes", "", []string{quiet, "> SUB a 1\r\nHPUB a 5 5\r\n\x00\xff\r\n\x80\r\nPING\r\n", "< HMSG a 1 5 5\r\n\x00\xff\r\n\x80\r\nPONG\r\n"}},
	{"header with a status", "", []string{quiet, "> SUB a 1\r\nHPUB a 30 30\r\nNATS/1.0 503 No Responders\r\n\r\n\r\nPING\r\n", "< HMSG a 1 30 30\r\nNATS/1.0 503 No Responders\r\n\r\n\r\nPONG\r\n"}},
	{"header of leading zeros", "", []string{quiet, "> SUB a 1\r\nHPUB a 018 0020\r\n" + block + "hi\r\nPING\r\n", "< HMSG a 1 018 0020\r\n" + block + "hi\r\nPONG\r\n"}},
	{"header size zero, spelt out", "", []string{quiet, "> SUB a 1\r\nHPUB a r 00 2\r\nhi\r\nPING\r\n", "< MSG a 1 r 2\r\nhi\r\nPONG\r\n"}},
	{"reply with wildcards", "", []string{quiet, "> SUB a 1\r\nPUB a r.* 0\r\n\r\nPUB a > 0\r\n\r\nPUB a r..s 0\r\n\r\nPING\r\n",
		"< MSG a 1 r.* 0\r\n\r\nMSG a 1 > 0\r\n\r\nMSG a 1 r..s 0\r\n\r\nPONG\r\n"}},
	{"publish to empty tokens", "", []string{quiet, "> SUB > 1\r\nPUB a..b 0\r\n\r\nPUB .a 0\r\n\r\nPUB a. 0\r\n\r\nPUB . 0\r\n\r\nPUB a 0\r\n\r\nPING\r\n", "< MSG a 1 0\r\n\r\nPONG\r\n"}},
	{"a hundred tokens", "", []string{quiet, "> SUB " + deep + " 1\r\nSUB a.> 2\r\nUNSUB 2\r\nPUB " + deep + " 0\r\n\r\nPING\r\n", "< MSG " + deep + " 1 0\r\n\r\nPONG\r\n"}},
	{"publish over several reads, verbose", "", []string{loud, "> SUB a 1\r\n", "< +OK\r\n+OK\r\n", "> PUB a 4\r\nhi", "> ho\r\n", "< +OK\r\nMSG a 1 4\r\nhiho\r\n"}},
	{"hpub, verbose", "", []string{loud, "> SUB a 1\r\nHPUB a 18 20\r\n" + block + "hi\r\nPING\r\n", "< +OK\r\n+OK\r\n+OK\r\nHMSG a 1 18 20\r\n" + block + "hi\r\nPONG\r\n"}},

	// Subscriptions.
	{"lone wildcards", "", []string{quiet, "> SUB * 1\r\nPUB a.b 0\r\n\r\nPUB a 0\r\n\r\nUNSUB 1\r\nSUB > 2\r\nPUB a.b 0\r\n\r\nPING\r\n", "< MSG a 1 0\r\n\r\nMSG a.b 2 0\r\n\r\nPONG\r\n"}},
	{"wildcards that are none", "", []string{quiet, "> SUB a.>b 1\r\nSUB a.b* 2\r\nSUB a.** 3\r\nPUB a.bc 0\r\n\r\nPUB a.>b 0\r\n\r\nPUB a.b* 0\r\n\r\nPUB a.** 0\r\n\r\nPING\r\n",
		"< MSG a.>b 1 0\r\n\r\nMSG a.b* 2 0\r\n\r\nMSG a.** 3 0\r\n\r\nPONG\r\n"}},
	{"wildcards out of place", "", []string{quiet, "> SUB a.>.b 1\r\nSUB >.> 2\r\nSUB *.>.* 3\r\nPING\r\n", "< " + strings.Repeat(badSubj, 3) + "PONG\r\n"}},
	{"bad subject, verbose", "", []string{loud, "> SUB a..b 1\r\nSUB a 1\r\nPING\r\n", "< +OK\r\n" + badSubj + "+OK\r\nPONG\r\n"}},
	{"bad subject, pedantic", "", []string{"> CONNECT {\"verbose\":false,\"pedantic\":true}\r\nSUB a..b 1\r\nSUB foo*o 2\r\nPUB foo*o 0\r\n\r\nPING\r\n", "< " + badSubj + "MSG foo*o 2 0\r\n\r\nPONG\r\n"}},
	{"several errors in a row", "", []string{quiet, "> SUB a..b 1\r\nPUB _GR_.x 0\r\n\r\nSUB . 2\r\nSUB a _sys_ 3\r\nSUB a 4\r\nPUB a 0\r\n\r\nPING\r\n",
		"< " + badSubj + "-ERR 'Permissions Violation for Publish to \"_GR_.x\"'\r\n" + badSubj +
			"-ERR 'Permissions Violation for Subscription to \"a\" using queue \"_sys_\"'\r\nMSG a 4 0\r\n\r\nPONG\r\n"}},
	{"queue names", "", []string{quiet, "> SUB a q.r 1\r\nSUB b \xff 2\r\nPUB a 0\r\n\r\nPUB b 0\r\n\r\nPING\r\n", "< MSG a 1 0\r\n\r\nMSG b 2 0\r\n\r\nPONG\r\n"}},
	{"queue names with wildcards", "", []string{quiet, "> SUB a q.* 1\r\nSUB b > 2\r\nPUB a 0\r\n\r\nPUB b 0\r\n\r\nPING\r\n", "< MSG a 1 0\r\n\r\nMSG b 2 0\r\n\r\nPONG\r\n"}},
	{"queue names with empty tokens", "", []string{quiet, "> SUB a q..r 1\r\nSUB b . 2\r\nPUB a 0\r\n\r\nPUB b 0\r\n\r\nPING\r\n", "< MSG a 1 0\r\n\r\nMSG b 2 0\r\n\r\nPONG\r\n"}},
	{"queue and no queue", "", []string{quiet, "> SUB a q 1\r\nSUB a 2\r\nPUB a 0\r\n\r\nPING\r\n", "~ (MSG a [12] 0\r\n\r\n){2}PONG\r\n"}},
	{"two queues", "", []string{quiet, "> SUB a q 1\r\nSUB a r 2\r\nSUB a q 3\r\nPUB a 0\r\n\r\nPING\r\n", "~ (MSG a [123] 0\r\n\r\n){2}PONG\r\n"}},
	{"long sid", "", []string{quiet, "> SUB a " + longSID + "\r\nPUB a 0\r\n\r\nUNSUB " + longSID + "\r\nPUB a 0\r\n\r\nPING\r\n", "< MSG a " + longSID + " 0\r\n\r\nPONG\r\n"}},
	{"odd sids", "", []string{quiet, "> SUB a >\r\nSUB b \xfe\r\nSUB c -1\r\nPUB a 0\r\n\r\nPUB b 0\r\n\r\nPUB c 0\r\n\r\nPING\r\n", "< MSG a > 0\r\n\r\nMSG b \xfe 0\r\n\r\nMSG c -1 0\r\n\r\nPONG\r\n"}},
	{"unsub with a negative maximum", "", []string{quiet, "> SUB a 1\r\nUNSUB 1 -1\r\nPUB a 0\r\n\r\nPING\r\n", "< PONG\r\n"}},
	{"unsub with a word", "", []string{quiet, "> SUB a 1\r\nUNSUB 1 x\r\nPUB a 0\r\n\r\nPING\r\n", "< PONG\r\n"}},
	{"unsub with a huge maximum", "", []string{quiet, "> SUB a 1\r\nUNSUB 1 99999999999999999999\r\nPUB a 0\r\n\r\nPING\r\n", "< PONG\r\n"}},
	{"unsub with three", "", []string{quiet, "> SUB a 1\r\nUNSUB 1 2 3\r\n", "!"}},
	{"unsub twice, more and less", "", []string{quiet, "> SUB a 1\r\nUNSUB 1 5\r\nUNSUB 1 2\r\nPUB a 0\r\n\r\nPUB a 0\r\n\r\nPUB a 0\r\n\r\nPING\r\n", "< MSG a 1 0\r\n\r\nMSG a 1 0\r\n\r\nPONG\r\n"}},
	{"echo off with a queue", "", []string{"> CONNECT {\"verbose\":false,\"echo\":false}\r\nSUB a q 1\r\nPUB a 0\r\n\r\nPING\r\n", "< PONG\r\n"}},
	{"no responders behind echo off", "", []string{"> CONNECT {\"verbose\":false,\"echo\":false,\"headers\":true,\"no_responders\":true}\r\nSUB n q 1\r\nSUB r 2\r\nPUB n r 0\r\n\r\nPING\r\n",
		"< HMSG r 2 33 33\r\nNATS/1.0 503\r\nNats-Subject: n\r\n\r\n\r\nPONG\r\n"}},
	{"no responders to a queue", "", []string{quiet, "> SUB r q 1\r\nPUB a r 0\r\n\r\nPING\r\n", "< PONG\r\n"}},
	{"no responders to hpub, verbose", "", []string{"> CONNECT {\"pedantic\":false,\"headers\":true,\"no_responders\":true}\r\nSUB r 1\r\nHPUB n r 18 18\r\n" + block + "\r\nPING\r\n",
		"< +OK\r\n+OK\r\n+OK\r\nHMSG r 1 33 33\r\nNATS/1.0 503\r\nNats-Subject: n\r\n\r\n\r\nPONG\r\n"}},
	{"no responders do not count", "", []string{quiet, "> SUB r 1\r\nUNSUB 1 1\r\nPUB n r 0\r\n\r\nPUB n r 0\r\n\r\nPUB r 0\r\n\r\nPUB r 0\r\n\r\nPING\r\n",
		"< " + strings.Repeat("HMSG r 1 33 33\r\nNATS/1.0 503\r\nNats-Subject: n\r\n\r\n\r\n", 2) + "MSG r 1 0\r\n\r\nPONG\r\n"}},
	{"no responders without headers here", "no_header_support: true", []string{"> CONNECT {\"verbose\":false,\"headers\":true,\"no_responders\":true}\r\n", "< -ERR 'no responders requires headers support'\r\n", "!"}},
	{"system subjects are subjects", "", []string{quiet, "> SUB $SYS.> 1\r\nPUB $SYS.a 0\r\n\r\nPUB $SYS 0\r\n\r\nSUB $JS.> 2\r\nPUB $JS.a 0\r\n\r\nPING\r\n", "< MSG $SYS.a 1 0\r\n\r\nMSG $JS.a 2 0\r\n\r\nPONG\r\n"}},
	{"nobody serves JetStream", "", []string{quiet, "> SUB r 1\r\nPUB $JS.API.INFO r 0\r\n\r\nPING\r\n", "< HMSG r 1 44 44\r\nNATS/1.0 503\r\nNats-Subject: $JS.API.INFO\r\n\r\n\r\nPONG\r\n"}},
	{"user info", "", []string{quiet, "> SUB r 1\r\nPUB $SYS.REQ.USER.INFO r 0\r\n\r\n", "~ MSG r 1 \\d+\r\n{\"server\":.*}\r\n"}},
	{"max subscriptions, verbose", "max_subscriptions: 2", []string{loud, "> SUB a 1\r\nSUB b 2\r\nSUB c 3\r\nSUB b 2\r\nPING\r\n", "< +OK\r\n+OK\r\n+OK\r\n-ERR 'maximum subscriptions exceeded'\r\n-ERR 'maximum subscriptions exceeded'\r\nPONG\r\n"}},

	// CONNECT.
	{"CONNECT with unknown keys", "", []string{"> CONNECT {\"verbose\":false,\"x\":{\"a\":[1,null]},\"y\":\"\\u0000\"}\r\nPING\r\n", "< PONG\r\n"}},
	{"CONNECT with a key twice", "", []string{"> CONNECT {\"verbose\":true,\"verbose\":false}\r\nPING\r\n", "< PONG\r\n"}},
	{"CONNECT with a key in capitals", "", []string{"> CONNECT {\"VERBOSE\":false}\r\nPING\r\n", "< PONG\r\n"}},
	{"CONNECT with null", "", []string{"> CONNECT {\"verbose\":null,\"name\":null}\r\nPING\r\n", "< +OK\r\nPONG\r\n"}},
	{"CONNECT null", "", []string{"> CONNECT null\r\nPING\r\n", "< +OK\r\nPONG\r\n"}},
	{"CONNECT with an array", "", []string{"> CONNECT []\r\n", "!"}},
	{"CONNECT with nothing", "", []string{"> CONNECT \r\n", "!"}},
	{"CONNECT with two objects", "", []string{"> CONNECT {} {}\r\n", "!"}},
	{"CONNECT with half an object", "", []string{"> CONNECT {\"verbose\":false\r\n", "!"}},
	{"CONNECT without a blank", "", []string{"> connect{\"verbose\":false}\r\nPING\r\n", "< PONG\r\n"}},
	{"CONNECT with a name of any bytes", "", []string{"> CONNECT {\"verbose\":false,\"name\":\"\xff\xfe\",\"lang\":\"\\u0007\"}\r\nPING\r\n", "< PONG\r\n"}},
	{"CONNECT with a long protocol", "", []string{"> CONNECT {\"protocol\":99999999999999999999}\r\n", "!"}},
	{"CONNECT with protocol 1.5", "", []string{"> CONNECT {\"protocol\":1.5}\r\n", "!"}},
	{"CONNECT with new_account", "", []string{"> CONNECT {\"new_account\":true}\r\n", "< " + forbidden, "!"}},
	{"protocol 1", "", []string{"> CONNECT {\"verbose\":false,\"protocol\":1}\r\nPING\r\n", "< PONG\r\n", "i"}},
	{"protocol 1, verbose", "", []string{"> CONNECT {\"protocol\":1}\r\nSUB a 1\r\nPING\r\n", "< +OK\r\n+OK\r\nPONG\r\n", "i", "> PING\r\n", "< PONG\r\n"}},
	{"protocol 1 on second thoughts", "", []string{"> CONNECT {\"verbose\":false,\"protocol\":1}\r\nPING\r\n", "< PONG\r\n", "i", "> CONNECT {\"protocol\":1}\r\nPING\r\n", "< PONG\r\n"}},
	{"ping before CONNECT", "", []string{"> PING\r\n", "< PONG\r\n", "> CONNECT {\"verbose\":false,\"protocol\":1}\r\nPING\r\n", "< PONG\r\n", "i"}},
	{"CONNECT twice with echo off", "", []string{quiet, "> CONNECT {\"echo\":false}\r\nSUB a 1\r\nPUB a 0\r\n\r\nPING\r\n", "< PONG\r\n"}},
	{"CONNECT twice without headers", "", []string{quiet, "> CONNECT {\"headers\":false,\"no_responders\":false}\r\nHPUB a 18 18\r\n", "!"}},
	{"CONNECT three times", "", []string{quiet, quiet, quiet, "> SUB a 1\r\nPUB a 0\r\n\r\nPING\r\n", "< MSG a 1 0\r\n\r\nPONG\r\n"}},

	// Authorization.
	{"auth, connect in small letters", auth, []string{"> connect {\"verbose\":false,\"user\":\"a\",\"pass\":\"pw\"}\r\nPING\r\n", "< PONG\r\n"}},
	{"auth without a password", auth, []string{"> CONNECT {\"user\":\"a\"}\r\n", "< " + forbidden, "!"}},
	{"auth as nobody", auth, []string{"> CONNECT {\"user\":\"\",\"pass\":\"\"}\r\n", "< " + forbidden, "!"}},
	{"auth by a token that is not asked for", auth, []string{"> CONNECT {\"auth_token\":\"pw\"}\r\n", "< " + forbidden, "!"}},
	{"auth with bad JSON", auth, []string{"> CONNECT {\"user\":\r\n", "!"}},
	{"auth, half a verb", auth, []string{"> CONX", "< " + unknown, "!"}},
	{"auth, pub of a huge size first", auth, []string{"> PUB a 999999999\r\n", "< " + forbidden, "!"}},
	{"auth again without credentials", auth, []string{"> CONNECT {\"verbose\":false,\"user\":\"a\",\"pass\":\"pw\"}\r\nPING\r\nCONNECT {}\r\n", "< PONG\r\n" + forbidden, "!"}},
	{"auth and protocol 2", auth, []string{"> CONNECT {\"user\":\"a\",\"pass\":\"no\",\"protocol\":2}\r\n", "< " + forbidden, "!"}},
	{"no_auth_user by CONNECT", guest, []string{"> CONNECT {\"verbose\":false}\r\nPUB ok.a 0\r\n\r\nPUB x 0\r\n\r\nPING\r\n", "< -ERR 'Permissions Violation for Publish to \"x\"'\r\nPONG\r\n"}},
	{"no_auth_user without CONNECT", guest, []string{"> PUB x 0\r\n\r\nSUB x 1\r\nSUB ok.x 1\r\n",
		"< -ERR 'Permissions Violation for Publish to \"x\"'\r\n-ERR 'Permissions Violation for Subscription to \"x\"'\r\n+OK\r\n"}},
	{"no_auth_user, wrong credentials", guest, []string{"> CONNECT {\"user\":\"guest\",\"pass\":\"no\"}\r\n", "< " + forbidden, "!"}},
	{"no_auth_user, then another", guest, []string{"> PUB x 0\r\n\r\nCONNECT {\"verbose\":false,\"pedantic\":false,\"user\":\"b\",\"pass\":\"pw\"}\r\nPUB x 0\r\n\r\nPING\r\n",
		"< -ERR 'Permissions Violation for Publish to \"x\"'\r\nPONG\r\n"}},
	{"another user on second thoughts", perms, []string{asA, "> SUB x 1\r\nCONNECT {\"user\":\"b\",\"pass\":\"pw\"}\r\nSUB x 1\r\nPUB x 0\r\n\r\nPING\r\n",
		"< -ERR 'Permissions Violation for Subscription to \"x\"'\r\nMSG x 1 0\r\n\r\nPONG\r\n"}},
	{"denied subscription, verbose", perms, []string{"> CONNECT {\"user\":\"a\",\"pass\":\"pw\"}\r\nSUB x 1\r\nSUB sub.x 2\r\nPING\r\n", "< +OK\r\n-ERR 'Permissions Violation for Subscription to \"x\"'\r\n+OK\r\nPONG\r\n"}},
	{"denied hpub", perms, []string{asA, "> HPUB x 18 18\r\n" + block + "\r\nPING\r\n", "< -ERR 'Permissions Violation for Publish to \"x\"'\r\nPONG\r\n"}},
	{"denied publish, pedantic", perms, []string{"> CONNECT {\"verbose\":false,\"pedantic\":true,\"user\":\"a\",\"pass\":\"pw\"}\r\nPUB x.* 0\r\n\r\nPUB pub.* 0\r\n\r\nPING\r\n",
		"< -ERR 'Invalid Publish Subject'\r\n-ERR 'Permissions Violation for Publish to \"x.*\"'\r\n-ERR 'Invalid Publish Subject'\r\nPONG\r\n"}},
	{"denied wildcards", perms, []string{asA, "> SUB > 1\r\nSUB *.a 2\r\nSUB sub.* 3\r\nSUB _INBOX.a.* 4\r\nPING\r\n",
		"< -ERR 'Permissions Violation for Subscription to \">\"'\r\n-ERR 'Permissions Violation for Subscription to \"*.a\"'\r\nPONG\r\n"}},
	{"wildcard wider than the right", wide, []string{asA, "> SUB a.> 1\r\nSUB b.> grp 2\r\nPUB a.b.c 0\r\n\r\nPING\r\n",
		"< -ERR 'Permissions Violation for Subscription to \"a.>\"'\r\n-ERR 'Permissions Violation for Subscription to \"b.>\" using queue \"grp\"'\r\nPONG\r\n"}},
	{"denied and bad subject", perms, []string{asA, "> SUB x..y 1\r\nSUB sub..y 2\r\nPING\r\n",
		"< -ERR 'Permissions Violation for Subscription to \"x..y\"'\r\n-ERR 'Permissions Violation for Subscription to \"sub..y\"'\r\nPONG\r\n"}},
}

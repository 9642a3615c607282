package peers

import (
	"testing"

	"leafgate/internal/peer"
)

const tenants = `accounts {
  X {
    users: [{user: x, password: x}, {user: meek, password: meek, permissions: {subscribe: [single.>, many.>], allow_responses: {max: 2}}}]
    exports: [
      {service: "single.*"}
      {service: "many.*", response_type: stream}
      {service: chunk, response_type: chunked}
      {service: quick, response_type: stream, threshold: "50ms"}
      {stream: "s.*.*"}
      {stream: "deep.>"}
      {stream: only.*, accounts: [Z]}
      {service: "tok.*", account_token_position: 2}
      {service: shared}
      {service: mapped.in}
    ]
    mappings { "mapped.in": "mapped.out" }
  }
  Y {
    users: [{user: y, password: y}, {user: timid, password: timid, permissions: {publish: "ask.ok", subscribe: {allow: ["y.>", "_INBOX.>"], deny: ["y.secret.*", "y.q.* w"]}}}]
    imports: [
      {service: {account: X, subject: "single.*"}, to: "ask.*"}
      {service: {account: X, subject: "many.*"}}
      {service: {account: X, subject: chunk}}
      {service: {account: X, subject: quick}}
      {service: {account: X, subject: tok.Y}}
      {service: {account: X, subject: shared}, share: true}
      {service: {account: X, subject: mapped.in}, to: m}
      {stream: {account: X, subject: "s.*.*"}, to: "y.$2.$1"}
      {stream: {account: X, subject: "deep.a.>"}, prefix: "in.y"}
    ]
    exports: [{service: "ask.*"}, {service: shared}, {stream: "y.>"}]
    mappings { "remap.*": "ask.$1", "_INBOX.moved": "_INBOX.to" }
  }
  Z {
    users: [{user: z, password: z}]
    imports: [
      {service: {account: Y, subject: ask.z}, to: far}
      {service: {account: Y, subject: shared}, to: veiled}
      {stream: {account: Y, subject: "y.>"}}
      {stream: {account: X, subject: "only.*"}, to: "mine.$1"}
      {stream: {account: X, subject: "deep.>"}}
      {stream: {account: X, subject: "s.*.*"}, to: "z.$1.$2"}
    ]
  }
  Two {
    users: [{user: two, password: two}]
    imports: [
      {service: {account: X, subject: single.one}, to: both}
      {service: {account: Y, subject: ask.two}, to: both}
      {stream: {account: X, subject: "s.*.*"}, prefix: first}
      {stream: {account: X, subject: "s.a.*"}, prefix: second}
    ]
  }
}`

var imports = []script{
	{name: "a second answer is dropped", lines: []string{
		"x sub single.*", "y ask ask.b ?", "x got single.b ?", "x answer 1", "x answer 2", "y got _INBOX.y 1", "y none"}},
	{name: "a stream of answers ends with an empty one", lines: []string{
		"x sub many.*", "y ask many.b ?", "x got many.b ?", "x answer 1", "x answer 2", "x answer 3", "x answer", "x answer 4",
		"y got _INBOX.y 1", "y got _INBOX.y 2", "y got _INBOX.y 3", "y got _INBOX.y", "y none"}},
	{name: "chunks end with an empty one", lines: []string{
		"x sub chunk", "y ask chunk ?", "x got chunk ?", "x answer 1", "x answer 2", "x answer", "x answer 3",
		"y got _INBOX.y 1", "y got _INBOX.y 2", "y got _INBOX.y", "y none"}},
	{name: "every question has its own address", lines: []string{
		"x sub single.*", "y ask ask.1 ?", "y ask ask.2 ?", "x got single.1 ?", "x answer 1", "x got single.2 ?", "x answer 2",
		"y got _INBOX.y 1", "y got _INBOX.yx 2", "y none"}},
	{name: "the address of answers", lines: []string{
		"x sub single.*", "y ask ask.b ?", "x got single.b ?", `x reply _R_\.\w{6}\.\w+`, "x pub! x =_R_.abcdef.ghijkl x", "y pub _R_.abcdef.ghijkl x", "y none"}},
	{name: "nobody serves", lines: []string{
		"y ask ask.b ?", "y nobody ask.b", "y ask many.b ?", "y nobody many.b", "z ask far ?", "z nobody far", "y ask nowhere ?", "y nobody nowhere"}},
	{name: "nobody serves what is mapped", lines: []string{"y ask remap.b ?", "y nobody ask.b", "y ask m ?", "y nobody m"}},
	{name: "mapped, then imported", lines: []string{"x sub single.*", "y ask remap.b ?", "x got single.b ?", "x answer !", "y got _INBOX.y !"}},
	{name: "imported, then mapped", lines: []string{"x sub mapped.*", "y ask m ?", "x got mapped.out ?", "x none", "x answer !", "y got _INBOX.y !"}},
	{name: "an answer is mapped like anything", lines: []string{
		"x sub single.*", "y sub _INBOX.*", "y pub ask.b =_INBOX.moved ?", "x got single.b ?", "x answer !", "y got _INBOX.to !"}},
	{name: "a queue of servers", lines: []string{
		"x sub single.* q", "x:2 sub single.* q", "x:3 sub single.* p", "y pub ask.b 1", "x:3 got single.b 1", "x:3 none", "y pub ask.c 2", "x:3 got single.c 2"}},
	{name: "a queue of importers", lines: []string{
		"y sub y.> q", "y:2 sub y.*.* q", "z sub y.> q", "x sub s.> q", "x pub s.a.b 1", "x:2 sub s.*.b", "x pub s.a.b 2", "x:2 got s.a.b 2", "x:2 none"}},
	{name: "a queue of importers is one with the exporter's", lines: []string{"z sub z.*.* q", "z sub z.a.* q2", "x pub s.a.b 1", "z got z.a.b 1", "z got z.a.b 1", "z none"}},
	{name: "reordered", lines: []string{"y sub y.*.b", "y:2 sub y.a.*", "y:3 sub *.*.*", "x pub s.b.c 1", "y:2 none", "y got y.c.b 1", "y:3 got y.c.b 1", "x pub s.b.a 2", "y got y.a.b 2", "y:2 got y.a.b 2"}},
	{name: "narrower than the export", lines: []string{"y sub in.y.deep.>", "y:2 sub deep.>", "z sub deep.>", "x pub deep.a.b 1", "x pub deep.b.b 2", "y got in.y.deep.a.b 1", "y none", "y:2 none",
		"z got deep.a.b 1", "z got deep.b.b 2"}},
	{name: "a stream by two ways", lines: []string{"two sub *.s.a.*", "x pub s.a.b 1", "two got (first|second).s.a.b 1", "two got (first|second).s.a.b 1", "two none"}},
	{name: "for some accounts only", lines: []string{"z sub mine.>", "y sub only.>", "y sub mine.>", "x pub only.a 1", "z got mine.a 1", "y none", "z none"}},
	{name: "the account as a token", lines: []string{"x sub tok.*", "y ask tok.Y ?", "x got tok.Y ?", "x answer !", "y got _INBOX.y !", "y ask tok.Z ?", "y nobody tok.Z"}},
	{name: "a chain of services", lines: []string{
		"x sub single.*", "z ask far ?", "x got single.z ?", `x reply _R_\.\w{6}\.\w+`, `x header Nats-Request-Info: \{"acc":"Z","svc":"Y"(,"rtt":\d+)?\}`, "x answer !",
		"z got _INBOX.z !", "z none", "x answer again", "z none"}},
	{name: "a chain is not heard on its way but by its own", lines: []string{"y sub ask.z", "x sub single.*", "z ask far ?", "x got single.z ?", "y got ask.z ?", "y answer !", "z got _INBOX.z !", "x answer late", "z none"}},
	{name: "streams are not passed on", lines: []string{"z sub y.>", "x pub s.a.b 1", "z none", "y pub y.c.d 2", "z got y.c.d 2", "z none"}},
	{name: "requests are no streams", lines: []string{"y sub y.>", "z sub y.>", "y pub y.x ?", "z got y.x ?", "y got y.x ?"}},
	{name: "who asks, in short", lines: []string{"x sub single.*", "y ask ask.b ?", "x got single.b ?", `x header Nats-Request-Info: \{"acc":"Y"(,"rtt":\d+)?\}`}},
	{name: "who asks, without a reply", lines: []string{"x sub single.*", "y pub ask.b ?", "x got single.b ?", "x reply ", `x header Nats-Request-Info: \{"acc":"Y"(,"rtt":\d+)?\}`}},
	{name: "who asks, in full", lines: []string{"x sub shared", "y ask shared ?", "x got shared ?",
		`x header Nats-Request-Info: \{"start":"20[-0-9T:.]+Z","host":"127.0.0.1","id":\d+,"acc":"Y","user":"y","name":"y","lang":"go","ver":"[0-9.]+"(,"rtt":\d+)?,"server":"tenants",("cluster":"",)?"kind":"Client","client_type":"nats"\}`}},
	{name: "who asks, by two accounts", lines: []string{"x sub shared", "z ask veiled ?", "x got shared ?", `x header Nats-Request-Info: \{"acc":"Z","svc":"Y"(,"rtt":\d+)?,"server":"tenants"\}`}},
	{name: "two services on one subject", lines: []string{"x sub single.*", "two pub both ?", "x got single.(one|two) ?", "x got single.(one|two) ?", "x none"}},
	{name: "rights count where one is, to ask", lines: []string{"x sub single.*", "timid pub ask.ok ?", "x got single.ok ?", "timid pub! ask.no ?", "timid pub! many.b ?", "timid pub! single.ok ?", "x none"}},
	{name: "rights count where one is, to answer", lines: []string{"meek sub single.*", "y ask ask.b ?", "meek got single.b ?", "meek answer 1", "meek answer 2", "meek answer! 3", "y got _INBOX.y 1", "y none", "meek pub! single.b x"}},
	{name: "rights count where one is, to hear", lines: []string{
		"timid sub y.>", "timid sub! y.secret.a", "timid sub! z.>", "timid sub! in.y.>", "x pub s.a.b 1", "x pub s.a.secret 2", "timid got y.b.a 1", "timid none"}},
	{name: "rights of queues count where one is", lines: []string{"timid sub y.*.* w", "timid sub! y.q.* w", "timid sub y.q.* v", "x pub s.a.q 1", "timid got y.q.a 1", "timid none", "x pub s.a.p 2", "timid got y.p.a 2", "timid none"}},
	{name: "no echo across accounts", lines: []string{"x sub s.>", "x pub s.a.b 1", "x got s.a.b 1", "x none"}},
}

// Imports do the same on both servers.
func TestImports(t *testing.T) {
	onEach(t, "server_name: tenants\n"+tenants, func(t *testing.T, s *peer.Server) { play(t, s, nil, imports) })
}

const mapped = `mappings {
  "top.*": "bottom.$1"
}
system_account: S
no_auth_user: g
accounts {
  S { users: [{user: s, password: s}] }
  M {
    users: [{user: m, password: m}]
    mappings {
      "turn.*.*": "turned.$2.$1"
      "part.*": "part.{{partition(3,1)}}.$1"
      "split.*": "{{split(1,-)}}"
      "slice.*": "sliced.{{slicefromleft(1,2)}}"
      "tail.>": "moved.>"
      "self.*": "self.$1"
      first: second
      second: third
      gone: [{destination: gone, weight: 0}]
    }
  }
  V {
    users: [{user: v, password: v}]
    exports: [{stream: "x.>"}, {service: q}]
    imports: [{stream: {account: V, subject: "x.>"}, prefix: y}, {service: {account: V, subject: q}, to: ask}]
  }
  G { users: [{user: g, password: g}], mappings { "top.*": "mine.$1" } }
}`

var mappingScripts = []script{
	{name: "reordered", lines: []string{"m sub >", "m pub turn.a.b 1", "m got turned.b.a 1", "m pub turn.a 2", "m got turn.a 2", "m pub turn.a.b.c 3", "m got turn.a.b.c 3", "m none"}},
	{name: "partitioned", lines: []string{"m sub >", "m pub part.abc 1", "m got part.2.abc 1", "m pub part.def 2", "m got part.0.def 2", "m pub part.zzz 3", "m got part.1.zzz 3", "m none"}},
	{name: "split", lines: []string{"m sub >", "m pub split.a-b-c 1", "m got a.b.c 1", "m pub slice.abcde 2", "m got sliced.ab.cd.e 2", "m none"}},
	{name: "with the rest", lines: []string{"m sub >", "m pub tail.a.b.c 1", "m got moved.a.b.c 1", "m pub tail 2", "m got tail 2", "m none"}},
	{name: "once", lines: []string{"m sub >", "m pub first 1", "m got second 1", "m pub second 2", "m got third 2", "m pub self.x 3", "m got self.x 3", "m none"}},
	{name: "lost", lines: []string{"m sub >", "m pub gone 1", "m none"}},
	{name: "with a reply", lines: []string{"m sub turned.*.*", "m ask turn.a.b ?", "m got turned.b.a ?", "m reply _INBOX.m", "m answer !", "m got _INBOX.m !"}},
	{name: "subscribers of the source hear nothing", lines: []string{"m sub first", "m:2 sub second", "m pub first 1", "m:2 got second 1", "m none"}},
	{name: "each account its own", lines: []string{"anyone sub >", "anyone pub top.a 1", "anyone got mine.a 1", "m sub >", "m pub top.a 2", "m got top.a 2", "m none", "anyone none"}},
	{name: "imports from oneself", lines: []string{
		"v sub y.>", "v pub x.a 1", "v got y.x.a 1", "v:2 sub q", "v ask ask ?", "v:2 got q ?", `v:2 reply _R_\.\w{6}\.\w+`, "v:2 answer !", "v got _INBOX.v !", "v none"}},
	{name: "the system account is apart", lines: []string{"s sub a.>", "m pub a.b 1", "s none", "m sub a.>", "s pub a.b 2", "s got a.b 2", "m none"}},
}

// Mappings do the same on both servers.
func TestMappings(t *testing.T) {
	onEach(t, mapped, func(t *testing.T, s *peer.Server) { play(t, s, nil, mappingScripts) })
}

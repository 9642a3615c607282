package peers

import (
	"testing"

	"leafgate/internal/peer"
)

// fileOne and fileTwo are configurations from the field. They are loaded as they stand.
const fileOne = `authorization {
  default_permissions = {
    publish = "SANDBOX.*"
    subscribe = ["PUBLIC.>", "_INBOX.>"]
  }
  ADMIN = {
    publish = ">"
    subscribe = ">"
  }
  REQUESTOR = {
    publish = ["req.a", "req.b"]
    subscribe = "_INBOX.>"
  }
  RESPONDER = {
    subscribe = ["req.a", "req.b"]
    publish = "_INBOX.>"
  }
  users = [
    {user: admin,   password: $ADMIN_PASS, permissions: $ADMIN}
    {user: client,  password: $CLIENT_PASS, permissions: $REQUESTOR}
    {user: service,  password: $SERVICE_PASS, permissions: $RESPONDER}
    {user: other, password: $OTHER_PASS}
    { user: test, password: test, permissions: { publish: { deny: ">" }, subscribe: { allow: "client.>" } } }
    { user: b, password: b, permissions: {subscribe: "q", allow_responses: true } },
    { user: c, password: c, permissions: {subscribe: "q", allow_responses: { max: 5, expires: "1m" } } }
  ]
}
`

const fileTwo = `accounts: {
  A: {
    users: [ {user: a, password: a} ]
    exports: [
      {stream: puba.>}
      {service: pubq.>}
      {stream: b.>, accounts: [B]}
      {service: q.b, accounts: [B]}
    ]
  },
  B: {
    users: [ {user: b, password: b} ]
    imports: [
      {stream: {account: A, subject: b.>}}
      {service: {account: A, subject: q.b}}
    ]
  },
  C: {
    users: [ {user: c, password: c} ]
    imports: [
      {stream: {account: A, subject: puba.>}, prefix: from_a}
      {service: {account: A, subject: pubq.C}, to: Q}
    ]
  }
}
no_auth_user: a
`

// secrets are the passwords that file one takes from the environment.
var secrets = map[string]string{"admin": "pass-of-admin", "client": "s3cret-client", "service": "in quotes", "other": "other_1"}

var walkOne = []script{
	{name: "admin may do anything", lines: []string{
		"admin sub >", "admin pub anything.at.all x", "admin got anything.at.all x", "admin pub SANDBOX.x y", "admin got SANDBOX.x y", "admin none"}},
	{name: "client asks", lines: []string{
		"service sub req.a", "service sub req.b", "client ask req.a one", "service got req.a one", "service reply _INBOX.client", "service answer 1",
		"client got _INBOX.client 1", "client ask req.b two", "service got req.b two", "service answer 2", "client got _INBOX.clientx 2", "client none", "service none"}},
	{name: "client may not do more", lines: []string{
		"client pub! req.c x", "client pub! req.a.b x", "client pub! _INBOX.x x", "client sub! req.a", "client sub! >", "client sub! _INBOX", "client sub _INBOX.*.x",
		"client sub! * q", "client sub _INBOX.> q"}},
	{name: "service may not do more", lines: []string{
		"service pub! req.a x", "service pub! SANDBOX.x x", "service sub! req.*", "service sub! req.c", "service sub! _INBOX.x", "service sub req.a workers",
		"service pub _INBOX.x x"}},
	{name: "other has the default", lines: []string{
		"admin sub SANDBOX.>", "other sub PUBLIC.news", "other sub PUBLIC.>", "other sub! PUBLIC", "other sub! SANDBOX.x", "other sub! >",
		"other pub SANDBOX.x in", "other pub! SANDBOX.x.y x", "other pub! PUBLIC.news x", "admin got SANDBOX.x in", "admin none",
		"admin pub PUBLIC.sports out", "other got PUBLIC.sports out", "other none"}},
	{name: "test only listens", lines: []string{
		"test sub client.>", "test sub client.*", "test sub! client", "test sub! >", "test pub! client.x x", "test pub! x x",
		"admin pub client.x hi", "test got client.x hi", "test got client.x hi", "test none"}},
	{name: "b answers once", lines: []string{
		"b sub q", "b sub! x", "b pub! x x", "b pub! _INBOX.admin x", "admin ask q ?", "b got q ?", "b answer !", "b answer! again", "b answer! again", "b answer! again",
		"admin got _INBOX.admin !", "admin none", "b pub! elsewhere x"}},
	{name: "b may not answer what had no reply", lines: []string{"b sub q", "admin pub q x", "b got q x", "b reply ", "b pub! x x"}},
	{name: "c answers five times", lines: []string{
		"c sub q", "admin ask q ?", "c got q ?", "c answer 1", "c answer 2", "c answer 3", "c answer 4", "c answer 5", "c answer! 6", "c answer! 7",
		"admin got _INBOX.admin 1", "admin got _INBOX.admin 2", "admin got _INBOX.admin 3", "admin got _INBOX.admin 4", "admin got _INBOX.admin 5", "admin none"}},
	{name: "answers are each responder's own", lines: []string{
		"b sub q", "c sub q", "admin ask q ?", "b got q ?", "c got q ?", "b answer b", "c answer c", "b answer! b", "c answer c",
		"admin got _INBOX.admin b", "admin got _INBOX.admin c", "admin got _INBOX.admin c", "b:2 pub! _INBOX.admin x"}},
	{name: "answers in a queue", lines: []string{
		"b sub q x", "admin ask q ?", "b got q ?", "b answer b", "b answer! b", "admin got _INBOX.admin b"}},
	{name: "asked again before the answer", lines: []string{
		"b sub q", "admin pub q =in 1", "admin pub q =in 2", "b got q 1", "b got q 2", "b answer 1", "b answer! 2"},
		theirs: []string{"b sub q", "admin pub q =in 1", "admin pub q =in 2", "b got q 1", "b got q 2", "b answer! 1"},
		reason: "The peer counts a request with the same reply again as an answer."},
	{name: "strangers", lines: []string{"anyone refused .*authorization violation.*", "nobody refused .*authorization violation.*", "admin:2 sub x"}},
}

var walkTwo = []script{
	{name: "accounts are apart", lines: []string{
		"a sub >", "b sub >", "c sub >", "a pub x from-a", "a got x from-a", "b pub x from-b", "b got x from-b", "c pub x from-c", "c got x from-c",
		"a none", "b none", "c none"}},
	{name: "no_auth_user is a", lines: []string{"anyone sub x", "a pub x hi", "anyone got x hi", "anyone pub puba.x out", "c sub from_a.>", "a pub puba.y out", "c got from_a.puba.y out"}},
	{name: "public stream with prefix", lines: []string{
		"c sub from_a.puba.>", "b sub puba.>", "a pub puba.x.y hi", "c got from_a.puba.x.y hi", "b none", "c none"}},
	{name: "a stream goes one way", lines: []string{"a sub >", "c pub from_a.puba.x hi", "c pub puba.x hi", "b pub b.x hi", "a none"}},
	{name: "narrow subscription of a stream", lines: []string{
		"c sub from_a.puba.*.z", "a pub puba.x hi", "a pub puba.x.z hi", "c got from_a.puba.x.z hi", "c none"}},
	{name: "wide subscription of a stream", lines: []string{
		"c sub >", "c:2 sub *.puba.*", "c:3 sub puba.>", "a pub puba.x hi", "c got from_a.puba.x hi", "c:2 got from_a.puba.x hi", "c:3 none", "c none"}},
	{name: "replies in a stream", lines: []string{"c sub from_a.>", "a ask puba.x ?", "c got from_a.puba.x ?", "c reply _INBOX.a", "c answer !", "a none"}},
	{name: "stream for B", lines: []string{"b sub b.>", "c sub b.>", "c sub >", "a pub b.x hi", "b got b.x hi", "b none", "c none"}},
	{name: "service for B", lines: []string{
		"a sub q.b", "b ask q.b ?", "a got q.b ?", `a reply _R_\.\w{6}\.\w{6,}`, `a header Nats-Request-Info: \{"acc":"B"(,"rtt":\d+)?\}`, "a answer !",
		"b got _INBOX.b !", "b none", "a answer again", "b none"}},
	{name: "not C's service", lines: []string{"a sub q.b", "c pub q.b x", "c ask q.b ?", "c nobody q.b", "a none"}},
	{name: "service under another name", lines: []string{
		"a sub pubq.C", "a sub pubq.Q", "c ask Q ?", "a got pubq.C ?", "a answer !", "c got _INBOX.c !", "c none", "c ask pubq.C ?", "c nobody pubq.C", "a none"}},
	{name: "service without a reply", lines: []string{"a sub pubq.*", "c pub Q note", "a got pubq.C note", "a reply ", "a none"}},
	{name: "nobody serves", lines: []string{"c ask Q ?", "c nobody Q", "b ask q.b ?", "b nobody q.b"}},
	{name: "own subscribers of a service's subject", lines: []string{
		"c sub Q", "c ask Q ?", "c got Q ?", "c reply _INBOX.c", "c none", "a sub pubq.C", "c pub Q =r both", "c got Q both", "a got pubq.C both"}},
	{name: "nobody guesses an answer's address", lines: []string{
		"a sub q.b", "b ask q.b ?", "a got q.b ?", "c pub _R_.x.y z", "b pub! x =_R_.x.y z", "a answer !", "b got _INBOX.b !"}},
	{name: "services in a queue", lines: []string{
		"a sub pubq.C w", "a:2 sub pubq.C w", "a:3 sub pubq.>", "c pub Q 1", "a:3 got pubq.C 1", "a:3 none"}},
}

// Both files load as they stand, and everybody may do with each server what they may do with the other.
func TestTwoFiles(t *testing.T) {
	t.Setenv("ADMIN_PASS", secrets["admin"])
	t.Setenv("CLIENT_PASS", secrets["client"])
	t.Setenv("SERVICE_PASS", `"`+secrets["service"]+`"`)
	t.Setenv("OTHER_PASS", secrets["other"])
	for _, name := range peer.Servers() {
		t.Run(name, func(t *testing.T) {
			play(t, peer.Start(t, name, fileOne), secrets, walkOne)
			play(t, peer.Start(t, name, fileTwo), nil, walkTwo)
		})
	}
}

// corners are what configurations from the field do as well.
const corners = `
permissive { publish: ">", subscribe: ">" }
authorization { users: [{user: g, password: g}] }
accounts {
  $SYS { users: [{user: sys, pass: sys}] }
  A {
    users: [{user: a, pass: a}, {username: free, pass: free, permissions: {}}, {user: own, pass: own, permissions: {publish: "own.*"}}, {user: var, pass: var, permission: $permissive}]
    default_permissions { publish: "out.*", subscribe: ["in.>", "_INBOX.>"] }
    exports: [{stream: none.*, accounts: []}, {service: "$JS.API.x"}, {service: "deep.>", accounts: [B]}, {stream: ">", accounts: [D]}]
  }
  B { users: [{user: b, pass: b}], imports: [{service: {account: A, subject: "deep.*.x.>"}, to: "b.$1.>"}, {service: {account: A, subject: "$JS.API.x"}}] }
  D { users: [{user: d, pass: d}], imports: [{stream: {account: A, subject: ">"}, prefix: all}], exports: [{service: ">"}] }
  E { users: [{user: e, pass: e}], imports: [{service: {account: D, subject: ">"}, to: "to.d.>"}] }
}`

var cornerScripts = []script{
	{name: "defaults of an account", lines: []string{"a pub out.x 1", "a pub! x 1", "a sub in.a.b", "a sub! x", "free pub x 1", "free sub >", "own pub own.x 1", "own pub! out.x 1", "own sub anything", "var pub x 1", "var sub x",
		"g pub x 1", "g sub >"}},
	{name: "the system account", lines: []string{"sys sub x", "g pub x 1", "sys none", "sys pub x 2", "sys got x 2", "sys none"}},
	{name: "the account of everybody else", lines: []string{"g sub x", "free pub x 1", "sys pub x 1", "g none", "g pub x 2", "g got x 2"}},
	{name: "a tail in a service", lines: []string{"var sub deep.>", "b ask b.y.z.w ?", "var got deep.y.x.z.w ?", "var answer !", "b got _INBOX.b !", "b ask b.y ?", "b nobody b.y"}},
	{name: "all of a stream", lines: []string{"d sub all.>", "d:2 sub >", "var pub x.y 1", "d got all.x.y 1", "d:2 got all.x.y 1", "a pub out.x 2", "d got all.out.x 2", "d none"}},
	{name: "an answer is a message of its account", lines: []string{"d sub all.>", "var sub deep.>", "b ask b.y.z ?", "var got deep.y.x.z ?", "var answer !", "b got _INBOX.b !", "d got", "d none"}},
	{name: "all of a service", lines: []string{"d sub q.*", "e ask to.d.q.r ?", "d got q.r ?", "d answer !", "e got _INBOX.e !", "e ask to.d.other ?", "e nobody to.d.other", "d none"}},
}

func TestCorners(t *testing.T) {
	onEach(t, corners, func(t *testing.T, s *peer.Server) { play(t, s, nil, cornerScripts) })
}

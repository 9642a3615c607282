// Package config turns a configuration in the syntax of nats-server.conf into blocks that remember where everything
// stood: file, line and column.
//
// The syntax is the library's (github.com/nats-io/nats-server/v2/conf): includes, variables, environment, units. What a
// key means is decided by the module that asks for it. A key that somebody asked for is known; [Block.Finish] reports
// those that nobody did. Getters do not fail: they note the error and answer the default, so that one run reports
// everything that is wrong.
package config

// Package soak holds fault tests that take their time: clients that misbehave at random, servers that die, and at the end
// nothing lost that had to arrive and nothing kept that had to go. They have the build tag soak; see README.md.
package soak

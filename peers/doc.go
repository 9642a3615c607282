// Package peers holds tests with clients that people use, against Leafgate and against the server they were written for:
// what both do is no surprise to anybody.
package peers

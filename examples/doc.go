// Package examples has programs to read and to change; README.md says what each does.
package examples

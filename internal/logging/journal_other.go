//go:build !unix

package logging

import "os"

func isJournal(*os.File) bool { return false }

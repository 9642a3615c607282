package journal

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// An FS is one directory with files. Names have no separators. All methods may be called from any goroutine.
type FS interface {
	// Make creates the directory where it does not exist, for its owner only.
	Make() error
	// List names the files of the directory, in any order.
	List() ([]string, error)
	// Open opens a file to be read.
	Open(name string) (File, error)
	// Create makes a file that must not exist, for its owner only, to be read and written.
	Create(name string) (File, error)
	// Update opens a file to be read and written, and makes it where it does not exist.
	Update(name string) (File, error)
	Remove(name string) error
	// SyncDir makes what was created and removed durable.
	SyncDir() error
	// Lock keeps other processes from the store until it is closed. The error is ErrLocked when another has it.
	Lock(name string) (io.Closer, error)
	// Free says how many bytes may still be written, and how many the volume has; an error: it is not known.
	Free() (free, total int64, err error)
}

// A File of an FS. WriteAt is durable after Sync. After an error of Sync nothing written since the last is known.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Size() (int64, error)
	Truncate(size int64) error
	Sync() error
}

// ErrLocked is the error of a store that another process has open.
var ErrLocked = errors.New("store is in use by another process")

// Dir is the directory at path in the file system of the machine.
func Dir(path string) FS { return dir(path) }

type dir string

func (d dir) name(name string) string { return filepath.Join(string(d), name) }

func (d dir) Make() error { return os.MkdirAll(string(d), 0o700) }

func (d dir) List() ([]string, error) {
	entries, err := os.ReadDir(string(d))
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		if e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	return names, err
}

func (d dir) open(name string, flag int) (File, error) {
	f, err := os.OpenFile(d.name(name), flag, 0o600)
	if err != nil {
		return nil, err // not a File with nil in it
	}
	return file{f}, nil
}

func (d dir) Open(name string) (File, error)   { return d.open(name, os.O_RDONLY) }
func (d dir) Create(name string) (File, error) { return d.open(name, os.O_RDWR|os.O_CREATE|os.O_EXCL) }
func (d dir) Update(name string) (File, error) { return d.open(name, os.O_RDWR|os.O_CREATE) }
func (d dir) Remove(name string) error         { return os.Remove(d.name(name)) }

type file struct{ *os.File }

func (f file) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

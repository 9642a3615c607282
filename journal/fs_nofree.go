//go:build !linux && !darwin

package journal

import "errors"

func (d dir) Free() (free, total int64, err error) { return 0, 0, errors.ErrUnsupported }

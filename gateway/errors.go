package gateway

import "errors"

// distinct joins errors into one error with a line for each, every line once: modules report what the configuration has
// collected, too.
func distinct(errs ...error) error {
	seen := make(map[string]bool)
	var all []error
	var walk func(error)
	walk = func(err error) {
		if err == nil {
			return
		}
		if many, ok := err.(interface{ Unwrap() []error }); ok {
			for _, e := range many.Unwrap() {
				walk(e)
			}
			return
		}
		if !seen[err.Error()] {
			seen[err.Error()] = true
			all = append(all, err)
		}
	}
	walk(errors.Join(errs...))
	return errors.Join(all...)
}

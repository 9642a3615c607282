package tlsconf

// Look is what a handshake does when it is time to look at the files.
func (s *Server) Look() { s.current.Load().refresh() }

package irc

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
)

// why says in words for people why a connection could not be made. Addresses
// and details of this machine stay in the log.
func why(err error) string {
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	switch {
	case errors.As(err, &dns):
		return "the name " + dns.Name + " cannot be found. Is there a network?"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens at its address."
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "there is no way to it. Is there a network?"
	case errors.As(err, &cert):
		return "its certificate is not trusted."
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "it does not answer in time."
	default:
		return strings.TrimRight(err.Error(), ".") + "."
	}
}

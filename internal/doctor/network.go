package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"syscall"
)

// explainNetwork says in words why something could not be reached, and what
// mends it; what names what was asked.
func explainNetwork(err error, what string) (seen, mend string) {
	var (
		dns      *net.DNSError
		unknown  x509.UnknownAuthorityError
		hostname x509.HostnameError
		invalid  x509.CertificateInvalidError
		record   tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "the name " + dns.Name + " does not exist", "check the spelling, and the DNS entry of the name"
	case errors.As(err, &dns):
		return "the name " + dns.Name + " cannot be looked up", "check the network and the resolver (/etc/resolv.conf)"
	case errors.As(err, &record):
		return what + " does not speak TLS there", "use http:// (or ws://, irc://) if that is meant, or the port of the encrypted service"
	case errors.As(err, &unknown):
		return "the certificate of " + what + " is signed by nobody whom this machine knows", "install a certificate of a public authority (Let's Encrypt), with its whole chain"
	case errors.As(err, &hostname):
		return "the certificate of " + what + " is for another name", "get a certificate for the name that is asked"
	case errors.As(err, &invalid):
		return "the certificate of " + what + " has expired or is not valid yet", "renew it; check the clocks"
	case errors.Is(err, syscall.ECONNREFUSED):
		return what + " refuses connections: nothing listens there", "start it, or correct host and port"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "there is no way to " + what, "check the network and its routes"
	case isTimeout(err):
		return what + " does not answer in time", "a firewall may drop the packets: let this port through; check host and port"
	}
	return what + " cannot be reached: " + oneLine(err), "check the address and the network"
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &n) && n.Timeout()
}

// oneLine is an error's text, fit for a line.
func oneLine(err error) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	const most = 300
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

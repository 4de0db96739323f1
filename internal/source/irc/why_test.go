package irc

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
)

func TestWhy(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want string
	}{
		{&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "irc.chat.twitch.tv", Server: "192.0.2.53:53"}}, "the name irc.chat.twitch.tv cannot be found. Is there a network?"},
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, "nothing listens at its address."},
		{&net.OpError{Op: "dial", Err: syscall.ENETUNREACH}, "there is no way to it. Is there a network?"},
		{fmt.Errorf("handshake: %w", &tls.CertificateVerificationError{Err: errors.New("unknown authority")}), "its certificate is not trusted."},
		{fmt.Errorf("dialling: %w", context.DeadlineExceeded), "it does not answer in time."},
		{errors.New("something else"), "something else."},
	} {
		if got := why(tc.err); got != tc.want {
			t.Errorf("why(%v) = %q, want %q", tc.err, got, tc.want)
		}
		if strings.Contains(why(tc.err), "192.0.2.53") {
			t.Errorf("why(%v) tells an address of this machine", tc.err)
		}
	}
}

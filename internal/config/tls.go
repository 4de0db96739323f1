package config

import (
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
)

// httpsPort is where https is looked for.
const httpsPort = 443

// maxTLSDomains bounds the names of one server.
const maxTLSDomains = 20

// TLS reports whether the server speaks https by itself.
func (c *Config) TLS() bool { return len(c.TLSDomain) > 0 || c.TLSCertFile != "" }

// finishTLS fills what follows from https and returns what is wrong with it.
func (c *Config) finishTLS(lookup func(string) (string, bool)) (faults []string) {
	for i, name := range c.TLSDomain {
		c.TLSDomain[i] = strings.ToLower(strings.TrimSuffix(name, "."))
		if why := notADomain(c.TLSDomain[i]); why != "" {
			faults = append(faults, fmt.Sprintf("TLS_DOMAIN has %q: %s; give names like mood.example", name, why))
		}
	}
	c.TLSDomain = unique(c.TLSDomain)
	if len(c.TLSDomain) > maxTLSDomains {
		faults = append(faults, fmt.Sprintf("TLS_DOMAIN has %d names: at most %d", len(c.TLSDomain), maxTLSDomains))
	}
	if (c.TLSCertFile == "") != (c.TLSKeyFile == "") {
		faults = append(faults, "TLS_CERT_FILE and TLS_KEY_FILE belong together: set both, or neither")
	}
	if len(c.TLSDomain) > 0 && c.TLSCertFile != "" {
		faults = append(faults, "TLS_DOMAIN and TLS_CERT_FILE are both set: certificates come from the one or the other; unset one")
	}
	for _, f := range []struct{ name, file string }{{"TLS_CERT_FILE", c.TLSCertFile}, {"TLS_KEY_FILE", c.TLSKeyFile}, {"TLS_ACME_CA", c.TLSACMECA}} {
		if f.file == "" {
			continue
		}
		if file, err := os.Open(f.file); err != nil {
			faults = append(faults, fmt.Sprintf("%s names a file that cannot be read: %v", f.name, err))
		} else {
			file.Close()
		}
	}
	if len(c.TLSDomain) == 0 && (c.TLSACMEURL != "" || c.TLSACMECA != "") {
		faults = append(faults, "TLS_ACME_URL or TLS_ACME_CA is set, but TLS_DOMAIN is not: name what the authority shall certify")
	}
	if c.TLSACMEURL != "" {
		if u, err := url.Parse(c.TLSACMEURL); err != nil || u.Host == "" || u.Scheme != "https" || u.User != nil {
			faults = append(faults, fmt.Sprintf("TLS_ACME_URL is %q: it must be the https address of an ACME directory, such as https://ca.example/acme/directory", c.TLSACMEURL))
		}
	}
	if !c.TLS() {
		return faults
	}
	if v, _ := lookup("PORT"); strings.TrimSpace(v) == "" {
		c.Port = httpsPort
	}
	if c.TLSHTTPPort != 0 && c.TLSHTTPPort == c.Port {
		faults = append(faults, fmt.Sprintf("TLS_HTTP_PORT and PORT are both %d: plain http and https need a port each", c.Port))
	}
	if c.FrontendURL == "" && len(c.TLSDomain) > 0 && c.Port != 0 && len(faults) == 0 {
		c.FrontendURL = "https://" + c.TLSDomain[0]
		if c.Port != httpsPort {
			c.FrontendURL += fmt.Sprintf(":%d", c.Port)
		}
	}
	return faults
}

// unique returns a list without repetitions, in its order.
func unique(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// notADomain says why an authority does not certify a name, or "".
func notADomain(name string) string {
	const maxName, maxLabel = 253, 63
	labels := strings.Split(name, ".")
	switch {
	case strings.HasPrefix(name, "*."):
		return "a name for all below another can be proven in DNS only, which this server does not do"
	case len(name) > maxName || len(labels) < 2:
		return "it is no name of the public DNS"
	case strings.Trim(labels[len(labels)-1], "0123456789") == "":
		return "an address is no name"
	}
	for _, label := range labels {
		if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return "its parts are letters, digits and hyphens (other scripts in their xn-- form)"
		}
	}
	return ""
}

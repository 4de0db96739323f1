package doctor

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chatmood/internal/config"
)

// writeCertificate writes key and certificate into one file, as ACME's are kept.
func writeCertificate(t *testing.T, file string, lives, left time.Duration, now time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{Organization: []string{"Trusty"}}, NotBefore: now.Add(left - lives), NotAfter: now.Add(left),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestCertificates(t *testing.T) {
	const day = 24 * time.Hour
	now := time.Date(2030, 5, 1, 0, 0, 0, 0, time.UTC)
	l := Local{Now: func() time.Time { return now }}
	for name, tc := range map[string]struct {
		lives, left time.Duration
		status      Status
		seen        string
	}{
		"fresh":            {90 * day, 80 * day, OK, "good until 2030-07-20, from Trusty"},
		"not renewed":      {90 * day, 5 * day, Warning, "expires on 2030-05-06"},
		"of a few days":    {7 * day, 5 * day, OK, "good until 2030-05-06"},
		"hardly any more":  {90 * day, day, Failed, "expires on 2030-05-02"},
		"not any more":     {90 * day, -day, Failed, "expired on 2030-04-30"},
		"none of the kind": {0, 0, Failed, "holds no certificate"},
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, "tls", "mood.test")
		if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if tc.lives == 0 {
			if err := os.WriteFile(file, []byte("nothing"), 0o600); err != nil {
				t.Fatal(err)
			}
		} else {
			writeCertificate(t, file, tc.lives, tc.left, now)
		}
		status, seen, mend := l.certificates(t.Context(), &config.Config{DataDir: dir, TLSDomain: []string{"mood.test"}})
		if status != tc.status || !strings.Contains(seen, tc.seen) || (status != OK) != (mend != "") {
			t.Errorf("%s: %s, %q, mend %q, want %s with %q", name, status, seen, mend, tc.status, tc.seen)
		}
		if tc.lives == 0 {
			continue
		}
		status, seen, _ = l.certificates(t.Context(), &config.Config{TLSCertFile: file, TLSKeyFile: file})
		if status != tc.status || !strings.Contains(seen, tc.seen) {
			t.Errorf("%s, from files: %s, %q", name, status, seen)
		}
	}
	if status, seen, mend := l.certificates(t.Context(), &config.Config{DataDir: t.TempDir(), TLSDomain: []string{"nobody.invalid"}}); status != Failed || mend == "" {
		t.Errorf("a name that leads nowhere: %s, %q, mend %q", status, seen, mend)
	}
}

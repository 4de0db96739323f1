package httpapi

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"time"
)

// ReportPlaces returns how many reports may be written at once.
func ReportPlaces(a *API) int { return cap(a.reports) }

// Importing returns how many logs are being taken.
func Importing(a *API) int {
	a.importing.mu.Lock()
	defer a.importing.mu.Unlock()
	return len(a.importing.users)
}

// TooSlow reads a body of a byte a second, on a clock that needs no waiting.
func TooSlow(context.Context) error {
	at := time.Unix(0, 0)
	slow := readerFunc(func(p []byte) (int, error) {
		if at = at.Add(time.Second); at.Unix() > 3600 {
			return 0, io.EOF
		}
		return 1, nil
	})
	body := &steadyBody{r: slow, control: http.NewResponseController(httptest.NewRecorder()), began: at, now: func() time.Time { return at }}
	_, err := io.Copy(io.Discard, body)
	return err
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

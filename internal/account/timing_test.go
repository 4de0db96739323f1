package account_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"chatmood/internal/account"
)

// BenchmarkLoginTiming: whether the time of a refused sign-in tells if there is
// such an account. Each iteration tries an address with and one without an
// account, in an order by chance. It reports both medians and Welch's t of the
// two samples, without the tenth of each that was disturbed most: beyond 4.5,
// the usual bound of leakage tests, the difference is no chance.
func BenchmarkLoginTiming(b *testing.B) {
	hasher, err := account.NewHasher(8, 1) // quicker than the real one: what else differs weighs more
	noError(b, err)
	w := newWorld(b, func(c *account.Config) { c.Hasher, c.Now = hasher, time.Now })
	const users = 50
	for i := range users {
		w.user(b, fmt.Sprintf("known%d@example.org", i), account.RoleUser)
	}
	try := func(email string) float64 {
		start := time.Now()
		_, _, err := w.Login(b.Context(), email, "Wrong1!word", account.Client{Address: "192.0.2.1", UserAgent: "bench"})
		took := time.Since(start)
		if !errors.Is(err, account.ErrBadLogin) {
			b.Fatal(err)
		}
		return took.Seconds()
	}
	chance := rand.New(rand.NewPCG(1, 2))
	var known, unknown []float64
	for b.Loop() {
		n := chance.IntN(users)
		a, z := fmt.Sprintf("known%d@example.org", n), fmt.Sprintf("absent%d@example.org", n)
		if chance.IntN(2) == 0 {
			known, unknown = append(known, try(a)), append(unknown, try(z))
		} else {
			unknown, known = append(unknown, try(z)), append(known, try(a))
		}
	}
	known, unknown = undisturbed(known), undisturbed(unknown)
	b.ReportMetric(known[len(known)/2]*1e6, "known-µs")
	b.ReportMetric(unknown[len(unknown)/2]*1e6, "unknown-µs")
	b.ReportMetric(math.Abs(welch(known, unknown)), "t")
}

// undisturbed returns the quicker nine tenths, sorted.
func undisturbed(list []float64) []float64 {
	slices.Sort(list)
	return list[:max(1, len(list)*9/10)]
}

// welch is Welch's t of two samples; 0 where they are too small.
func welch(a, b []float64) float64 {
	if len(a) < 2 || len(b) < 2 {
		return 0
	}
	meanA, varA := moments(a)
	meanB, varB := moments(b)
	if varA+varB == 0 {
		return 0
	}
	return (meanA - meanB) / math.Sqrt(varA/float64(len(a))+varB/float64(len(b)))
}

func moments(list []float64) (mean, variance float64) {
	for _, v := range list {
		mean += v
	}
	mean /= float64(len(list))
	for _, v := range list {
		variance += (v - mean) * (v - mean)
	}
	return mean, variance / float64(len(list)-1)
}

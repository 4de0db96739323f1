package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"chatmood/internal/account"
	"chatmood/internal/analysis"
	"chatmood/internal/live"
	"chatmood/internal/mail"
	"chatmood/internal/sentiment"
)

// Errors that [Channels] return, wrapped or not, and that this package answers
// in its own words. Any other error is answered with 500 and only logged.
var (
	// ErrTooMany: as many channels as the server allows are being analysed.
	ErrTooMany = errors.New("too many channels are being analysed")
	// ErrUnavailable: the server is starting or stopping, or the one that has
	// the channel does not answer.
	ErrUnavailable = errors.New("the server takes no requests now")
)

// Channels are the analyses that run. Methods are called from many goroutines
// at once; channel is always a valid login in lower case.
type Channels interface {
	// Start begins the analysis of a channel; started is false when it ran
	// already. It does not wait for Twitch.
	Start(ctx context.Context, channel, by string) (started bool, err error)
	// Stop ends the analysis for everybody; stopped is false when none ran.
	Stop(ctx context.Context, channel string) (stopped bool, err error)
	// List tells the running analyses in the order of their names.
	List() []analysis.ChannelSummary
	// Snapshot tells the state of a running analysis; lists in it hold at most
	// top entries each. False when the channel is not being analysed; with an error
	// that cannot be told. Both here as in the methods below.
	Snapshot(channel string, top int) (analysis.Snapshot, bool, error)
	// Timeline tells the course between from and to (zero: from the start, up
	// to now) in buckets of step seconds: 1, 10, 60 or 0 for the finest that
	// reaches back to from.
	Timeline(channel string, from, to time.Time, step int) (analysis.Timeline, bool, error)
	// TopChatters tells who wrote most; label is "", "positive", "neutral" or
	// "negative".
	TopChatters(channel, label string, n int) ([]analysis.Chatter, bool, error)
	// TopTerms tells the words or emotes used most, as TopChatters.
	TopTerms(channel string, emotes bool, label string, n int) ([]analysis.Term, bool, error)
	// Recent tells the last messages, oldest first, as they are in a batch of
	// the chatmood.v1 dialect.
	Recent(channel string, n int) ([]json.RawMessage, bool, error)
}

// ErrTooManyHeld is returned by [Holds.Connect] where somebody has as many
// channels analysed as one may.
var ErrTooManyHeld = errors.New("too many channels are held by one")

// Holds are who wants which channel analysed. A holder is a user's id or
// [analysis.GuestHolder]; channel is always a valid login in lower case.
type Holds interface {
	// Connect makes a holder hold a channel and starts its analysis where it
	// does not run. Errors are those of [Channels.Start], ErrTooManyHeld and the
	// store's; with an error nothing has changed.
	Connect(ctx context.Context, channel, holder string) (started bool, err error)
	// Leave drops a hold and ends the analysis where nobody else holds the
	// channel; a guest never ends what is being watched. What the holder wants
	// kept is kept, unless discard is true. left is false where there was
	// nothing to leave.
	Leave(ctx context.Context, channel, holder string, discard bool) (left bool, err error)
	// LeaveAll leaves all channels of a holder: the last sign-in ended.
	LeaveAll(ctx context.Context, holder string) error
	// Stop ends an analysis for everybody and drops its holds; stopped is false
	// when none ran.
	Stop(ctx context.Context, channel string) (stopped bool, err error)
	// On lists who holds a channel, Of what a holder holds, the oldest first;
	// All lists all holds, ordered by channel.
	On(ctx context.Context, channel string) ([]analysis.Hold, error)
	Of(ctx context.Context, holder string) ([]analysis.Hold, error)
	All(ctx context.Context) ([]analysis.Hold, error)
}

// ErrNotAnalysed is returned by [Lessons] where a channel is not being analysed.
var ErrNotAnalysed = errors.New("the channel is not being analysed")

// Lessons are what the chat of channels teaches and what users correct, on
// whichever node. Errors are ErrNotAnalysed, ErrUnavailable, those of analysis
// (ErrNoMessage …), [sentiment.ErrAdminSet] and the store's.
type Lessons interface {
	// Learned tells what a channel has taught, the best known first, whether it is
	// being analysed or not.
	Learned(ctx context.Context, channel string) (list []sentiment.Learnt, running bool, err error)
	// Learner returns the same to judge with; it is not to be changed.
	Learner(ctx context.Context, channel string) (*sentiment.Learner, error)
	// Teach sets what an emote means in a channel that is being analysed, and
	// keeps as by whom.
	Teach(ctx context.Context, channel, userID string, change analysis.LessonChange) (sentiment.Learnt, error)
	// Correct changes the label of a message of a channel that is being analysed,
	// and keeps it as the user's correction; c is zero where it was undone.
	Correct(ctx context.Context, channel string, change analysis.LabelChange) (c analysis.Correction, done analysis.LabelChanged, err error)
	// Corrections lists what was corrected, the latest first.
	Corrections(ctx context.Context, q analysis.CorrectionQuery) ([]analysis.Correction, error)
	CountCorrections(ctx context.Context, q analysis.CorrectionQuery) (int, error)
	// EachCorrection hands all of them to do; an error ends it.
	EachCorrection(ctx context.Context, after string, do func(analysis.Correction) error) error
}

// Sessions are the finished analyses ([analysis.SessionStore]).
type Sessions interface {
	Sessions(ctx context.Context, q analysis.SessionQuery) ([]analysis.SessionInfo, error)
	SessionReport(ctx context.Context, id string) ([]byte, error)
}

// Hub fans live chat out.
type Hub interface {
	// ServeWS upgrades the request; the socket may live on after the call.
	ServeWS(w http.ResponseWriter, r *http.Request, opts live.ServeOptions)
	// Stream serves one listener that is no socket: write gets one JSON frame
	// after the other, the last messages first, until the context ends, write
	// fails or the analysis was stopped. A frame is write's only until it returns.
	Stream(ctx context.Context, opts live.StreamOptions, write func(frame []byte, id string) error) error
	// Sockets counts the clients by channel and by user.
	Sockets() live.Sockets
	// Viewers counts the clients of a channel, Connections those of all.
	Viewers(channel string) int
	Connections() int
}

// Outbox is the mail that waits to be sent ([mail.Outbox]).
type Outbox interface {
	Waiting(ctx context.Context, limit int) ([]mail.Queued, error)
	Dead(ctx context.Context, limit int) ([]mail.Queued, error)
	Revive(ctx context.Context, id string) error
	Stats(ctx context.Context) (mail.QueueStats, error)
}

// Guests is what people may do who are not signed in.
type Guests string

// The levels. An empty one counts as GuestsNone.
const (
	GuestsNone    Guests = "none"
	GuestsWatch   Guests = "watch"   // what is being analysed
	GuestsAnalyse Guests = "analyse" // and start analyses of their own
)

func (cfg *Config) guestsWatch() bool {
	return cfg.Guests == GuestsWatch || cfg.Guests == GuestsAnalyse
}

func (cfg *Config) guestsAnalyse() bool { return cfg.Guests == GuestsAnalyse }

// Check is one thing that the server's health depends on.
type Check struct {
	// Name is the key in the answer: "store", "bus", "source".
	Name string
	// Required: the server is unhealthy without it; otherwise only degraded.
	Required bool
	// Probe returns within its context's time; detail is shown to anybody.
	Probe func(ctx context.Context) (detail string, err error)
}

// Config is everything that the API works with.
type Config struct {
	Channels Channels
	Sessions Sessions
	Hub      Hub
	Analyzer sentiment.Analyzer
	Checks   []Check
	// Accounts are the users; nil: a server without accounts, where nobody can
	// sign in.
	Accounts Accounts
	// Holds are who wants which channel analysed; nil: nobody's wishes are kept,
	// and whoever disconnects stops the analysis for everybody.
	Holds Holds
	// History are the analyses that users saved; nil: none are kept.
	History History
	// Lessons are what channels teach; nil: nothing is learnt or corrected.
	Lessons Lessons
	// Registration is who may register, as GET /api/info tells; the accounts
	// enforce it.
	Registration account.Registrations
	// Mails are mails beside those of accounts; nil: there are none.
	Mails Mails
	// MailBy is how mail goes: MailSMTP, MailFolder or MailOff.
	MailBy string
	// Outbox is the mail that waits; nil: administrators see none.
	Outbox Outbox
	// Doctor examines the installation; nil: it is not examined.
	Doctor Doctor
	// Retention tells what is removed once it is old; nil: nobody does.
	Retention Retention
	// StoreAway reports whether an error says that the database cannot be
	// reached just now; nil: only by its time-outs.
	StoreAway func(error) bool

	// UI is the built front-end with index.html in its root; nil or without
	// index.html, a page tells how to build it.
	UI       fs.FS
	Log      *slog.Logger         // nil: nothing is logged
	Registry *prometheus.Registry // nil: the API makes its own
	Now      func() time.Time     // nil: time.Now
	Tracer   trace.Tracer         // nil: nothing is traced

	Version     string // of the build, for people
	Production  bool
	FrontendURL string // origin that may call from another site, "" for none
	// Pages are the operator's texts; nil: there are none.
	Pages Pages
	// EmoteImages is the origin of a server that has pictures of emotes as
	// Twitch's has, "https://static-cdn.jtvnw.net" for example: people may choose
	// to see them. "": nobody may.
	EmoteImages string
	// ModelSummaries: a language model may be asked to write summaries.
	ModelSummaries bool
	// BasePath is the path below which people open the page, "/chatmood" for
	// example; "" for the root. Requests are answered with it and without it, as
	// proxies pass it on or take it away.
	BasePath string
	// PublicURL is where people open the page, without a slash at the end: links
	// that are given out point there.
	PublicURL string
	// TrustedProxies are the networks whose X-Forwarded-For and
	// X-Forwarded-Proto are believed.
	TrustedProxies []netip.Prefix
	MetricsToken   string // "": see the metrics endpoint
	// Guests is what people may do who are not signed in.
	Guests       Guests
	Demo         bool     // chat is simulated
	DemoChannels []string // offered on the first page

	MaxChannels int // told in /api/info; enforced by Channels
	// ConnectsPerMinute bounds how often one address may start analyses; 0
	// means 20. Ten may come at once.
	ConnectsPerMinute int
	// ImportBytes bounds the logs that are imported, as they are sent, and
	// UnpackedBytes unpacked; 0 means 256 MB and 1 GB.
	ImportBytes, UnpackedBytes int64
	// Streams bounds the SSE connections of all clients and of one address; 0
	// means 1,000 and 20.
	Streams, StreamsPerAddress int
}

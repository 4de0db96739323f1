package analysis

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"chatmood/internal/chat"
	"chatmood/internal/sentiment"
)

var testStart = time.Date(2026, 1, 1, 18, 0, 0, 0, time.UTC)

// chatStream invents chat that is shaped like chat: few write most, texts are
// short, emotes repeat, some texts are copied, some messages come late.
type chatStream struct {
	r        *rand.Rand
	at       time.Time
	n        int
	chatters int
	pasta    string
	pastaFor int
	last     []string // ids
}

func newStream(seed uint64, chatters int) *chatStream {
	return &chatStream{r: rand.New(rand.NewPCG(seed, 7)), at: testStart, chatters: chatters}
}

var (
	testWords = strings.Fields(`boss fight clip stream game level dragon castle bridge ladder jump fall run speed record
		music song volume chair camera snack coffee keyboard mouse monitor armor sword shield potion heal crit
		late early morning night hello welcome chat people friend team enemy tower river jungle mid lane win lose
		clutch choke unlucky lucky insane clean smooth sloppy rough funny boring sleepy awake hungry map seed
		nooooo goooood loool hahahaha W L F wwww don't can't que bueno schön größe привет 草 すごい 上手い ㅋㅋㅋㅋ 😂 ❤️ 👍🏽`)
	testEmotes = []string{"KEKW", "PogU", "Sadge", "LULW", "catJAM", "monkaS", "peepoHappy", "streamerHype", "EZ", "Clap"}
	testTwitch = []chat.Emote{{ID: "25", Name: "Kappa"}, {ID: "425618", Name: "LUL"}, {ID: "86", Name: "BibleThump"}}
)

// next fills m and sc with the next message.
func (c *chatStream) next(m *chat.Message, sc *sentiment.Score) {
	r := c.r
	c.n++
	c.at = c.at.Add(time.Duration(r.ExpFloat64() * 50 * float64(time.Millisecond)))
	*m = chat.Message{ID: fmt.Sprintf("3b5c0c4e-%08d", c.n), Channel: "demo", Time: c.at}
	switch {
	case r.IntN(20) == 0:
		m.Time = m.Time.Add(-time.Duration(r.IntN(150)) * time.Millisecond)
	case r.IntN(300) == 0:
		m.Time = m.Time.Add(-time.Duration(r.IntN(5)) * time.Second)
	}
	rank := int(math.Pow(float64(c.chatters), r.Float64()*r.Float64()*0.9+0.1*r.Float64())) + r.IntN(c.chatters/50+1)
	if r.IntN(3) == 0 {
		rank = r.IntN(c.chatters)
	}
	m.Login = fmt.Sprintf("viewer_%d", rank)
	m.DisplayName = fmt.Sprintf("Viewer_%d", rank)
	m.First = r.IntN(200) == 0
	m.Subscriber = rank%2 == 0

	switch k := r.IntN(100); {
	case k < 2:
		m.Login, m.DisplayName, m.Text = "nightbot", "Nightbot", "follow the rules"
	case k < 4:
		m.Text = "!uptime"
	case k < 5:
		m.RoomID, m.SourceRoomID, m.Text = "1", "2", "hello from elsewhere"
	case k < 10 && c.pastaFor > 0:
		m.Text = c.pasta
		c.pastaFor--
	default:
		if r.IntN(200) == 0 {
			c.pasta, c.pastaFor = c.words(6+r.IntN(20)), 3+r.IntN(12)
		}
		m.Text = c.words(1 + int(r.ExpFloat64()*4))
		if r.IntN(5) == 0 {
			e := testTwitch[r.IntN(len(testTwitch))]
			e.Start = len(m.Text) + 1
			m.Text += " " + e.Name
			e.End = len(m.Text)
			m.Emotes = append(m.Emotes, e)
		}
	}
	v := max(-1, min(1, r.NormFloat64()*0.5+0.1*math.Sin(float64(c.n)/500)))
	*sc = sentiment.Score{Value: float32(v), Confidence: 0.8}
	switch {
	case v > 0.2:
		sc.Label = sentiment.Positive
	case v < -0.2:
		sc.Label = sentiment.Negative
	}
	if r.IntN(10) == 0 {
		sc.Flags |= sentiment.FlagUnsure
	}
	if r.IntN(15) == 0 {
		sc.Flags |= sentiment.FlagQuestion
	}
	if r.IntN(25) == 0 {
		*sc = sentiment.Score{Flags: sentiment.FlagUnscored}
	}
	if len(c.last) < 64 {
		c.last = append(c.last, m.ID)
	} else {
		c.last[r.IntN(64)] = m.ID
	}
}

func (c *chatStream) words(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		switch k := c.r.IntN(10); {
		case k < 2:
			b.WriteString(testEmotes[c.r.IntN(len(testEmotes))])
		case k < 3:
			fmt.Fprintf(&b, "word%d", c.r.IntN(5000))
		case k < 5:
			b.WriteString([]string{"the", "is", "you", "a"}[c.r.IntN(4)])
		default:
			b.WriteString(testWords[c.r.IntN(len(testWords))])
		}
	}
	return b.String()
}

// disturb does, now and then, what else happens in a channel.
func (c *chatStream) disturb(sessions ...*Session) {
	r := c.r
	var f func(s *Session)
	switch r.IntN(60) {
	case 0:
		id := c.last[r.IntN(len(c.last))]
		f = func(s *Session) { s.Delete(id) }
	case 1:
		login := fmt.Sprintf("viewer_%d", r.IntN(c.chatters))
		f = func(s *Session) { s.ClearUser(login) }
	case 2:
		n := chat.Notice{Type: []string{"raid", "submysterygift", "subgift", "resub"}[r.IntN(4)], ID: fmt.Sprint("n", c.n), Name: "Other_Demo", Count: r.IntN(50), Text: "it happened"}
		f = func(s *Session) { s.Notice(&n, c.at) }
	case 3:
		if r.IntN(30) == 0 {
			g := Gap{From: c.at, To: c.at.Add(time.Duration(r.IntN(40)) * time.Second), Reason: "connection_lost"}
			c.at = g.To
			f = func(s *Session) { s.AddGap(g) }
		}
	}
	if f != nil {
		for _, s := range sessions {
			f(s)
		}
	}
}
